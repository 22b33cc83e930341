import {
  chooseAbstinence,
  chooseAxis,
  chooseWindows,
  firstDayOf,
  pairsOf,
  parseAxisDays,
  parseBy,
  tippingColumns,
  tippingRows,
} from '@holdfast/reports/rows';
import { armNames } from '@holdfast/trials';
import type { Command } from 'commander';
import { sideFor, talliesFor } from '../by-arm.ts';
import { CommandFailed } from '../command-failed.ts';
import { type KnownOptions, knownAt } from '../known-at.ts';
import type { Format } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseTrial, withStore } from '../store.ts';
import { noteThoseWithoutArm } from '../without-arm.ts';

/** What a question about rates may say. */
export type RatesOptions = KnownOptions & {
  readonly trial?: string;
  readonly measure?: string;
  readonly window?: string;
  readonly missing?: string;
  readonly by?: string;
  readonly axis: string;
  readonly day?: string;
  readonly tipping?: boolean;
  readonly format: Format;
};

/** Each arm's abstinence beside the control's, day by day, and how many of the missing could undo the lead. */
export async function ratesTipping(command: Command): Promise<void> {
  const options = command.optsWithGlobals<RatesOptions>();
  if (options.missing !== undefined)
    throw new CommandFailed(
      '--missing does not go with --tipping: it compares those observed, and says how many of the missing could undo it',
    );
  await withStore(command, 'read', async (store) => {
    const newest = chooseTrial(store, options.trial);
    const axis = chooseAxis(newest.protocol, options.axis);
    const asked = parseAxisDays(axis, options.day);
    const side = sideFor(newest.protocol, chooseAbstinence(newest.protocol, options.measure), true);
    const { trial, words, read: readSide } = await knownAt(store, newest, side, options);
    const { protocol } = trial;
    const by = parseBy(options.by, protocol);
    const measure = chooseAbstinence(protocol, options.measure);
    const windows = chooseWindows(measure, options.window);
    const { token } = armNames(store, trial);
    pairsOf(protocol, by, token);
    const question = `rates --tipping --measure ${measure.id} --by ${[...by].join(',')}${words}`;
    const read = await talliesFor(store, trial, measure, true, question, readSide);
    const rows = tippingRows(protocol, measure, read.tallies, { by, token, windows, axis, days: asked });
    await printRows(tippingColumns, rows, options.format);
    console.error(watermarkLine(protocol, read));
    if (rows.length === 0 && axis === 'study')
      console.error(
        `${measure.id} has rates on study days ${Math.min(...windows.map((window) => firstDayOf(measure, window)))} to ${measure.horizon} only`,
      );
    noteThoseWithoutArm(read.tallies, measure);
  });
}
