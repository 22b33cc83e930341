import { Command } from 'commander';
import { demoCommand } from './commands/demo.ts';
import { explainCommand } from './commands/explain.ts';
import { factsCommand } from './commands/facts.ts';
import { importCommand } from './commands/import.ts';
import { ingestCommand } from './commands/ingest.ts';
import { keysCommand } from './commands/keys.ts';
import { protocolCommand } from './commands/protocol.ts';
import { ratesCommand } from './commands/rates.ts';
import { replayCommand } from './commands/replay.ts';
import { verifyCommand } from './commands/verify.ts';

const program = new Command('holdfast')
  .description('Rolling abstinence and relapse rates per arm, from the follow-up events of randomised trials.')
  .version('0.1.0')
  .option('--data <folder>', 'the embedded store (default: HOLDFAST_DATA, else holdfast-data)')
  .option(
    '--key <file>',
    'private key of a double-blind trial; may be repeated (default: HOLDFAST_KEY)',
    (file: string, files: readonly string[] = []) => [...files, file],
  )
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(see --help)');

for (const add of [
  demoCommand,
  protocolCommand,
  keysCommand,
  importCommand,
  ingestCommand,
  ratesCommand,
  factsCommand,
  explainCommand,
  replayCommand,
  verifyCommand,
]) {
  add(program);
}

// A reader that closes early (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  // What is thrown on purpose carries a code or is a CommandFailed, and its message says what to do; anything else is a defect and shows where.
  const onPurpose =
    error instanceof Error &&
    (error.name === 'CommandFailed' || ('code' in error && String(error.code).startsWith('HF_')));
  console.error(onPurpose ? `holdfast: ${error.message}` : error);
  process.exitCode = 1;
}
