import { resolve } from 'node:path';
import { logLevels } from '@holdfast/runtime';
import { openLogger, untilSignalled } from '@holdfast/runtime/server';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ServiceName, serviceNames, startServices } from '../serve/start-services.ts';
import { type CommonOptions, openStore } from '../store.ts';

type ServeCommandOptions = CommonOptions & {
  readonly host?: string;
  readonly port?: number;
  readonly drop?: string;
  readonly logLevel?: (typeof logLevels)[number];
};

/** Together the ten seconds in which a service stops: for its services in order, then for the log to be closed. */
const [stopMs, closeMs] = [8_000, 1_500];

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535.');
  return port;
}

async function serve(services: readonly ServiceName[], command: Command): Promise<void> {
  const options = command.optsWithGlobals<ServeCommandOptions>();
  await openStore(options, 'create', async (store) => {
    const { settings, trials } = store;
    const logger = openLogger({ level: options.logLevel ?? settings.logLevel });
    const { host, port } = options;
    const drop = options.drop === undefined ? settings.drop : resolve(options.drop);
    const running = await startServices(store, {
      logger,
      ...(services.length === 0 ? {} : { services }),
      ...(drop === undefined ? {} : { drop }),
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
    });
    logger.info(
      { url: running.url, data: settings.data, services: running.names, trials: [...trials.keys()] },
      'serving',
    );
    if (trials.size === 0) logger.warn('no trial is published yet; run `holdfast protocol publish FILE`');
    process.exitCode = await untilSignalled(
      { name: 'serve', stop: running.stop },
      { logger, failed: running.failed, graceMs: stopMs },
    );
    // A log that is away would hold its closing up for as long as it has patience with each request.
    setTimeout(() => process.exit(), closeMs);
  });
  // Whatever did not stop in time must not keep the process.
  process.exit();
}

export function serveCommand(program: Command): void {
  program
    .command('serve')
    .argument('[services...]', `which to run in this process (default: all of ${serviceNames.join(', ')})`)
    .description(
      'run the services: the HTTP door, the drop folder, what folds events into tallies, the clock of live trials, and reports',
    )
    .option('--host <address>', 'address to listen on (default: HOLDFAST_HOST, else 127.0.0.1)')
    .option('--port <port>', 'port to listen on, 0 for any free one (default: HOLDFAST_PORT, else 8080)', portNumber)
    .option('--drop <folder>', 'folder to watch for deliveries (default: HOLDFAST_DROP; without it none is watched)')
    .addOption(
      new Option('--log-level <level>', 'least severe entries to log (default: HOLDFAST_LOG_LEVEL, else info)').choices(
        logLevels,
      ),
    )
    .addHelpText(
      'after',
      `
Logs JSON lines to standard output. GET /healthz, /readyz and /metrics say how it is. SIGTERM or SIGINT stops it in order; a second
one ends it at once. Commands work while it runs; trials, protocol versions and keys that they publish are taken up.`,
    )
    .action((services: string[], _options: unknown, command: Command) => {
      const unknown = services.find((name) => !(serviceNames as readonly string[]).includes(name));
      if (unknown !== undefined)
        command.error(`error: there is no service ${unknown}; there are ${serviceNames.join(', ')}`);
      if (command.opts().drop !== undefined && services.length > 0 && !services.includes('drop'))
        command.error('error: --drop names a folder for the service drop, which is not among those named; name it too');
      return serve(services as ServiceName[], command);
    });
}
