import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { CivilDate, dateOf, type HoldfastEvent, type Protocol } from '@holdfast/events';
import { onSignal } from '@holdfast/runtime';
import { type EnteredEvent, ofSize, type Scenario, simulateTrial, trueValues } from '@holdfast/simulate';
import { revokeToken } from '@holdfast/trials';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import { doorClient, senderOf } from '../door-client.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows, write } from '../output/print-rows.ts';
import { progressOn } from '../output/progress.ts';
import { createSenderToken } from '../sender-tokens.ts';
import { nothingSent, sendAll } from '../sending.ts';
import { fitting, protocolAt, scenarioAt, shippedProtocol } from '../simulated-trial.ts';
import { chooseTrial, withStore } from '../store.ts';

type Options = {
  readonly scenario: string;
  readonly protocol?: string;
  readonly trial?: string;
  readonly seed?: number;
  readonly participants?: number;
  readonly events?: number;
  readonly firstDay?: string;
  readonly url?: string;
  readonly tokens?: string;
  readonly rate?: number;
  readonly out?: string;
  readonly truth?: true;
  readonly format: Format;
};

const reasonsShown = 10;

/** What is sent: with `--events` of so many participants that there are as many events, and no more of them. */
function entered(protocol: Protocol, scenario: Scenario, events: number | undefined): readonly EnteredEvent[] {
  if (events === undefined) return simulateTrial(protocol, scenario);
  const some = Math.min(50, scenario.participants);
  const each = simulateTrial(protocol, ofSize(scenario, some)).length / some;
  for (let participants = Math.ceil(events / each); ; participants = Math.ceil(participants * 1.1) + 1) {
    const all = simulateTrial(protocol, ofSize(scenario, participants));
    if (all.length >= events) return all.slice(0, events);
  }
}

async function chosenProtocol(options: Options, scenario: Scenario, command: Command): Promise<Protocol> {
  if (options.protocol !== undefined && options.trial !== undefined)
    throw new CommandFailed('--protocol and --trial both name a protocol; give one of the two');
  if (options.protocol !== undefined) return protocolAt(options.protocol);
  if (options.trial === undefined) return shippedProtocol(scenario.trial);
  return withStore(command, 'read', async (store) => chooseTrial(store, options.trial).protocol);
}

/** Writes the events as lines; a reader of standard output that closes early is no failure. */
async function writeLines(
  events: readonly EnteredEvent[],
  out: string | undefined,
  signal: AbortSignal,
): Promise<number> {
  const file = out === undefined ? undefined : createWriteStream(out, { flags: 'wx', mode: 0o600 });
  const failed = new Promise<never>((_, reject) => {
    file?.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new CommandFailed(`cannot write ${out} (${cause.code}); name a new file in a folder that is there`, { cause }),
      ),
    );
  });
  failed.catch(() => undefined);
  let written = 0;
  for (const { event } of events) {
    if (signal.aborted || (file ?? process.stdout).destroyed) break;
    written += 1;
    const line = `${JSON.stringify(event)}\n`;
    if (file === undefined) await write(line);
    else if (!file.write(line)) await Promise.race([once(file, 'drain'), failed]);
  }
  if (file !== undefined) {
    file.end();
    await Promise.race([finished(file), failed]);
  }
  return written;
}

const sendersOf = (events: readonly HoldfastEvent[]): readonly string[] => [...new Set(events.map(senderOf))];

/** The secrets in a folder: `GB-01.token` of that site, `randomisation.token` of the randomisation service. */
async function tokensIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    throw new CommandFailed(`cannot read the folder of tokens ${folder} (${cause.code}); look at the path`, { cause });
  });
  const read = files
    .filter((file) => file.endsWith('.token'))
    .map(async (file) => [basename(file, '.token'), (await readFile(join(folder, file), 'utf8')).trim()] as const);
  return new Map(await Promise.all(read));
}

/** Tokens for this run alone, made in the store that the server serves, and revoked at its end. */
async function withTokens<T>(
  { trial }: Protocol,
  senders: readonly string[],
  command: Command,
  work: (tokens: ReadonlyMap<string, string>) => Promise<T>,
): Promise<T> {
  return withStore(command, 'write', async (store) => {
    chooseTrial(store, trial);
    const made = new Map<string, { readonly id: string; readonly secret: string }>();
    try {
      for (const sender of senders) made.set(sender, await createSenderToken(store.log, trial, sender));
      return await work(new Map([...made].map(([sender, { secret }]) => [sender, secret])));
    } finally {
      for (const { id } of made.values()) await revokeToken(store.log, id);
    }
  });
}

const quantile = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

