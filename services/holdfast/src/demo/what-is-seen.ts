import type { Protocol } from '@holdfast/events';
import { twoFactors } from '@holdfast/reports/rows';
import {
  type AbstinenceQuestion,
  abstinenceCurve,
  abstinenceRate,
  type Contrast,
  distribution,
  type FactorialCell,
  factorialContrasts,
  type Slice,
  survivalCurve,
  type Tallies,
} from '@holdfast/tallies';
import { terminalCurves } from '../output/terminal-curves.ts';

export const abstinence = {
  measure: 'alcohol-abstinence',
  window: 28,
  policy: 'observed-only',
} satisfies AbstinenceQuestion;
export const relapse = 'heavy-drinking-relapse';
export const daysAbstinent = {
  measure: 'percent-days-abstinent',
  kind: 'days',
  item: '1-180',
  policy: 'observed-only',
};
export const shownDays = [28, 84, 180];
const nameWidth = 24;

const percent = (value: number | undefined) => (value === undefined ? '–' : `${(100 * value).toFixed(0)} %`);
const points = (value: number | undefined) =>
  value === undefined ? '–' : `${value < 0 ? '−' : '+'}${Math.abs(100 * value).toFixed(1)}`;

const countsOn = (tallies: Tallies, day: number, slice: Slice) =>
  abstinenceCurve(tallies, abstinence, { from: day, to: day }, slice)[0] ?? { day, abstinent: 0, assessable: 0 };

export const daysHeading =
  `  ${''.padEnd(nameWidth)}${shownDays.map((day) => `day ${day}`.padEnd(34)).join('')}`.trimEnd();

/** Rolling abstinence of a part of the trial on the shown days. */
export function abstinenceLine(tallies: Tallies, slice: Slice, label: string): string {
  const cells = shownDays.map((day) => {
    const counts = countsOn(tallies, day, slice);
    const { rate, lower, upper } = abstinenceRate(counts);
    const shown = `${`${counts.abstinent}/${counts.assessable}`.padStart(7)} ${percent(rate).padStart(5)} (${percent(lower)} to ${percent(upper)})`;
    return shown.padEnd(34);
  });
  return `  ${label.padEnd(nameWidth)}${cells.join('')}`.trimEnd();
}

/** Who has relapsed by the last shown day, by Kaplan and Meier's estimate. */
export function relapseLine(tallies: Tallies, slice: Slice, label: string): string {
  const day = shownDays.at(-1) ?? 0;
  const curve = survivalCurve(tallies, relapse, slice).filter((one) => one.day <= day);
  const { survival, lower, upper } = curve.at(-1) ?? {};
  const less = (share: number | undefined) => (share === undefined ? undefined : 1 - share);
  const events = curve.reduce((sum, one) => sum + one.events, 0);
  return `  ${label.padEnd(nameWidth)}${`${events} relapses`.padStart(13)}   ${percent(less(survival)).padStart(5)} (${percent(less(upper))} to ${percent(less(lower))})`;
}

/** The main effects of both factors on abstinence at the last shown day, and on percent days abstinent. */
export function mainEffects(tallies: Tallies, protocol: Protocol, token: (arm: string) => string): string[] {
  const factors = twoFactors(protocol);
  const day = shownDays.at(-1) ?? 0;
  const effects = (cellIn: (slice: Slice) => FactorialCell) => {
    const [first, second] = factors;
    const at = (a: string, b: string) => {
      const arms = protocol.arms.filter((arm) => arm.factors?.[first.name] === a && arm.factors?.[second.name] === b);
      return cellIn({ arms: new Set(arms.map(({ id }) => token(id))) });
    };
    const found = factorialContrasts({
      neither: at(first.reference, second.reference),
      onlyFirst: at(first.level, second.reference),
      onlySecond: at(first.reference, second.level),
      both: at(first.level, second.level),
    });
    return [found.first.main, found.second.main];
  };
  const shown = ({ value, lower, upper }: Contrast) =>
    `${points(value)} points (${points(lower)} to ${points(upper)})`.padEnd(36);
  const onDay = effects((slice) => {
    const { abstinent, assessable } = countsOn(tallies, day, slice);
    return { events: abstinent, n: assessable };
  });
  const ofDays = effects((slice) => ({ valued: distribution(tallies, daysAbstinent, slice) }));
  const heading = `  ${''.padEnd(nameWidth + 16)}${`abstinent at day ${day}`.padEnd(36)}percent days abstinent`;
  const lines = factors.map(({ level, reference }, i) => {
    const [share, mean] = [onDay[i], ofDays[i]];
    return `  ${`${level} less ${reference}`.padEnd(nameWidth + 16)}${share && shown(share)}${mean && shown(mean)}`.trimEnd();
  });
  return [heading, ...lines];
}

/** The curves of rolling abstinence, arm by arm or of all together. */
export function abstinenceCurves(
  tallies: Tallies,
  parts: readonly { readonly name: string; readonly mark: string; readonly slice: Slice }[],
): string {
  const days = { from: abstinence.window, to: shownDays.at(-1) ?? 0 };
  return terminalCurves(
    parts.map(({ name, mark, slice }) => ({
      name,
      mark,
      points: abstinenceCurve(tallies, abstinence, days, slice)
        .filter(({ assessable }) => assessable > 0)
        .map(({ day, abstinent, assessable }) => ({ day, share: abstinent / assessable })),
    })),
  );
}
