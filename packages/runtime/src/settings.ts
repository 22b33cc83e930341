import { resolve } from 'node:path';
import { z } from 'zod';

/** All settings that come from the environment, parsed once; options of the command line go before them. */
export type Settings = {
  /** Folder of the embedded store. */
  readonly data: string;
  /** File with a trial's private key, or a folder of such files. */
  readonly key: string | undefined;
  /** Folder that `serve` takes deliveries from; none by default. */
  readonly drop: string | undefined;
  /** Most records folded in one transaction. */
  readonly batchRecords: number;
  readonly host: string;
  readonly port: number;
  readonly logLevel: LogLevel;
  /** How long a command beside a running `serve` waits for numbers that do not move. */
  readonly waitSeconds: number;
  readonly limits: {
    readonly bodyBytes: number;
    readonly eventsPerRequest: number;
    readonly requestsPerMinute: number;
    readonly waitingBytes: number;
    readonly waitingEvents: number;
  };
};

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** A setting has an unusable value; the message names it and says what to write. */
export class UnusableSetting extends Error {
  readonly code = 'HF_UNUSABLE_SETTING';
  override readonly name = 'UnusableSetting';
}

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most))
    .meta({ allowed: `${least} to ${most}` });

const mebibyte = 1024 * 1024;

/** Every setting with its default and what it is; `docs/settings.md` is written from this. */
export const environmentSchema = z.object({
  HOLDFAST_DATA: z.string().min(1).default('holdfast-data').describe('folder of the embedded store (`--data`)'),
  HOLDFAST_KEY: z
    .string()
    .min(1)
    .optional()
    .describe('file with a double-blind trial’s private key, or a folder of such files (`--key`)'),
  HOLDFAST_DROP: z
    .string()
    .min(1)
    .optional()
    .describe(
      'folder whose `incoming` the service `drop` watches for files of events and folders of tables (`--drop`)',
    ),
  HOLDFAST_HOST: z.string().min(1).default('127.0.0.1').describe('address that `serve` listens on (`--host`)'),
  HOLDFAST_PORT: whole(0, 65_535).prefault('8080').describe('port that `serve` listens on; 0: any free one (`--port`)'),
  HOLDFAST_LOG_LEVEL: z
    .enum(logLevels)
    .default('info')
    .describe('least severe entries that `serve` logs (`--log-level`)'),
  HOLDFAST_BATCH_RECORDS: whole(1, 100_000).prefault('10000').describe('most records folded in one transaction'),
  HOLDFAST_WAIT_SECONDS: whole(1, 86_400)
    .prefault('60')
    .describe('how long a command waits for a running `serve` whose numbers do not move'),
  HOLDFAST_BODY_BYTES: whole(1024, 1024 * mebibyte)
    .prefault(String(16 * mebibyte))
    .describe('largest body of a request, as it comes and unpacked'),
  HOLDFAST_EVENTS_PER_REQUEST: whole(1, 1_000_000).prefault('10000').describe('most events of one request'),
  HOLDFAST_REQUESTS_PER_MINUTE: whole(1, 10_000_000).prefault('6000').describe('most requests a minute with one token'),
  HOLDFAST_WAITING_BYTES: whole(1024, 64 * 1024 * mebibyte)
    .prefault(String(64 * mebibyte))
    .describe('bytes of all requests that are not durable yet; more is answered 503'),
  HOLDFAST_WAITING_EVENTS: whole(1, 10_000_000)
    .prefault('100000')
    .describe('events of all requests that are not durable yet; more is answered 503'),
});

/** Variables that others know, and no service. */
const notOurs = new Set([
  // Our tests: data of published trials, and servers that run already. No service takes to Kafka, S3 or Redis by a setting yet.
  'HOLDFAST_SHARED',
  'HOLDFAST_REQUIRE_SHARED',
  'HOLDFAST_KAFKA',
  'HOLDFAST_S3',
  'HOLDFAST_REDIS',
  // Whoever sends events by the examples of docs/send-events.md.
  'HOLDFAST_URL',
  'HOLDFAST_TOKEN',
]);

/** In how many steps (a letter more, less or another, or two exchanged) one name becomes the other. */
function stepsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  let before: readonly number[] = [];
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const isExchanged = i > 0 && j > 0 && a[i - 1] === other && letter === b[j - 1];
      next.push(
        Math.min(
          (next[j] ?? 0) + 1,
          (row[j + 1] ?? 0) + 1,
          (row[j] ?? 0) + (letter === other ? 0 : 1),
          isExchanged ? (before[j - 1] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [before, row] = [row, next];
  }
  return row.at(-1) ?? 0;
}

/** A misspelt setting would silently leave its default in force. */
function refuseUnknown(names: readonly string[]): void {
  const known = Object.keys(environmentSchema.shape);
  const unknown = names.find((name) => !known.includes(name) && !notOurs.has(name));
  if (unknown === undefined) return;
  const [nearest = ''] = [...known].sort((a, b) => stepsBetween(unknown, a) - stepsBetween(unknown, b));
  const hint =
    stepsBetween(unknown, nearest) <= 4 ? `did you mean ${nearest}?` : 'docs/settings.md lists all settings;';
  throw new UnusableSetting(`${unknown} is no setting of Holdfast; ${hint} Correct it or unset it`);
}

/** From here on this process, and those that it starts, run by the default settings. */
export function forgetSettings(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('HOLDFAST_')) delete process.env[name];
}

/** Reads the settings from an environment; an empty variable counts as not set. */
export function readSettings(environment: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name.startsWith('HOLDFAST_') && value !== ''),
  );
  refuseUnknown(Object.keys(given));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UnusableSetting(`${String(issue?.path[0])} is not usable: ${issue?.message}; correct it or unset it`);
  }
  const from = parsed.data;
  return {
    data: resolve(from.HOLDFAST_DATA),
    key: from.HOLDFAST_KEY,
    drop: from.HOLDFAST_DROP === undefined ? undefined : resolve(from.HOLDFAST_DROP),
    batchRecords: from.HOLDFAST_BATCH_RECORDS,
    host: from.HOLDFAST_HOST,
    port: from.HOLDFAST_PORT,
    logLevel: from.HOLDFAST_LOG_LEVEL,
    waitSeconds: from.HOLDFAST_WAIT_SECONDS,
    limits: {
      bodyBytes: from.HOLDFAST_BODY_BYTES,
      eventsPerRequest: from.HOLDFAST_EVENTS_PER_REQUEST,
      requestsPerMinute: from.HOLDFAST_REQUESTS_PER_MINUTE,
      waitingBytes: from.HOLDFAST_WAITING_BYTES,
      waitingEvents: from.HOLDFAST_WAITING_EVENTS,
    },
  };
}
