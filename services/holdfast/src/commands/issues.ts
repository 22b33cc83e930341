import { opener } from '@holdfast/access';
import { participantRecords } from '@holdfast/aggregate';
import { dateOf } from '@holdfast/events';
import { foldVersion } from '@holdfast/outcomes';
import type { Value } from '@holdfast/reports/rows';
import { lookAtSealed, topicsOf } from '@holdfast/trials';
import { type Command, Option } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseTrial, type Store, withStore } from '../store.ts';
import { issueKinds, type ListedIssue, trialIssues, unattributedIssues } from '../trial-issues.ts';

const columns = ['trial', 'participant', 'issue', 'type', 'source', 'id', 'reason', 'counts', 'sha256'] as const;

type IssuesOptions = {
  readonly trial?: string;
  readonly participant?: string;
  readonly site?: string;
  readonly issue?: ListedIssue['issue'];
  readonly all: boolean;
  readonly format: Format;
};

/** In an order that depends on the issues alone, not on where their events lie. */
function inOrder(issues: readonly ListedIssue[]): readonly ListedIssue[] {
  const byName = new Intl.Collator('en', { numeric: true });
  const rest = ({ issue, source = '', id = '', sha256 = '', reason }: ListedIssue) =>
    [String(issueKinds.indexOf(issue)).padStart(2, '0'), source, id, sha256, reason].join('\n');
  return issues.toSorted(
    (a, b) =>
      byName.compare(a.trial ?? '', b.trial ?? '') ||
      byName.compare(a.participant ?? '', b.participant ?? '') ||
      Number(rest(a) > rest(b)) - Number(rest(a) < rest(b)),
  );
}

function rowOf(listed: ListedIssue): Value[] {
  const { trial, participant, issue, type, source, id, reason, counts, sha256 } = listed;
  return [trial, participant, issue, type, source, id, reason, counts ? 1 : 0, sha256];
}

async function issuesOfTrial(store: Store, name: string, participant: string | undefined) {
  const trial = chooseTrial(store, name);
  const key = store.keys.get(name);
  if (key !== undefined) await lookAtSealed(store, trial, 'issues');
  const { issues, offsets, clock } = await trialIssues(store.log, trial.protocol, {
    opener: key === undefined ? undefined : opener(key),
    ...(participant === undefined ? {} : { participant }),
  });
  const { protocol } = trial;
  const asOf = clock === undefined ? null : dateOf(clock);
  const position = (offset: number) => ({ offset, asOf, protocolVersion: protocol.version, foldVersion });
  console.error(watermarkLine(protocol, { positions: offsets.map(position), stale: [] }));
  if (protocol.blinding === 'double' && key === undefined)
    console.error(`${name} is double-blind: issues among its sealed events are listed only with its key`);
  return issues;
}

/** Of a participant whom nobody knows no list is empty: an empty one would read as all clear. */
async function refuseUnknown({ log, trials }: Store, named: readonly string[], participant: string): Promise<void> {
  for (const name of named) {
    const protocol = trials.get(name)?.protocol;
    if (protocol === undefined) continue;
    const ends = await log.ends(topicsOf(protocol).events.name);
    for await (const _ of participantRecords(log, protocol, ends, { participant, read: ({ offset }) => offset }))
      return;
  }
  throw new CommandFailed(
    `no event of participant ${participant} is in ${named.join(', ')}; look at the id, or at the trial`,
  );
}

async function issues(command: Command): Promise<void> {
  const options = command.optsWithGlobals<IssuesOptions>();
  await withStore(command, 'read', async (store) => {
    const named = chooseTrials(store, options.trial);
    const found: ListedIssue[] = [];
    for (const name of named) {
      for (const one of await issuesOfTrial(store, name, options.participant)) found.push(one);
    }
    if (options.trial === undefined && options.participant === undefined)
      found.push(...(await unattributedIssues(store.log)));
    if (options.participant !== undefined && found.length === 0) await refuseUnknown(store, named, options.participant);
    const wanted = found.filter(
      ({ issue, isSettled, site }) =>
        (options.issue === undefined || issue === options.issue) &&
        (options.site === undefined || site === options.site) &&
        (options.all || !isSettled),
    );
    await printRows(columns, inOrder(wanted).map(rowOf), options.format);
    const settled = found.filter(({ isSettled }) => isSettled).length;
    if (settled > 0 && !options.all)
      console.error(
        `${settled} rejected ${settled === 1 ? 'input was' : 'inputs were'} settled since; --all lists ${settled === 1 ? 'it' : 'them'} too`,
      );
  });
}

function chooseTrials(store: Store, name: string | undefined): readonly string[] {
  if (name === undefined && store.trials.size > 0) return [...store.trials.keys()];
  return [chooseTrial(store, name).protocol.trial];
}

export function issuesCommand(program: Command): void {
  program
    .command('issues')
    .description('what a person should look at: conflicts, competing corrections, what was set aside or rejected')
    .option('--trial <trial>', 'only this trial; without it also what names no published trial')
    .option('--participant <id>', 'only this participant')
    .option('--site <site>', 'only what this site sent')
    .addOption(new Option('--issue <kind>', 'only this kind of issue').choices([...issueKinds]))
    .option('--all', 'also rejected inputs that were settled since', false)
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Columns: ${columns.join(', ')}. Each reason ends with what would settle the issue; counts is 1 if the event counts all the
same. A conflict, a competition or an event that was set aside is listed until an event settles it, and then no longer.`,
    )
    .action((_options, command: Command) => issues(command));
}
