import type { Measure } from '@holdfast/events';
import {
  abstinenceCurve,
  abstinenceRate,
  firstUseCurve,
  firstUseRate,
  type Rate,
  type Slice,
  type Tallies,
} from '@holdfast/tallies';
import type { Command } from 'commander';
import { armNames, sideFor, talliesFor } from '../by-arm.ts';
import { CommandFailed } from '../command-failed.ts';
import { asOfOption, cutOffOption, cutOption, type KnownOptions, knownAt } from '../known-at.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows, type Value } from '../output/print-rows.ts';
import { watermarkLine } from '../output/watermark.ts';
import { noteThoseWithoutArm, parseBy, parseDays, partsOf } from '../selectors.ts';
import { chooseMeasure, chooseTrial, withStore } from '../store.ts';

const columns = [
  'trial',
  'measure',
  'window_days',
  'missing',
  'arm',
  'site',
  'group',
  'axis',
  'day',
  'abstinent',
  'assessable',
  'events',
  'person_days',
  'rate',
  'lower',
  'upper',
  'method',
] as const;

type RatesOptions = KnownOptions & {
  readonly trial?: string;
  readonly measure?: string;
  readonly window?: string;
  readonly missing?: string;
  readonly by?: string;
  readonly axis: string;
  readonly day?: string;
  readonly format: Format;
};

function chooseWindows(measure: Measure, text: string | undefined): readonly number[] {
  if (text === undefined) return measure.windows;
  const window = Number(text);
  if (!measure.windows.includes(window)) {
    throw new CommandFailed(
      `${measure.id} has no window of ${text} days; the protocol declares ${measure.windows.join(', ')}`,
    );
  }
  return [window];
}

function choosePolicies(measure: Measure, text: string | undefined): readonly (string | undefined)[] {
  if (measure.kind !== 'rolling-abstinence') {
    if (text !== undefined)
      throw new CommandFailed('--missing is for proportions only; event rates count person-days at risk');
    return [undefined];
  }
  if (text === undefined || text === 'all') return measure.policies;
  const policy = measure.policies.find((declared) => declared === text);
  if (policy === undefined)
    throw new CommandFailed(
      `${measure.id} has no policy ${text}; the protocol declares ${measure.policies.join(', ')} (or all)`,
    );
  return [policy];
}

type Counts = {
  day: number;
  abstinent?: number;
  assessable?: number;
  events?: number;
  personDays?: number;
  rate: Rate;
};

function countsOf(
  tallies: Tallies,
  measure: Measure,
  window: number,
  policy: string | undefined,
  slice: Slice,
): Counts[] {
  const { id, horizon } = measure;
  if (measure.kind === 'rolling-abstinence') {
    const curve = abstinenceCurve(tallies, { measure: id, window, policy: policy ?? '', horizon }, slice);
    return curve.map((day) => ({ ...day, rate: abstinenceRate(day) }));
  }
  return firstUseCurve(tallies, { measure: id, window, horizon }, slice).map((day) => ({
    ...day,
    rate: firstUseRate(day),
  }));
}

async function rates(command: Command): Promise<void> {
  const options = command.optsWithGlobals<RatesOptions>();
  if (options.axis === 'calendar') throw new CommandFailed('--axis calendar is not there yet; use --axis study');
  if (options.axis !== 'study') throw new CommandFailed(`--axis ${options.axis} is not known; use study`);
  const by = parseBy(options.by);
  const days = parseDays(options.day);
  await withStore(command, 'read', async (store) => {
    const newest = chooseTrial(store, options.trial);
    const side = sideFor(newest.protocol, chooseMeasure(newest.protocol, options.measure), by.has('arm'));
    const { trial, words, read: readSide } = await knownAt(store, newest, side, options);
    const { protocol } = trial;
    const measure = chooseMeasure(protocol, options.measure);
    const windows = chooseWindows(measure, options.window);
    const policies = choosePolicies(measure, options.missing);
    const question = `rates --measure ${measure.id} --by ${[...by].join(',')}${words}`;
    const read = await talliesFor(store, trial, measure, by.has('arm'), question, readSide);
    const rows: Value[][] = [];
    for (const window of windows) {
      for (const policy of policies) {
        for (const { arm, site, slice } of partsOf(protocol, by, armNames(store, trial).token)) {
          for (const { day, abstinent, assessable, events, personDays, rate } of countsOf(
            read.tallies,
            measure,
            window,
            policy,
            slice,
          )) {
            if (days !== undefined && !days.has(day)) continue;
            const { rate: value, lower, upper, method } = rate;
            const key = [protocol.trial, measure.id, window, policy, arm, site, undefined, 'study', day];
            rows.push([...key, abstinent, assessable, events, personDays, value, lower, upper, method]);
          }
        }
      }
    }
    await printRows(columns, rows, options.format);
    console.error(watermarkLine(protocol, read));
    if (rows.length === 0)
      console.error(`${measure.id} has rates on study days ${Math.min(...windows)} to ${measure.horizon} only`);
    if (by.has('arm')) noteThoseWithoutArm(read.tallies, measure);
    if (options.format === 'table' && days === undefined && process.stdout.isTTY)
      console.error('for single study days add --day 28,84');
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
      'missing-data policy of the measure, such as observed-only, missing-is-use, carry-forward-28; or all (the default), side by side',
    )
    .option('--by <parts>', 'split by arm, site or arm,site; a double-blind trial needs its key for arm')
    .option('--axis <axis>', 'study (days since randomisation)', 'study')
    .option('--day <days>', 'only these study days, such as 28,84 (default: every day from the window to the horizon)')
    .addOption(asOfOption())
    .addOption(cutOffOption())
    .addOption(cutOption())
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Columns: ${columns.join(', ')}.
Proportions (abstinent of assessable) have Wilson's 95 % interval, first-use rates per person-day the exact Poisson one.
Intervals are pointwise: they say nothing about a curve watched day after day.`,
    )
    .action((_options, command: Command) => rates(command));
}
