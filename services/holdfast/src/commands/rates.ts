import {
  besideAllPolicies,
  chooseAxis,
  choosePolicies,
  chooseRateMeasure,
  chooseWindows,
  firstDayOf,
  parseAxisDays,
  parseBy,
  rateColumns,
  rateRows,
  tellsArms,
  tippingColumns,
} from '@holdfast/reports/rows';
import { armNames } from '@holdfast/trials';
import type { Command } from 'commander';
import { sideFor, talliesFor } from '../by-arm.ts';
import { asOfOption, cutOffOption, cutOption, knownAt } from '../known-at.ts';
import { formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseTrial, withStore } from '../store.ts';
import { noteThoseWithoutArm } from '../without-arm.ts';
import { type RatesOptions, ratesTipping } from './rates-tipping.ts';

async function rates(command: Command): Promise<void> {
  const options = command.optsWithGlobals<RatesOptions>();
  await withStore(command, 'read', async (store) => {
    const newest = chooseTrial(store, options.trial);
    const by = parseBy(options.by, newest.protocol);
    const byArm = tellsArms(by, newest.protocol);
    const axis = chooseAxis(newest.protocol, options.axis);
    const asked = parseAxisDays(axis, options.day);
    const side = sideFor(newest.protocol, chooseRateMeasure(newest.protocol, options.measure), byArm);
    const { trial, words, read: readSide } = await knownAt(store, newest, side, options);
    const { protocol } = trial;
    const measure = chooseRateMeasure(protocol, options.measure);
    const windows = chooseWindows(measure, options.window);
    const policies = choosePolicies(measure, options.missing);
    const question = `rates --measure ${measure.id} --by ${[...by].join(',')}${words}`;
    const read = await talliesFor(store, trial, measure, byArm, question, readSide);
    const showsAll = options.missing === 'all';
    const { token } = armNames(store, trial);
    const rows = rateRows(protocol, measure, read.tallies, {
      ...{ by, token, windows, policies, axis, days: asked },
      besideAll: showsAll,
    });
    await printRows(showsAll ? [...rateColumns, ...besideAllPolicies] : rateColumns, rows, options.format);
    console.error(watermarkLine(protocol, read));
    if (rows.length === 0 && axis === 'study')
      console.error(
        `${measure.id} has rates on study days ${Math.min(...windows.map((window) => firstDayOf(measure, window)))} to ${measure.horizon} only`,
      );
    if (byArm) noteThoseWithoutArm(read.tallies, measure);
    if (options.format === 'table' && asked === undefined && process.stdout.isTTY)
      console.error(`for single days add --day ${axis === 'study' ? '28,84' : '2026-03-02'}`);
  });
}

export function ratesCommand(program: Command): void {
  program
    .command('rates')
    .description('rolling rates: share abstinent, or first uses per person-day, on each study day')
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .option('--measure <measure>', 'measure of the protocol; not needed if there is only one')
    .option('--window <days>', 'length of the trailing window (default: all that the protocol declares)')
    .option(
      '--missing <policy>',
      'missing-data policy of the measure, such as observed-only, missing-is-use, carry-forward-28; worst-case, best-case; all: side by side, with the missing and the mature (default: those that the protocol declares)',
    )
    .option(
      '--by <parts>',
      'split by arm, site, period, or a group or factor by its name, such as arm,site (group: every group in turn); a double-blind trial needs its key for arms and factors',
    )
    .option('--axis <axis>', 'study (days since randomisation) or calendar (dates, where they are real)', 'study')
    .option('--day <days>', 'only these study days, such as 28,84 (default: every day from the window to the horizon)')
    .option(
      '--tipping',
      'abstinence of each arm (or level of a factor, --by drug) against the control’s, and how many of the missing could undo its lead',
    )
    .addOption(asOfOption())
    .addOption(cutOffOption())
    .addOption(cutOption())
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Columns: ${rateColumns.join(', ')}; with --missing all also ${besideAllPolicies.join(', ')}
(who is followed on the day; of them those whose window is missing, and whom the best case therefore takes for abstinent: of continuous
abstinence not who is known to have used all the same; who can count on the day; for how many of them it is mature).
Proportions (abstinent of assessable) have Wilson's 95 % interval, first-use rates per person-day the exact Poisson one.
Intervals are pointwise: they say nothing about a curve watched day after day.
With --tipping: ${tippingColumns.join(', ')}.
Rates are of the observed (observed-only), difference is rate less control_rate with Newcombe's 95 % interval, missing are those
followed whose window is not judged. tipping: the smallest number of missing participants of whichever of the two is ahead who must
have used for it to be ahead no longer, while all other missing participants of both are abstinent; 0: it is not even ahead if none
of them used; empty: its lead stands even if all of them used, or neither is ahead.`,
    )
    .action((options: RatesOptions, command: Command) => (options.tipping ? ratesTipping(command) : rates(command)));
}
