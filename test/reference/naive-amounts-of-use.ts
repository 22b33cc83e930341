import { civilDay, type HeavyDay, type Stretch } from '@holdfast/events';
import {
  inControlledEnvironment,
  isMatureOn,
  isTakenOut,
  knownOn,
  lastStudyDay,
  studyDays,
  type ToldOfUse,
  wordsOf,
} from './naive-days.ts';
import type { NaiveFacts, NaiveTold, NaiveValue } from './naive-kinds.ts';

type Calendared = { readonly amount?: number | undefined; readonly unit?: string | undefined };

/** Of one substance on one day, in thousandths: 0 if it was asked about and not used, NaN if nobody knows, undefined if not asked. */
function ofSubstance(told: ToldOfUse, id: string, day: number, unit: string): number | undefined {
  const { protocol, observations, dayZero } = told;
  const declared = protocol.substances.find((one) => one.id === id);
  const perUnit = declared?.gramsPerUnit;
  const inUnit = ({ amount, unit: given = declared?.unit }: Calendared): number => {
    if (amount === undefined || given === undefined) return Number.NaN;
    if (given === unit) return amount;
    if (perUnit === undefined) return Number.NaN;
    if (unit === 'g' && given === declared?.unit) return amount * perUnit;
    if (unit === declared?.unit && given === 'g') return amount / perUnit;
    return Number.NaN;
  };
  const said: { readonly recall: number; readonly thousandths: number }[] = [];
  for (const observation of observations) {
    if (observation.type !== 'use-calendar' || observation.data.informant !== 'participant') continue;
    const { from, to, complete, days, interview } = observation.data;
    const recall = civilDay(interview) - dayZero - day;
    const listed = Object.entries(days).find(([date]) => civilDay(date) === dayZero + day)?.[1] ?? {};
    if (Object.hasOwn(listed, id)) {
      const thousandths = Math.round(inUnit(listed[id] ?? {}) * 1000);
      said.push({ recall, thousandths: thousandths === 0 ? 1 : thousandths });
    } else if (complete && civilDay(from) <= dayZero + day && dayZero + day <= civilDay(to)) {
      said.push({ recall, thousandths: 0 });
    }
  }
  if (said.length === 0) return undefined;
  const shortest = Math.min(...said.map(({ recall }) => recall));
  const heard = said.filter(({ recall }) => recall === shortest).map(({ thousandths }) => thousandths);
  const known = heard.filter((thousandths) => thousandths > 0);
  if (known.length > 0) return Math.max(...known);
  return heard.some(Number.isNaN) ? Number.NaN : 0;
}

/** Thousandths of all of a measure's substances; undefined where nobody knows of one of them. */
function inCalendar(told: ToldOfUse, day: number, unit: string): number | undefined {
  let sum = 0;
  for (const id of told.measure.substances) {
    const thousandths = ofSubstance(told, id, day, unit);
    if (thousandths === undefined || Number.isNaN(thousandths)) return undefined;
    sum += thousandths;
  }
  return sum;
}

/** What the calendar says, but where it says nothing was used while another source says that something was. */
function amountOn(told: ToldOfUse, day: number, unit: string): number | undefined {
  const thousandths = inCalendar(told, day, unit);
  const { word, confirming } = wordsOf(told, day);
  return thousandths === 0 && (word === 'use' || confirming === 'use') ? undefined : thousandths;
}

/** The stretches that have come due, with their days at risk, and what is said of each. */
function byStretch(
  told: ToldOfUse & { readonly measure: { readonly over: readonly Stretch[] } },
  say: (days: readonly number[]) => readonly Omit<NaiveValue, 'item'>[],
): NaiveFacts {
  const values: NaiveValue[] = [];
  for (const { from, to } of told.measure.over) {
    const all = studyDays(from, to);
    if (!all.every((day) => day <= lastStudyDay(told) && isMatureOn(told, day))) continue;
    const atRisk = all.filter((day) => !isTakenOut(told, day));
    if (atRisk.length === 0) continue;
    const due = { kind: 'due', policy: '', value: 1, of: 1 };
    for (const value of [due, ...say(atRisk)]) values.push({ ...value, item: `${from}-${to}` });
  }
  return { values };
}

type Baseline = NaiveTold<'no-heavy-days'>['baseline'];

function heavinessOn(
  told: ToldOfUse & { readonly baseline: Baseline },
  heavy: HeavyDay,
  day: number,
): 'heavy' | 'light' | 'none' | 'nothing' {
  const known = knownOn(told, day);
  if (known === 'nothing') return 'nothing';
  if (known === 'abstinent') return 'none';
  const thousandths = amountOn(told, day, 'g');
  const grams =
    typeof heavy.atLeastGrams === 'number'
      ? heavy.atLeastGrams
      : Object.entries(heavy.atLeastGrams).find(([value]) => 'by' in heavy && value === told.baseline[heavy.by])?.[1];
  if (thousandths === undefined || grams === undefined) return 'nothing';
  return thousandths / 1000 >= grams ? 'heavy' : 'light';
}

