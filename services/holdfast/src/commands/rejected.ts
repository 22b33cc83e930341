import { open } from 'node:fs/promises';
import { opener } from '@holdfast/access';
import { dateIn, type Protocol } from '@holdfast/events';
import { contentOf, type KeysAtHand } from '@holdfast/ingest';
import type { Value } from '@holdfast/reports/rows';
import { lookAtSealed } from '@holdfast/trials';
import type { Command } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import { parseDate } from '../known-at.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { type RejectedInput, rejectedInputs, siteThatSent, unattributedInputs } from '../rejected-inputs.ts';
import { type ReasonNotToResend, reasonsNotToResend, toResend } from '../resend.ts';
import { chooseTrial, type Store, withStore } from '../store.ts';

type RejectedOptions = {
  readonly trial?: string;
  readonly site?: string;
  readonly since?: string;
  readonly all: boolean;
  readonly counts: boolean;
  readonly out?: string;
  readonly format: Format;
};

/** A rejected input with the trial that it is listed under, if that is known. */
type Listed = { readonly protocol: Protocol | undefined; readonly input: RejectedInput };

const columns = [
  ...['trial', 'site', 'participant', 'type', 'source', 'id', 'where', 'received', 'state', 'reason'],
] as const;
const countColumns = ['trial', 'site', 'reason', 'inputs'] as const;

const inWords = ({ path, message }: { path: string; message: string }) =>
  path === '' ? message : `${path}: ${message}`;

function rowOf({ protocol, input }: Listed): Value[] {
  const { of, from, where, receivedtime, state, problems } = input;
  const { subject, type, source = from, id } = of;
  const reason = problems.map(inWords).join('; also ');
  return [
    ...[protocol?.trial, siteThatSent(input), subject, type, source, id, where, receivedtime, state],
    // A reason for each problem; they belong together.
    reason,
  ];
}

/** The same of a problem wherever in an array, or on whatever day, it stands. */
const kindOf = (path: string) => path.replace(/\[\d+\]/g, '[]').replace(/\d{4}-\d\d-\d\d/g, 'DATE');

/** By trial and site: how many inputs were rejected for each reason, the most frequent first. An input counts once under each of its reasons. */
function countRows(listed: readonly Listed[]): Value[][] {
  const counts = new Map<string, { readonly row: readonly Value[]; inputs: number }>();
  for (const { protocol, input } of listed) {
    const reasons = new Set(input.problems.map(({ path, message }) => inWords({ path: kindOf(path), message })));
    for (const reason of reasons) {
      const row = [protocol?.trial, siteThatSent(input), reason];
      const known = counts.get(JSON.stringify(row)) ?? { row, inputs: 0 };
      known.inputs += 1;
      counts.set(JSON.stringify(row), known);
    }
  }
  return [...counts.values()].sort((a, b) => b.inputs - a.inputs).map(({ row, inputs }) => [...row, inputs]);
}

/** Everything rejected of a trial; with its key also what a sealed correction has settled since. */
async function rejectedOf(store: Store, name: string, since: string | undefined): Promise<readonly Listed[]> {
  const trial = chooseTrial(store, name);
  const { protocol } = trial;
  const key = store.keys.get(name);
  if (key !== undefined) await lookAtSealed(store, trial, 'rejected');
  const inputs = await rejectedInputs(store.log, protocol, { opener: key === undefined ? undefined : opener(key) });
  const isSince = ({ receivedtime }: RejectedInput) =>
    since === undefined || dateIn(protocol.timeZone, new Date(receivedtime)) >= since;
  return inputs.filter(isSince).map((input) => ({ protocol, input }));
}

async function unattributed(store: Store, since: string | undefined): Promise<readonly Listed[]> {
  const inputs = await unattributedInputs(store.log);
  return inputs
    .filter(({ receivedtime }) => since === undefined || receivedtime.slice(0, 10) >= since)
    .map((input) => ({ protocol: undefined, input }));
}

