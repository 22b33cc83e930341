import {
  CivilDate,
  civilDay,
  dateOf,
  hasRealDates,
  isAbstinenceMeasure,
  isFirstEventMeasure,
  type Measure,
  type Protocol,
  windowsOf,
} from '@holdfast/events';
import {
  abstinenceCurve,
  abstinenceRate,
  type CurveDays,
  calendarDays,
  eventRate,
  eventsCurve,
  maturityCurve,
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
import type { RateMeasure } from '../rate-changes.ts';
import { noteThoseWithoutArm, parseBy, parseDays, partsOf, tellsArms } from '../selectors.ts';
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

/** What `--missing all` shows beside the counts. */
const besideAll = ['due', 'missing_windows', 'randomised', 'mature'] as const;

/** The measure that a question about rates is of. */
function chooseRateMeasure(protocol: Protocol, name: string | undefined): RateMeasure {
  const isRate = (measure: Measure): measure is RateMeasure =>
    isAbstinenceMeasure(measure) || isFirstEventMeasure(measure);
  const measures = protocol.measures.filter(isRate);
  const measure = chooseMeasure(name === undefined ? { ...protocol, measures } : protocol, name);
  if (!isRate(measure))
    throw new CommandFailed(
      `${measure.id} has no rate by day (kind: ${measure.kind}); ask \`holdfast endpoints --measure ${measure.id}\``,
    );
  return measure;
}

function chooseWindows(measure: RateMeasure, text: string | undefined): readonly number[] {
  const windows = windowsOf(measure);
  if (text === undefined) return windows;
  const window = Number(text);
  if (window === 0 || !windows.includes(window)) {
    const declared = windows.includes(0)
      ? 'it looks at all days from its first one on'
      : `the protocol declares ${windows.join(', ')}`;
    throw new CommandFailed(`${measure.id} has no window of ${text} days; ${declared}`);
  }
  return [window];
}

function choosePolicies(measure: RateMeasure, text: string | undefined): readonly (string | undefined)[] {
  if (!isAbstinenceMeasure(measure)) {
    if (text !== undefined)
      throw new CommandFailed('--missing is for proportions only; event rates count person-days at risk');
    return [undefined];
  }
  if (text === undefined) return measure.policies;
  // What is made of the observed and the missing alone can always be shown.
  const all = [...new Set(['observed-only', ...measure.policies, 'worst-case', 'best-case'])];
  if (text === 'all') return all;
  if (!all.includes(text))
    throw new CommandFailed(
      `${measure.id} has no policy ${text}; the protocol declares ${measure.policies.join(', ')}; worst-case, best-case and all are always there`,
    );
  return [text];
}

type Counts = {
  day: number;
  abstinent?: number;
  assessable?: number;
  events?: number;
  personDays?: number;
  due?: number;
  missing?: number;
  rate: Rate;
};

function countsOf(
  tallies: Tallies,
  measure: RateMeasure,
  window: number,
  policy: string | undefined,
  days: CurveDays,
  slice: Slice,
): Counts[] {
  if (isAbstinenceMeasure(measure)) {
    const curve = abstinenceCurve(tallies, { measure: measure.id, window, policy: policy ?? '' }, days, slice);
    return curve.map((day) => ({ ...day, rate: abstinenceRate(day) }));
  }
  return eventsCurve(tallies, { measure: measure.id, window }, days, slice).map((day) => ({
    ...day,
    rate: eventRate(day),
  }));
}

/** The axis that a question names; refused where a trial has none such. */
function chooseAxis(protocol: Protocol, axis: string): 'study' | 'calendar' {
  if (axis !== 'study' && axis !== 'calendar')
    throw new CommandFailed(`--axis ${axis} is not known; use study or calendar`);
  if (axis === 'calendar' && !hasRealDates(protocol))
    throw new CommandFailed(
      `${protocol.trial} has no calendar axis: its dates were invented when its tables were imported, so they say nothing of when people came in; use --axis study, or declare \`dates: real\` in the protocol if they are real`,
    );
  return axis;
}

/** The days of the calendar that `--day` names. */
function parseDates(text: string | undefined): ReadonlySet<number> | undefined {
  if (text === undefined) return undefined;
  return new Set(
    text.split(',').map((part) => {
      const date = CivilDate.safeParse(part.trim());
      if (!date.success) throw new CommandFailed(`--day ${part} is no date; give dates such as 2026-03-02`);
      return civilDay(date.data);
    }),
  );
}

async function rates(command: Command): Promise<void> {
  const options = command.optsWithGlobals<RatesOptions>();
  await withStore(command, 'read', async (store) => {
    const newest = chooseTrial(store, options.trial);
    const by = parseBy(options.by, newest.protocol);
    const byArm = tellsArms(by, newest.protocol);
    const axis = chooseAxis(newest.protocol, options.axis);
    const asked = axis === 'study' ? parseDays(options.day) : parseDates(options.day);
    const side = sideFor(newest.protocol, chooseRateMeasure(newest.protocol, options.measure), byArm);
    const { trial, words, read: readSide } = await knownAt(store, newest, side, options);
    const { protocol } = trial;
    const measure = chooseRateMeasure(protocol, options.measure);
    const windows = chooseWindows(measure, options.window);
    const policies = choosePolicies(measure, options.missing);
    const question = `rates --measure ${measure.id} --by ${[...by].join(',')}${words}`;
    const read = await talliesFor(store, trial, measure, byArm, question, readSide);
    const firstDay = (window: number) => (measure.kind === 'continuous-abstinence' ? measure.from : window);
    const daysOf = (window: number): CurveDays =>
      axis === 'calendar' ? calendarDays(read.tallies, measure.id) : { from: firstDay(window), to: measure.horizon };
    const showsAll = options.missing === 'all';
    const rows: Value[][] = [];
    for (const window of windows) {
      for (const policy of policies) {
        for (const { arm, site, group, slice } of partsOf(protocol, by, armNames(store, trial).token, read.tallies)) {
          const [days, part] = [daysOf(window), { ...slice, axis }];
          const maturity = showsAll ? maturityCurve(read.tallies, measure.id, days, part) : [];
          for (const [i, counts] of countsOf(read.tallies, measure, window, policy, days, part).entries()) {
            const { day, abstinent, assessable, events, personDays, due, missing, rate } = counts;
            if (asked !== undefined && !asked.has(day)) continue;
            const { rate: value, lower, upper, method } = rate;
            const shownDay = axis === 'study' ? day : dateOf(day);
            const shownWindow = window === 0 ? undefined : window;
            const key = [protocol.trial, measure.id, shownWindow, policy, arm, site, group, axis, shownDay];
            const beside = showsAll ? [due, missing, maturity[i]?.randomised, maturity[i]?.mature] : [];
            rows.push([...key, abstinent, assessable, events, personDays, value, lower, upper, method, ...beside]);
          }
        }
      }
    }
    await printRows(showsAll ? [...columns, ...besideAll] : columns, rows, options.format);
    console.error(watermarkLine(protocol, read));
    if (rows.length === 0 && axis === 'study')
      console.error(
        `${measure.id} has rates on study days ${Math.min(...windows.map(firstDay))} to ${measure.horizon} only`,
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
    .addOption(asOfOption())
    .addOption(cutOffOption())
    .addOption(cutOption())
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Columns: ${columns.join(', ')}; with --missing all also ${besideAll.join(', ')}
(who is followed on the day, of how many of them the window is missing, who can count on the day, for how many it is mature).
Proportions (abstinent of assessable) have Wilson's 95 % interval, first-use rates per person-day the exact Poisson one.
Intervals are pointwise: they say nothing about a curve watched day after day.`,
    )
    .action((_options, command: Command) => rates(command));
}
