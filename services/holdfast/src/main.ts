import { Command } from 'commander';

/** Each command with the module that adds it. Only the one that is called is loaded: `rates` need not wait for DuckDB. */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  demo: async () => (await import('./commands/demo.ts')).demoCommand,
  protocol: async () => (await import('./commands/protocol.ts')).protocolCommand,
  keys: async () => (await import('./commands/keys.ts')).keysCommand,
  import: async () => (await import('./commands/import.ts')).importCommand,
  ingest: async () => (await import('./commands/ingest.ts')).ingestCommand,
  rates: async () => (await import('./commands/rates.ts')).ratesCommand,
  facts: async () => (await import('./commands/facts.ts')).factsCommand,
  explain: async () => (await import('./commands/explain.ts')).explainCommand,
  replay: async () => (await import('./commands/replay.ts')).replayCommand,
  verify: async () => (await import('./commands/verify.ts')).verifyCommand,
};

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

const called = Object.keys(commands).filter((name) => process.argv.includes(name));
const toLoad = called.length === 0 || process.argv.includes('help') ? Object.keys(commands) : called;
for (const name of toLoad) (await commands[name]?.())?.(program);

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
