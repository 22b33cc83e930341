import { type AbstinenceMeasure, dateOf, isAbstinenceMeasure, type Protocol } from '@holdfast/events';
import { abstinenceCurve, type ComparedDay, comparedAbstinence, type Slice, type Tallies } from '@holdfast/tallies';
import { chooseMeasure } from './choose-measure.ts';
import { QuestionRefused } from './question-refused.ts';
import { curveDaysOf } from './rate-selectors.ts';
import { type By, controlArm, factorsOf, partsOf } from './selectors.ts';
import type { Value } from './value.ts';

/** What is compared with what; the other columns are what that comes to. */
export const tippingKeys = [
  'trial',
  'measure',
  'window_days',
  'axis',
  'day',
  'arm',
  'control',
  'site',
  'group',
] as const;

export const tippingColumns = [
  ...tippingKeys,
  'rate',
  'control_rate',
  'difference',
  'lower',
  'upper',
  'missing',
  'control_missing',
  'tipping',
  'method',
] as const;

/** The abstinence that a comparison is of: the named one, or the only one there is. */
export function chooseAbstinence(protocol: Protocol, name: string | undefined): AbstinenceMeasure {
  const measures = protocol.measures.filter(isAbstinenceMeasure);
  if (measures.length === 0)
    throw new QuestionRefused(
      `${protocol.trial} declares no abstinence (kind: rolling-abstinence or continuous-abstinence), and tipping is of nothing else`,
    );
  const measure = chooseMeasure(name === undefined ? { ...protocol, measures } : protocol, name);
  if (!isAbstinenceMeasure(measure))
    throw new QuestionRefused(
      `${measure.id} is no share of participants who are abstinent (kind: ${measure.kind}), and tipping is of nothing else; use ${measures.map(({ id }) => id).join(', ')}`,
    );
  return measure;
}

/** An arm, or a level of a factor, and what it is compared with. */
type Pair = {
  readonly arm: string;
  readonly control: string;
  readonly of: ReadonlySet<string>;
  readonly than: ReadonlySet<string>;
};

/** Every arm beside the control arm; or every level of the factor that is asked for beside the control arm's. */
export function pairsOf(protocol: Protocol, by: By, token: (arm: string) => string): Pair[] {
  const control = controlArm(protocol);
  const factors = [...factorsOf(protocol)].filter(([factor]) => by.has(factor));
  const [asked, ...more] = factors;
  if (more.length > 0 || (asked !== undefined && by.has('arm')))
    throw new QuestionRefused(
      `--tipping compares arms, or the levels of one factor; give one of ${[...(by.has('arm') ? ['arm'] : []), ...factors.map(([factor]) => factor)].join(', ')}`,
    );
  if (asked === undefined) {
    const set = (id: string) => new Set([token(id)]);
    return protocol.arms
      .filter(({ id }) => id !== control.id)
      .map(({ id }) => ({ arm: id, control: control.id, of: set(id), than: set(control.id) }));
  }
  const [factor, levels] = asked;
  const of = (level: string) =>
    new Set(protocol.arms.filter((arm) => arm.factors?.[factor] === level).map(({ id }) => token(id)));
  const reference = control.factors?.[factor];
  if (reference === undefined)
    throw new QuestionRefused(
      `the control arm ${control.id} has no level of ${factor}, so there is nothing to compare with; declare it under its factors`,
    );
  return levels
    .filter((level) => level !== reference)
    .map((level) => ({
      arm: `${factor}=${level}`,
      control: `${factor}=${reference}`,
      of: of(level),
      than: of(reference),
    }));
}

/** What of a measure's abstinence is compared. */
export type AskedTipping = {
  readonly by: By;
  readonly token: (arm: string) => string;
  readonly windows: readonly number[];
  readonly axis: 'study' | 'calendar';
  /** Undefined: every day of the curve. */
  readonly days: ReadonlySet<number> | undefined;
};

/** Each arm beside the control, a row for each window, part of the trial and day, under `tippingColumns`. */
export function tippingRows(
  protocol: Protocol,
  measure: AbstinenceMeasure,
  tallies: Tallies,
  { by, token, windows, axis, days: asked }: AskedTipping,
): Value[][] {
  const pairs = pairsOf(protocol, by, token);
  const factors = factorsOf(protocol);
  const others = new Set([...by].filter((name) => name !== 'arm' && !factors.has(name)));
  const rows: Value[][] = [];
  for (const window of windows) {
    const days = curveDaysOf(tallies, measure, window, axis);
    const curve = (slice: Slice): (ComparedDay & { readonly day: number })[] => {
      const under = (policy: string) =>
        abstinenceCurve(tallies, { measure: measure.id, window, policy }, days, { ...slice, axis });
      const followed = under('worst-case');
      return under('observed-only').flatMap((observed, i) => {
        const everybody = followed[i];
        return everybody === undefined ? [] : [{ day: observed.day, observed, followed: everybody }];
      });
    };
    for (const { arm, control, of, than } of pairs) {
      for (const { site, group, slice } of partsOf(protocol, others, token, tallies)) {
        const controls = curve({ ...slice, arms: than });
        for (const [i, day] of curve({ ...slice, arms: of }).entries()) {
          const onDay = controls[i];
          if (onDay === undefined || (asked !== undefined && !asked.has(day.day))) continue;
          const compared = comparedAbstinence(day, onDay);
          rows.push([
            ...[protocol.trial, measure.id, window === 0 ? undefined : window, axis],
            ...[axis === 'study' ? day.day : dateOf(day.day), arm, control, site, group],
            ...[compared.rate, compared.controlRate, compared.difference, compared.lower, compared.upper],
            ...[compared.missing, compared.controlMissing, compared.tipping, 'newcombe'],
          ]);
        }
      }
    }
  }
  return rows;
}
