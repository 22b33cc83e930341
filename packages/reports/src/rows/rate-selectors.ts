import {
  type AbstinenceMeasure,
  CivilDate,
  civilDay,
  type FirstEventMeasure,
  hasRealDates,
  isAbstinenceMeasure,
  isFirstEventMeasure,
  type Measure,
  type Protocol,
  windowsOf,
} from '@holdfast/events';
import { type CurveDays, calendarDays, type Tallies } from '@holdfast/tallies';
import { chooseMeasure } from './choose-measure.ts';
import { QuestionRefused } from './question-refused.ts';
import { parseDays } from './selectors.ts';

/** The measures that have rates day by day. */
export type RateMeasure = AbstinenceMeasure | FirstEventMeasure;

/** The measure that a question about rates is of. */
export function chooseRateMeasure(protocol: Protocol, name: string | undefined): RateMeasure {
  const isRate = (measure: Measure): measure is RateMeasure =>
    isAbstinenceMeasure(measure) || isFirstEventMeasure(measure);
  const measures = protocol.measures.filter(isRate);
  const measure = chooseMeasure(name === undefined ? { ...protocol, measures } : protocol, name);
  if (!isRate(measure))
    throw new QuestionRefused(
      `${measure.id} has no rate by day (kind: ${measure.kind}); ask \`holdfast endpoints --measure ${measure.id}\``,
    );
  return measure;
}

export function chooseWindows(measure: RateMeasure, text: string | undefined): readonly number[] {
  const windows = windowsOf(measure);
  if (text === undefined) return windows;
  const window = Number(text);
  if (window === 0 || !windows.includes(window)) {
    const declared = windows.includes(0)
      ? 'it looks at all days from its first one on'
      : `the protocol declares ${windows.join(', ')}`;
    throw new QuestionRefused(`${measure.id} has no window of ${text} days; ${declared}`);
  }
  return [window];
}

export function choosePolicies(measure: RateMeasure, text: string | undefined): readonly (string | undefined)[] {
  if (!isAbstinenceMeasure(measure)) {
    if (text !== undefined)
      throw new QuestionRefused('--missing is for proportions only; event rates count person-days at risk');
    return [undefined];
  }
  if (text === undefined) return measure.policies;
  // What is made of the observed and the missing alone can always be shown.
  const all = [...new Set(['observed-only', ...measure.policies, 'worst-case', 'best-case'])];
  if (text === 'all') return all;
  if (!all.includes(text))
    throw new QuestionRefused(
      `${measure.id} has no policy ${text}; the protocol declares ${measure.policies.join(', ')}; worst-case, best-case and all are always there`,
    );
  return [text];
}

/** The axis that a question names; refused where a trial has none such. */
export function chooseAxis(protocol: Protocol, axis: string): 'study' | 'calendar' {
  if (axis !== 'study' && axis !== 'calendar')
    throw new QuestionRefused(`--axis ${axis} is not known; use study or calendar`);
  if (axis === 'calendar' && !hasRealDates(protocol))
    throw new QuestionRefused(
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
      if (!date.success) throw new QuestionRefused(`--day ${part} is no date; give dates such as 2026-03-02`);
      return civilDay(date.data);
    }),
  );
}

/** The days of an axis that `--day` names: study days, or dates. */
export function parseAxisDays(axis: 'study' | 'calendar', text: string | undefined): ReadonlySet<number> | undefined {
  return axis === 'study' ? parseDays(text) : parseDates(text);
}

/** The first study day on which a window of a measure can be judged. */
export function firstDayOf(measure: RateMeasure, window: number): number {
  return measure.kind === 'continuous-abstinence' ? measure.from : window;
}

/** The days of a measure's curve: study days up to the horizon, or the dates that anybody can count on. */
export function curveDaysOf(
  tallies: Tallies,
  measure: RateMeasure,
  window: number,
  axis: 'study' | 'calendar',
): CurveDays {
  return axis === 'calendar'
    ? calendarDays(tallies, measure.id)
    : { from: firstDayOf(measure, window), to: measure.horizon };
}
