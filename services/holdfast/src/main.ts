import { holdfastVersion } from '@holdfast/runtime';
import { Command } from 'commander';

/** Each command with the module that adds it. Only the one that is called is loaded: `rates` need not wait for DuckDB. */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  simulate: async () => (await import('./commands/simulate.ts')).simulateCommand,
  demo: async () => (await import('./commands/demo.ts')).demoCommand,
  protocol: async () => (await import('./commands/protocol.ts')).protocolCommand,
  keys: async () => (await import('./commands/keys.ts')).keysCommand,
  token: async () => (await import('./commands/token.ts')).tokenCommand,
  import: async () => (await import('./commands/import.ts')).importCommand,
  ingest: async () => (await import('./commands/ingest.ts')).ingestCommand,
  rates: async () => (await import('./commands/rates.ts')).ratesCommand,
  contrasts: async () => (await import('./commands/contrasts.ts')).contrastsCommand,
  survival: async () => (await import('./commands/survival.ts')).survivalCommand,
  safety: async () => (await import('./commands/safety.ts')).safetyCommand,
  sites: async () => (await import('./commands/sites.ts')).sitesCommand,
  facts: async () => (await import('./commands/facts.ts')).factsCommand,
  patterns: async () => (await import('./commands/patterns.ts')).patternsCommand,
  endpoints: async () => (await import('./commands/endpoints.ts')).endpointsCommand,
  explain: async () => (await import('./commands/explain.ts')).explainCommand,
  rejected: async () => (await import('./commands/rejected.ts')).rejectedCommand,
  issues: async () => (await import('./commands/issues.ts')).issuesCommand,
  replay: async () => (await import('./commands/replay.ts')).replayCommand,
  rewrite: async () => (await import('./commands/rewrite.ts')).rewriteCommand,
  backup: async () => (await import('./commands/backup.ts')).backupCommand,
  cut: async () => (await import('./commands/cut.ts')).cutCommand,
  report: async () => (await import('./commands/report.ts')).reportCommand,
  verify: async () => (await import('./commands/verify.ts')).verifyCommand,
  bench: async () => (await import('./commands/bench.ts')).benchCommand,
};

const program = new Command('holdfast')
  .description('Rolling abstinence and relapse rates per arm, from the follow-up events of randomised trials.')
  .version(holdfastVersion)
  .option('--data <folder>', 'the embedded store (default: HOLDFAST_DATA, else holdfast-data)')
  .option(
    '--key <file>',
    'private key of a double-blind trial; may be repeated (default: HOLDFAST_KEY)',
    (file: string, files: readonly string[] = []) => [...files, file],
  )
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(see --help)');

/** Options that take no value; after any other option the next word is its value. */
const flags = new Set([
  '--abandon',
  '--dry-run',
  '--strict',
  '--replay',
  '--weeks',
  '--summary',
  '--full-export',
  '--allow-mass-retraction',
  '--all',
  '--counts',
  '--tipping',
  '--truth',
  '--dummy',
  '--no-wait',
  '--quick',
  '--full',
  '--cluster',
  '--help',
  '-h',
  '--version',
  '-V',
]);

/** Options may stand anywhere: those before the command are moved behind it. */
function commandFirst(words: readonly string[]): { called: string | undefined; words: readonly string[] } {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (Object.hasOwn(commands, word))
      return { called: word, words: [word, ...words.slice(at + 1), ...words.slice(0, at)] };
    if (!word.startsWith('-')) break;
    if (!flags.has(word) && !word.includes('=')) at += 1;
  }
  return { called: undefined, words };
}

const { called, words } = commandFirst(process.argv.slice(2));
for (const name of called === undefined ? Object.keys(commands) : [called]) (await commands[name]?.())?.(program);

/** What a person can mend is said in one line; anything else is a defect of ours, and shows where. */
function isOnPurpose(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return ['CommandFailed', 'ShardThreadFailed'].includes(error.name) || code.startsWith('HF_') || 'syscall' in error;
}

// A reader that closes early (`| head`) is no failure, and must not stop what is under way.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  await program.parseAsync(words, { from: 'user' });
} catch (error) {
  console.error(isOnPurpose(error) ? `holdfast: ${error.message}` : error);
  process.exitCode = 1;
}
