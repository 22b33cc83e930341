import { resolve } from 'node:path';
import { z } from 'zod';

/** All settings that come from the environment, parsed once; options of the command line go before them. */
export type Settings = {
  /** Folder of the embedded store. */
  readonly data: string;
  /** The cluster that the log is on; none: it is in the folder of the store. */
  readonly kafka: KafkaSettings | undefined;
  /** URL of the S3 store that objects are in; none: they are in the folder of the store. */
  readonly s3: string | undefined;
  /** URL of the Redis that jobs are in; none: they are in the folder of the store. */
  readonly redis: string | undefined;
  /** File with a trial's private key, or a folder of such files. */
  readonly key: string | undefined;
  /** Folder that `serve` takes deliveries from; none by default. */
  readonly drop: string | undefined;
  /** Most records folded in one transaction. */
  /** How links to reports are made, and how they are sent. */
  readonly delivery: {
    readonly publicUrl: string | undefined;
    readonly linkSecrets: { readonly open: string | undefined; readonly closed: string | undefined };
    readonly linkDays: number;
    /** File of the recipients by name. */
    readonly recipients: string | undefined;
    readonly smtp: string | undefined;
    readonly mailFrom: string | undefined;
  };
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

export type KafkaSettings = {
  readonly brokers: readonly string[];
  readonly copies: number | undefined;
  /** Connections are encrypted; `system` or a file with the certificates that brokers are known by. */
  readonly ca: string | undefined;
  readonly account:
    | { readonly mechanism: (typeof saslMechanisms)[number]; readonly username: string; readonly password: string }
    | undefined;
};

const saslMechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

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

const secret = z
  .string()
  .min(32, 'must have at least 32 characters')
  .max(200)
  .meta({ allowed: '32 characters or more' });

const mebibyte = 1024 * 1024;

/** Every setting with its default and what it is; `docs/settings.md` is written from this. */
export const environmentSchema = z.object({
  HOLDFAST_DATA: z
    .string()
    .min(1)
    .default('holdfast-data')
    .describe('folder of the embedded store (`--data`); on a cluster: where this machine keeps its shards'),
  HOLDFAST_KAFKA: z
    .string()
    .regex(/^[^\s,:/]+:\d+(,[^\s,:/]+:\d+)*$/, 'must be HOST:PORT, of several brokers with commas between')
    .optional()
    .describe('brokers of the Kafka cluster that the log is on, `HOST:PORT,…`; without it the log is embedded')
    .meta({ allowed: 'HOST:PORT,…' }),
  HOLDFAST_KAFKA_COPIES: whole(1, 9)
    .optional()
    .describe('copies of each topic that is made on Kafka; usually 3, on a single broker 1'),
  HOLDFAST_KAFKA_CA: z
    .string()
    .min(1)
    .optional()
    .describe('file with the certificates that Kafka’s are checked by, or `system`; it switches TLS on'),
  HOLDFAST_KAFKA_USER: z.string().min(1).optional().describe('account on Kafka (SASL)'),
  HOLDFAST_KAFKA_PASSWORD: z.string().min(1).optional().describe('its password'),
  HOLDFAST_KAFKA_SASL: z.enum(saslMechanisms).default('scram-sha-512').describe('how the account logs in'),
  HOLDFAST_S3: z
    .string()
    .min(1)
    .optional()
    .describe('S3 store that archive, cuts and snapshots are in (docs/s3.md); without it they are in the folder')
    .meta({ allowed: 'a URL' }),
  HOLDFAST_REDIS: z
    .string()
    .min(1)
    .optional()
    .describe('Redis that queued reports are in (docs/jobs.md); without it they are in the folder of the store')
    .meta({ allowed: 'a URL' }),
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
  HOLDFAST_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .optional()
    .describe('where recipients of reports reach this service; links begin with it')
    .meta({ allowed: 'a URL' }),
  HOLDFAST_LINK_SECRET: secret.optional().describe('signs links to open reports; without it there are none'),
  HOLDFAST_CLOSED_LINK_SECRET: secret
    .optional()
    .describe('signs links to closed reports; without it there are none. It opens numbers by arm: keep it like a key'),
  HOLDFAST_LINK_DAYS: whole(1, 365).prefault('14').describe('days until a link expires'),
  HOLDFAST_RECIPIENTS: z
    .string()
    .min(1)
    .optional()
    .describe('file with the addresses of those whom protocols name as recipients (docs/reports.md)'),
  HOLDFAST_SMTP: z
    .string()
    .regex(/^smtps?:\/\/\S+$/, 'must be smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://…')
    .optional()
    .describe('mail server, `smtp://[USER:PASSWORD@]HOST[:PORT]`, or `smtps://` where it is encrypted from the start')
    .meta({ allowed: 'a URL' }),
  HOLDFAST_MAIL_FROM: z
    .string()
    .min(3)
    .max(200)
    .optional()
    .describe('sender of the mails, such as `reports@example.org`'),
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
  // Our tests: data of published trials.
  'HOLDFAST_SHARED',
  'HOLDFAST_REQUIRE_SHARED',
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

/** The environment of a process that is started with these settings besides those of this one. */
export function withSettings(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...settings };
}

/** From here on this process, and those that it starts, run by the default settings but for these. */
export function forgetSettings(but: Readonly<Record<string, string>> = {}): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('HOLDFAST_')) delete process.env[name];
  Object.assign(process.env, but);
}

function kafkaSettings(from: z.output<typeof environmentSchema>): KafkaSettings | undefined {
  const { HOLDFAST_KAFKA: brokers, HOLDFAST_KAFKA_USER: username, HOLDFAST_KAFKA_PASSWORD: password } = from;
  if (brokers === undefined) return undefined;
  if ((username === undefined) !== (password === undefined))
    throw new UnusableSetting('HOLDFAST_KAFKA_USER and HOLDFAST_KAFKA_PASSWORD go together; set both or neither');
  return {
    brokers: brokers.split(','),
    copies: from.HOLDFAST_KAFKA_COPIES,
    ca: from.HOLDFAST_KAFKA_CA,
    account:
      username === undefined || password === undefined
        ? undefined
        : { mechanism: from.HOLDFAST_KAFKA_SASL, username, password },
  };
}

function deliverySettings(from: z.output<typeof environmentSchema>): Settings['delivery'] {
  const { HOLDFAST_LINK_SECRET: open, HOLDFAST_CLOSED_LINK_SECRET: closed, HOLDFAST_RECIPIENTS: recipients } = from;
  if (open !== undefined && open === closed)
    throw new UnusableSetting(
      'HOLDFAST_LINK_SECRET and HOLDFAST_CLOSED_LINK_SECRET are the same, so whoever signs links to open reports signs those to closed ones; make another',
    );
  return {
    publicUrl: from.HOLDFAST_PUBLIC_URL,
    linkSecrets: { open, closed },
    linkDays: from.HOLDFAST_LINK_DAYS,
    recipients: recipients === undefined ? undefined : resolve(recipients),
    smtp: from.HOLDFAST_SMTP,
    mailFrom: from.HOLDFAST_MAIL_FROM,
  };
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
    kafka: kafkaSettings(from),
    s3: from.HOLDFAST_S3,
    redis: from.HOLDFAST_REDIS,
    key: from.HOLDFAST_KEY,
    drop: from.HOLDFAST_DROP === undefined ? undefined : resolve(from.HOLDFAST_DROP),
    delivery: deliverySettings(from),
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
