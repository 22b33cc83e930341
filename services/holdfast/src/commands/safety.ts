import { isSafetyMeasure, type Protocol, type SafetyMeasure } from '@holdfast/events';
import { isOpenMeasure } from '@holdfast/outcomes';
import { chooseMeasure, parseBy, safetyColumns, safetyRows, tellsArms, type Value } from '@holdfast/reports/rows';
import { armNames, type TrialTallies } from '@holdfast/trials';
import type { Command } from 'commander';
import { sideFor, talliesFor } from '../by-arm.ts';
import { CommandFailed } from '../command-failed.ts';
import { asOfOption, cutOffOption, cutOption, type KnownAt, type KnownOptions, knownAt } from '../known-at.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseTrial, type Store, withStore } from '../store.ts';
import { noteThoseWithoutArm } from '../without-arm.ts';

type SafetyOptions = KnownOptions & {
  readonly trial?: string;
  readonly measure?: string;
  readonly by?: string;
  readonly format: Format;
};

/** The named measure of safety; without a name all that may be shown, and the others are told of. */
function chooseMeasures(store: Store, protocol: Protocol, name: string | undefined): readonly SafetyMeasure[] {
  const { trial } = protocol;
  const declared = protocol.measures.filter(isSafetyMeasure);
  if (name !== undefined) {
    const measure = chooseMeasure(protocol, name);
    if (!isSafetyMeasure(measure))
      throw new CommandFailed(
        `${name} is no measure of safety (kind: ${measure.kind}); use ${declared.map(({ id }) => id).join(', ') || 'another command'}`,
      );
    return [measure];
  }
  if (declared.length === 0)
    throw new CommandFailed(
      `${trial} declares no measure of safety; declare one of kind adverse-events, suicidality or vital-peaks`,
    );
  const shown = declared.filter((measure) => isOpenMeasure(measure, protocol) || store.keys.has(trial));
  const hidden = declared.filter((measure) => !shown.includes(measure)).map(({ id }) => id);
  if (hidden.length > 0)
    console.error(`not shown without the trial’s key (--key FILE or HOLDFAST_KEY): ${hidden.join(', ')}`);
  if (shown.length === 0) throw new CommandFailed(`all measures of safety of ${trial} need its key`);
  return shown;
}

async function safety(command: Command): Promise<void> {
  const options = command.optsWithGlobals<SafetyOptions>();
  await withStore(command, 'read', async (store) => {
    const newest = chooseTrial(store, options.trial);
    const by = parseBy(options.by, newest.protocol);
    if (by.has('period'))
      throw new CommandFailed('safety is of all of a participant’s time, not of a period; split it by something else');
    const byArm = tellsArms(by, newest.protocol);
    const states = new Map<'open' | 'closed', { known: KnownAt; read: Promise<TrialTallies> | undefined }>();
    const stateOf = async (side: 'open' | 'closed') => {
      const state = states.get(side) ?? { known: await knownAt(store, newest, side, options), read: undefined };
      states.set(side, state);
      return state;
    };
    const rows: Value[][] = [];
    for (const { id } of chooseMeasures(store, newest.protocol, options.measure)) {
      const side = sideFor(newest.protocol, chooseMeasure(newest.protocol, id), byArm);
      const state = await stateOf(side);
      const { trial, words, read: readSide } = state.known;
      const { protocol } = trial;
      const measure = chooseMeasure(protocol, id);
      if (!isSafetyMeasure(measure)) throw new CommandFailed(`${id} is no measure of safety in this version`);
      const question = `safety --measure ${id} --by ${[...by].join(',')}${words}`;
      // A past state is folded once, whatever is asked of it.
      const once = readSide && ((of: 'open' | 'closed') => (state.read ??= readSide(of)));
      const read = await talliesFor(store, trial, measure, byArm, question, once);
      const { token } = armNames(store, trial);
      rows.push(...safetyRows(protocol, measure, read.tallies, { by, token }));
      console.error(`${id}: ${watermarkLine(protocol, read)}`);
      if (byArm) noteThoseWithoutArm(read.tallies, measure);
    }
    await printRows(safetyColumns, rows, options.format);
  });
}

export function safetyCommand(program: Command): void {
  program
    .command('safety')
    .description('adverse events, suicidality, and blood pressure and heart rate after a dose')
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .option('--measure <measure>', 'measure of safety of the protocol (default: all that may be shown)')
    .option(
      '--by <parts>',
      'split by arm, site, or a group or factor by its name, such as arm,site (group: every group in turn); a double-blind trial needs its key for arms and factors, and each look is recorded',
    )
    .addOption(asOfOption())
    .addOption(cutOffOption())
    .addOption(cutOption())
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Columns: ${safetyColumns.join(', ')}; what does not apply is empty.
adverse-events: kind any, class (system organ class) and term, by class and in it by frequency; participants are all who were
  followed, n those with at least one, grade_1 … grade_5 the same by their worst; events and serious count events, of which a
  participant may have several. person_years (of 365.25 days) end with follow-up; the rate is of events, and its interval the exact
  Poisson one: too narrow where few participants have many events.
suicidality (C-SSRS): kind ideation-before (at baseline), ideation (worst since; item any: type 1 to 5, intent: 4 or 5, type-1 …),
  rose (by as many types as the protocol says), behaviour; participants are those who were asked.
vital-peaks: kind systolic, diastolic (mmHg) and heart-rate (per minute): mean, median and highest of the participants’ peaks; kind
  severe: n at or above the protocol’s limit; item any or session-N.
percent, lower and upper: per cent, with Wilson's 95 % interval.
By-arm safety needs the key only, not the end of the trial. Pooled numbers are shown whole to whoever may run this command: cells
of fewer than 5 participants are not suppressed, so do not hand them on to blinded people by small parts.`,
    )
    .action((_options, command: Command) => safety(command));
}
