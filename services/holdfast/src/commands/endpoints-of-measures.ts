import { isSafetyMeasure, isValueMeasure, type Protocol, type ValueMeasure } from '@holdfast/events';
import { isOpenMeasure } from '@holdfast/outcomes';
import {
  type AskedValues,
  chooseValueMeasure,
  endpointColumns,
  endpointRows,
  parseBy,
  refuseUnknown,
  tellsArms,
  type Value,
} from '@holdfast/reports/rows';
import { armNames, byArmVerdict, type PublishedTrial } from '@holdfast/trials';
import type { Command } from 'commander';
import { type ReadSide, sideFor, talliesFor, talliesOf } from '../by-arm.ts';
import { CommandFailed } from '../command-failed.ts';
import { asOfOption, cutOffOption, cutOption, type KnownAt, type KnownOptions, knownAt } from '../known-at.ts';
import type { Format } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseTrial, type Store, withStore } from '../store.ts';
import { noteThoseWithoutArm } from '../without-arm.ts';

type Options = KnownOptions &
  AskedValues & {
    readonly trial?: string;
    readonly measure?: string;
    readonly by?: string;
    readonly format: Format;
  };

/** A state of a trial on one side of the blind, whose tallies are read once however many measures are asked for. */
async function stateOf(store: Store, newest: PublishedTrial, side: 'open' | 'closed', options: Options) {
  const state = await knownAt(store, newest, side, options);
  const read = state.read ?? ((of: 'open' | 'closed') => talliesOf(store, state.trial.protocol, of));
  const known = new Map<string, ReturnType<ReadSide>>();
  return {
    ...state,
    read: (of: 'open' | 'closed') => {
      const already = known.get(of) ?? read(of);
      known.set(of, already);
      return already;
    },
  };
}

/** A measure, and the state of the trial that answers for it. */
type Asked = { readonly measure: ValueMeasure; readonly state: KnownAt };

/** The measure that is named; without a name every value measure that may be shown, and why others may not. */
async function askedMeasures(
  store: Store,
  newest: PublishedTrial,
  byArm: boolean,
  options: Options,
): Promise<readonly Asked[]> {
  const { protocol } = newest;
  if (options.measure !== undefined) {
    const side = sideFor(protocol, chooseValueMeasure(protocol, options.measure), byArm);
    const state = await stateOf(store, newest, side, options);
    return [{ measure: chooseValueMeasure(state.trial.protocol, options.measure), state }];
  }
  const measures = protocol.measures.filter(isValueMeasure);
  if (measures.length === 0)
    throw new CommandFailed(
      `${protocol.trial} declares no measure that gives participants values (docs/measures.md lists the kinds)`,
    );
  const refusals = new Map<string, string[]>();
  const shown = new Set<string>();
  for (const measure of measures) {
    const what = isSafetyMeasure(measure) ? 'safety' : 'efficacy';
    const verdict = sideFor(protocol, measure, byArm) === 'open' ? undefined : await byArmVerdict(store, newest, what);
    if (verdict === undefined || verdict.allowed) shown.add(measure.id);
    else {
      const reason = isOpenMeasure(measure, protocol)
        ? verdict.reason
        : closedWithoutKey(store, protocol, verdict.reason);
      refusals.set(reason, [...(refusals.get(reason) ?? []), measure.id]);
    }
  }
  const notShown = [...refusals].map(([reason, ids]) => `not shown: ${ids.join(', ')}: ${reason}`);
  if (shown.size === 0) throw new CommandFailed(notShown.join('; '));
  for (const line of notShown) console.error(line);
  const sides = new Set(measures.filter(({ id }) => shown.has(id)).map((one) => sideFor(protocol, one, byArm)));
  const asked: Asked[] = [];
  for (const side of sides) {
    const state = await stateOf(store, newest, side, options);
    for (const measure of state.trial.protocol.measures)
      if (isValueMeasure(measure) && shown.has(measure.id) && sideFor(state.trial.protocol, measure, byArm) === side)
        asked.push({ measure, state });
  }
  const order = protocol.measures.map(({ id }) => id);
  return asked.sort((a, b) => order.indexOf(a.measure.id) - order.indexOf(b.measure.id));
}

/** Why a closed measure is not shown: not for arms, if nobody has the key. */
const closedWithoutKey = ({ keys }: Store, { trial }: Protocol, reason: string): string =>
  keys.has(trial) ? reason : 'made of events that are sealed; they need the trial’s key (--key FILE or HOLDFAST_KEY)';

/** Means, proportions and quartiles of what measures give each participant, by arm, site and group. */
export async function endpointsOfMeasures(command: Command): Promise<void> {
  const options = command.optsWithGlobals<Options>();
  await withStore(command, 'read', async (store) => {
    const newest = chooseTrial(store, options.trial);
    const by = parseBy(options.by, newest.protocol);
    const byArm = tellsArms(by, newest.protocol);
    const rows: Value[][] = [];
    const lines = new Set<string>();
    for (const { measure, state } of await askedMeasures(store, newest, byArm, options)) {
      const { trial, words } = state;
      const question = `endpoints --measure ${measure.id} --by ${[...by].join(',')}${words}`;
      const read = await talliesFor(store, trial, measure, byArm, question, state.read);
      if (options.measure !== undefined) refuseUnknown(read.tallies, trial.protocol, measure, options);
      rows.push(...endpointRows(trial.protocol, measure, read.tallies, by, armNames(store, trial).token, options));
      lines.add(watermarkLine(trial.protocol, read));
      if (byArm) noteThoseWithoutArm(read.tallies, measure);
    }
    await printRows(endpointColumns, rows, options.format, ['unit']);
    for (const line of lines) console.error(line);
    if (rows.length === 0)
      console.error(
        `no participant has such a value yet: there is one once all that it rests on is mature; ask for another --item, or who has what by \`holdfast facts${options.measure === undefined ? '' : ` --measure ${options.measure}`}\``,
      );
  });
}

/** The options of a question about measures. */
export function withMeasureOptions(command: Command): Command {
  return command
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .option('--measure <measure>', 'measure of the protocol (default: every one that gives values and may be shown)')
    .option('--item <item>', 'only this visit, landmark, stretch of days (such as 1-28) or term')
    .option(
      '--missing <policy>',
      'missing-data policy, such as observed-only or worst-case; all: side by side (default: those that the protocol declares)',
    )
    .option(
      '--by <parts>',
      'split by arm, site, period, or a group or factor by its name, such as arm,site (group: every group in turn); a double-blind trial needs its key for arms and factors',
    )
    .addOption(asOfOption())
    .addOption(cutOffOption())
    .addOption(cutOption());
}

export const measuresHelp = `
Columns: ${endpointColumns.join(', ')}; in tables and JSON also the unit of the values and their mean.
A row for each kind of value, item and part. due: for how many participants the item has come due; n: of how many there is a value,
so that due less n are missing (due is empty where nothing says when a value is due). Values that only say yes or no (1 or 0) have
their proportion as mean with Wilson's 95 % interval (method wilson), all others their mean with Student's (t), which needs two
participants who differ. Quartiles interpolate, as R's do (type 7). docs/measures.md says what each kind means.`;