function inOrder(listed: readonly Listed[]): readonly Listed[] {
  const byName = new Intl.Collator('en', { numeric: true });
  return listed.toSorted(
    (a, b) =>
      byName.compare(a.protocol?.trial ?? '', b.protocol?.trial ?? '') ||
      byName.compare(siteThatSent(a.input) ?? '', siteThatSent(b.input) ?? '') ||
      byName.compare(a.input.where, b.input.where) ||
      a.input.offset - b.input.offset,
  );
}

/** Closed content may be among it: the file is its owner's alone, and none is overwritten. */
async function createFile(out: string) {
  return open(out, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === 'EEXIST' ? 'is there already and is not overwritten' : `cannot be written (${cause.code})`;
    throw new CommandFailed(`${out} ${why}; choose another name`, { cause });
  });
}

/** Writes the rejected events as lines to be mended; says how many are not among them, and why. */
async function writeToMend({ log, keys }: Store, listed: readonly Listed[], out: string): Promise<void> {
  const atHand: KeysAtHand = new Map(
    [...keys.values()].map((key) => [key.keyId, { trial: key.trial, opener: opener(key) }]),
  );
  const file = await createFile(out);
  const left = new Map<ReasonNotToResend, number>();
  let written = 0;
  try {
    for (const { protocol, input } of listed) {
      const outcome = toResend(input, await contentOf(log, protocol, input, atHand));
      if ('not' in outcome) left.set(outcome.not, (left.get(outcome.not) ?? 0) + 1);
      else {
        await file.writeFile(`${JSON.stringify(outcome.event)}\n`);
        written += 1;
      }
    }
    await file.sync();
  } finally {
    await file.close();
  }
  console.error(`${written} rejected events are in ${out}: mend them, keep their ids, and send them again`);
  for (const reason of Object.keys(reasonsNotToResend) as ReasonNotToResend[]) {
    const number = left.get(reason);
    if (number !== undefined) console.error(`${number} not among them: ${reasonsNotToResend[reason]}`);
  }
}

async function rejected(command: Command): Promise<void> {
  const options = command.optsWithGlobals<RejectedOptions>();
  const { trial, since, site } = options;
  await withStore(command, 'read', async (store) => {
    const named =
      trial === undefined && store.trials.size > 0
        ? [...store.trials.keys()]
        : [chooseTrial(store, trial).protocol.trial];
    const found: Listed[] = [];
    for (const name of named) for (const one of await rejectedOf(store, name, since)) found.push(one);
    if (trial === undefined) for (const one of await unattributed(store, since)) found.push(one);
    const ofSite = found.filter(({ input }) => site === undefined || siteThatSent(input) === site);
    const listed = inOrder(ofSite.filter(({ input }) => options.all || input.state === 'open'));
    if (options.counts) await printRows(countColumns, countRows(listed), options.format);
    else await printRows(columns, listed.map(rowOf), options.format);
    const states = (state: RejectedInput['state']) => ofSite.filter(({ input }) => input.state === state).length;
    console.error(
      `${states('open')} to be mended, ${states('mended')} mended since, ${states('outdated')} outdated by a later full export${options.all ? '' : '; --all lists these too'}`,
    );
    if (options.out !== undefined) await writeToMend(store, listed, options.out);
  });
}

export function rejectedCommand(program: Command): void {
  program
    .command('rejected')
    .description(
      'what the door rejected, site by site, with every reason; and the events themselves, to be mended and sent again',
    )
    .option('--trial <trial>', 'only this trial; without it all, and what names no published trial')
    .option('--site <site>', 'only what this site sent')
    .option('--since <date>', 'only what came on this date (of the trial’s time zone) or later', parseDate)
    .option('--all', 'also what was mended since, or is outdated', false)
    .option('--counts', 'instead of each input: how many there are, by site and reason', false)
    .option('--out <file>', 'write the listed events to this new file, one a line, ready to be mended and sent again')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Columns: ${columns.join(', ')};
with --counts ${countColumns.join(', ')}. state is open, mended (an event of that participant, source and id was accepted
since) or outdated. What is rejected of a double-blind trial is kept sealed: it is in --out only with the trial's key (--key).
Sent again from a file (\`holdfast ingest\`, or the drop folder) events need no token, so --out leaves out what its sender's token
could not send.`,
    )
    .action((_options, command: Command) => rejected(command));
}