const always = <P extends string>(policies: readonly P[]) => [
  'observed-only' as const,
  ...policies.filter((policy) => policy !== 'observed-only'),
];

export function naiveDaysOfUse(told: NaiveTold<'days-of-use'>): NaiveFacts {
  const { measure, protocol } = told;
  const { counts, heavy } = measure;
  // What each day is taken to be: one that is counted, one that is not, or missing.
  const wordFor = (day: number): 'yes' | 'no' | 'missing' => {
    if (counts !== 'heavy') {
      const known = knownOn(told, day);
      return known === 'nothing' ? 'missing' : known === counts ? 'yes' : 'no';
    }
    if (heavy === undefined) throw new Error('heavy days need to be said');
    const found = heavinessOn(told, heavy, day);
    return found === 'nothing' ? 'missing' : found === 'heavy' ? 'yes' : 'no';
  };
  return byStretch(told, (days) =>
    always(measure.policies).flatMap((policy) => {
      let value = 0;
      let of = 0;
      for (const day of days) {
        const word = wordFor(day);
        if (policy === 'observed-only') {
          if (word === 'missing') continue;
        } else if (day > protocol.plannedFollowUp) continue;
        of += 1;
        const filled = policy === 'best-case' ? counts === 'abstinent' : counts !== 'abstinent';
        if (word === 'yes' || (word === 'missing' && filled)) value += 1;
      }
      return of === 0 ? [] : [{ kind: 'days', policy, value, of }];
    }),
  );
}

export function naiveAmount(told: NaiveTold<'amount'>): NaiveFacts {
  const { measure } = told;
  return byStretch(told, (days) => {
    let value = 0;
    let of = 0;
    for (const day of days) {
      const thousandths = amountOn(told, day, measure.unit);
      if (thousandths === undefined) continue;
      if (measure.per === 'using-day' && thousandths === 0) continue;
      value += thousandths;
      of += 1000;
    }
    return of === 0 ? [] : [{ kind: 'amount', policy: '', value, of }];
  });
}

export function naiveNoHeavyDays(told: NaiveTold<'no-heavy-days'>): NaiveFacts {
  const { measure, protocol } = told;
  return byStretch(told, (days) =>
    always(measure.policies).flatMap((policy) => {
      const looked = policy === 'observed-only' ? days : days.filter((day) => day <= protocol.plannedFollowUp);
      if (looked.length === 0) return [];
      const found = looked.map((day) => heavinessOn(told, measure.heavy, day));
      const isAnyMissing = found.includes('nothing');
      if (policy === 'observed-only' && isAnyMissing) return [];
      let value = found.includes('heavy') ? 0 : 1;
      if (isAnyMissing && policy !== 'best-case') value = 0;
      return [{ kind: 'no-heavy-days', policy, value, of: 1 }];
    }),
  );
}

function level(thousandths: readonly (number | undefined)[], isFemale: boolean): number | undefined {
  const known = thousandths.filter((one) => one !== undefined);
  if (known.length === 0) return undefined;
  const gramsADay = known.reduce((sum, one) => sum + one, 0) / 1000 / known.length;
  if (gramsADay === 0) return 0;
  if (gramsADay <= (isFemale ? 20 : 40)) return 1;
  if (gramsADay <= (isFemale ? 40 : 60)) return 2;
  if (gramsADay <= (isFemale ? 60 : 100)) return 3;
  return 4;
}

export function naiveRiskLevel(told: NaiveTold<'risk-level'>): NaiveFacts {
  const { measure, baseline } = told;
  const sex = Object.entries(baseline).find(([name]) => name === measure.sex.covariate)?.[1];
  const isFemale = `${sex}` === measure.sex.female;
  const before = studyDays(-measure.baselineDays, -1)
    .filter((day) => measure.controlledDays === 'ignore' || !inControlledEnvironment(told, day))
    .map((day) => inCalendar(told, day, 'g'));
  return byStretch(told, (days) => {
    if (sex === undefined) return [];
    const now = level(
      days.map((day) => amountOn(told, day, 'g')),
      isFemale,
    );
    if (now === undefined) return [];
    const of1 = (kind: string, value: number) => ({ kind, policy: '', value, of: 1 });
    const then = level(before, isFemale);
    if (then === undefined) return [of1('level', now)];
    return [
      of1('level', now),
      of1('shift', then - now),
      of1('fell-one', then - now >= 1 ? 1 : 0),
      of1('fell-two', then - now >= 2 ? 1 : 0),
    ];
  });
}