async function send(
  protocol: Protocol,
  all: readonly EnteredEvent[],
  { url = '', tokens: folder, rate }: Options,
  signal: AbortSignal,
  command: Command,
): Promise<void> {
  const events = all.map(({ event }) => event);
  const work = async (tokens: ReadonlyMap<string, string>) => {
    const progress = progressOn(process.stderr);
    const tally = nothingSent();
    const begun = performance.now();
    const client = doorClient({ url: url.replace(/\/+$/, ''), tokens, signal });
    await sendAll(events, tally, {
      client,
      rate,
      signal,
      onSent: ({ accepted, rejected }) => {
        const seconds = (performance.now() - begun) / 1000;
        progress.step(
          `${accepted} events accepted, ${rejected} rejected, ${Math.round((accepted + rejected) / seconds)} a second …`,
        );
      },
    });
    progress.done();
    const seconds = (performance.now() - begun) / 1000;
    const sorted = tally.milliseconds.toSorted((a, b) => a - b);
    const sent = tally.accepted + tally.rejected;
    console.error(
      `${tally.accepted} of ${events.length} events accepted, ${tally.rejected} rejected${signal.aborted ? ', then stopped' : ''}; ${seconds.toFixed(1)} s, ${Math.round(sent / seconds)} events a second; a request was answered in ${quantile(sorted, 0.5).toFixed(0)} ms (median), ${quantile(sorted, 0.99).toFixed(0)} ms (99 %)`,
    );
    const reasons = [...tally.reasons].sort(([, a], [, b]) => b - a);
    for (const [reason, times] of reasons.slice(0, reasonsShown)) console.error(`  ${times} × ${reason}`);
    if (reasons.length > reasonsShown) console.error(`  and ${reasons.length - reasonsShown} other reasons`);
  };
  if (folder !== undefined) await work(await tokensIn(folder));
  else await withTokens(protocol, sendersOf(events), command, work);
}

async function simulate(options: Options, command: Command): Promise<void> {
  if (options.url !== undefined && options.out !== undefined)
    throw new CommandFailed('--url sends the events and --out writes them; give one of the two');
  const given = await scenarioAt(options.scenario);
  const protocol = await chosenProtocol(options, given, command);
  const { seed = given.seed, firstDay = given.firstDay } = options;
  const sized = options.participants === undefined ? given : ofSize(given, options.participants);
  const scenario = fitting({ ...sized, seed, firstDay }, protocol);
  if (options.truth) {
    const rows = trueValues(protocol, scenario).map(({ measure, arm, at, value }) => [
      protocol.trial,
      measure,
      arm,
      at,
      value,
    ]);
    await printRows(['trial', 'measure', 'arm', 'at', 'value'], rows, options.format);
    return;
  }
  const all = entered(protocol, scenario, options.events);
  const [first = 0, last = 0] = [all[0]?.day, all.at(-1)?.day];
  console.error(
    `${protocol.trial}, scenario “${scenario.title}”, seed ${seed}: ${all.length} events from ${dateOf(first)} to ${dateOf(last)}`,
  );
  const stopping = new AbortController();
  const stopListening = onSignal(() => stopping.abort());
  try {
    if (options.url === undefined) {
      const written = await writeLines(all, options.out, stopping.signal);
      console.error(
        `${written} events written${options.out === undefined ? '' : ` to ${options.out}`}, arms and doses in clear`,
      );
    } else await send(protocol, all, options, stopping.signal, command);
  } finally {
    stopListening();
  }
  if (stopping.signal.aborted) process.exitCode = 130;
}

const positive = (text: string): number => {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1) throw new InvalidArgumentError('must be a whole number from 1 on.');
  return number;
};
const seedOf = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('must be a whole number from 0 on.');
  return Number(text);
};
const civilDate = (text: string): string => {
  if (!CivilDate.safeParse(text).success) throw new InvalidArgumentError('must be a date like 2026-03-02.');
  return text;
};

export function simulateCommand(program: Command): void {
  program
    .command('simulate')
    .description('a virtual trial by a scenario: its events to a running server through the public door, or as NDJSON')
    .requiredOption(
      '--scenario <file or name>',
      'what happens in it; docs/simulate.md lists those that come with Holdfast',
    )
    .option('--protocol <file>', 'the protocol (default: the one that comes with Holdfast for the scenario’s trial)')
    .option('--trial <trial>', 'a trial published in the store: its protocol')
    .option('--seed <number>', 'another course of chance (default: the scenario’s)', seedOf)
    .option('--participants <number>', 'another size, recruited in the same time', positive)
    .option('--events <number>', 'exactly so many events, of as many participants as that takes', positive)
    .option('--first-day <date>', 'when recruitment begins (default: the scenario’s)', civilDate)
    .option('--url <url>', 'send to the server there, such as http://127.0.0.1:8080')
    .option(
      '--tokens <folder>',
      'SITE.token and randomisation.token (default: tokens made in the store, revoked at the end)',
    )
    .option(
      '--rate <number>',
      'events a second, whatever the server takes (default: as fast as it takes them)',
      positive,
    )
    .option('--out <file>', 'write NDJSON there (default without --url: to standard output)')
    .option('--truth', 'print what the scenario says exactly of each measure and arm, and send nothing')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Some events are wrong on purpose, as the scenario says: that the door rejects them is no failure. A live trial takes nothing from the
future; move the scenario by --first-day. Ctrl-C stops in order: what is under way is answered, tokens are revoked, exit code 130.`,
    )
    .action((options: Options, command: Command) => simulate(options, command));
}
