import type { Measure, MissingPolicy, Protocol } from '@holdfast/events';
import { type ClosedFacts, fold, foldOpen, isOpenMeasure, type OpenFacts, populationOf } from '@holdfast/outcomes';
import { chooseMeasure, type Value } from '@holdfast/reports/rows';
import { byArmVerdict } from '@holdfast/trials';
import type { Command } from 'commander';
import { lookByArm, refuseClosed } from '../by-arm.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { readParticipants, sayWhatWasRead } from '../participants.ts';
import { chooseTrial, withStore } from '../store.ts';

const columns = [
  'trial',
  'participant',
  'arm',
  'site',
  'measure',
  'kind',
  'window_days',
  'missing',
  'from',
  'to',
  'day',
  'event',
  'value',
] as const;

/** What a first event was counted from, when it was known, and why. CSV has no column for it. */
const details = ['origin', 'confirmed', 'last_free', 'why'] as const;

type FactsOptions = {
  readonly trial?: string;
  readonly measure?: string;
  readonly participant?: string;
  readonly format: Format;
};

/** The kinds that are facts of a participant; the others only serve the tallies. */
const shownSpells = new Set(['abstinent', 'assessable']);

/** The arm that a measure counts a participant in: as randomised, or as given. */
function countedArm(measure: Measure, closed: ClosedFacts | undefined, protocol: Protocol): string | undefined {
  return populationOf(measure, protocol)?.arm === 'actual' ? closed?.actualArm : closed?.arm;
}

function rowsOf(protocol: Protocol, open: OpenFacts, closed: ClosedFacts | undefined, asked: Measure): Value[][] {
  const { trial } = protocol;
  const measureId = asked.id;
  const who = [trial, open.participant, countedArm(asked, closed, protocol), open.site, measureId];
  const isDeclared = (policy: MissingPolicy | undefined) =>
    policy === undefined || ('policies' in asked && (asked.policies as readonly string[]).includes(policy));
  const spells = [...open.spells, ...(closed?.spells ?? [])].filter(
    ({ measure, kind, policy }) => measure === measureId && shownSpells.has(kind) && isDeclared(policy),
  );
  const values = [...open.values, ...(closed?.values ?? [])].filter(({ measure }) => measure === measureId);
  const events = [...open.firstEvents, ...(closed?.firstEvents ?? [])].filter(({ measure }) => measure === measureId);
  return [
    ...spells.map(({ kind, window, policy, from, to }) => [
      ...who,
      kind,
      window === 0 ? undefined : window,
      policy,
      from,
      to,
      undefined,
      undefined,
      undefined,
    ]),
    ...events.map(({ day, outcome, origin, confirmed, lastFree, why }) => {
      const value = outcome === 'competing' ? 'competing' : undefined;
      return [
        ...who,
        'first-event',
        undefined,
        undefined,
        undefined,
        undefined,
        day,
        outcome === 'event' ? 1 : 0,
        value,
        ...[origin, confirmed, lastFree, why],
      ];
    }),
    ...values.map(({ kind, item, policy, day, value, of }) => [
      ...who,
      item === undefined ? kind : `${kind} ${item}`,
      undefined,
      policy,
      undefined,
      undefined,
      day,
      undefined,
      value / of,
    ]),
  ];
}

async function facts(command: Command): Promise<void> {
  const options = command.optsWithGlobals<FactsOptions>();
  await withStore(command, 'read', async (store) => {
    const trial = chooseTrial(store, options.trial);
    const { protocol } = trial;
    const measure = chooseMeasure(protocol, options.measure);
    refuseClosed(store, protocol, measure);
    const withArms = (await byArmVerdict(store, trial)).allowed;
    if (withArms || !isOpenMeasure(measure, protocol)) await lookByArm(store, trial, `facts --measure ${measure.id}`);
    const read = await readParticipants(store, protocol, { unsealed: withArms, participant: options.participant });
    const rows = read.histories.flatMap(({ history, clock }) => {
      if (!withArms)
        return rowsOf(protocol, foldOpen(protocol, history.participant, history.open, clock), undefined, measure);
      const { open, closed } = fold(protocol, history, clock);
      return rowsOf(protocol, open, closed, measure);
    });
    await printRows(columns, rows, options.format, details);
    sayWhatWasRead(protocol, read);
    if (!withArms && protocol.blinding === 'double')
      console.error('double-blind and not over, or without its key: arms are not shown');
  });
}

export function factsCommand(program: Command): void {
  program
    .command('facts')
    .description('what each participant contributes to a measure: spells of days, first events')
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .option('--measure <measure>', 'measure of the protocol; not needed if there is only one')
    .option('--participant <id>', 'only this participant')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Columns: ${columns.join(', ')}. Days are study days.
A table and JSON say more: of a first event origin (the day it is counted from, where that is not randomisation), confirmed (the day
on which the pattern that makes it was complete), last_free (the last day known to be free of it) and why (which pattern it was, or why
observation ended).`,
    )
    .action((_options, command: Command) => facts(command));
}
