import { civilDay, dateOf, type MeasureOf, type Protocol, type UseMeasure } from '@holdfast/events';
import { positiveStretches, wordsOn } from './naive-evidence.ts';
import type { NaiveFacts, NaiveTold } from './naive-kinds.ts';
import { daysFrom } from './naive-measures.ts';
import type { Effective } from './naive-replacing.ts';

// The references of lapse, relapse and retention: day by day, and every possible onset tried one by one.

/** What one study day is to a first event of use, and whether the test that a rule of confirmation asks for is there. */
type NaiveDay = {
  readonly day: number;
  readonly is: 'use' | 'free' | 'nothing' | 'out';
  readonly spoken: boolean;
  readonly tested: boolean;
};

type Told<M> = Omit<NaiveTold<'relapse'>, 'measure'> & { readonly measure: M };
type OfUse = MeasureOf<'lapse'> | MeasureOf<'relapse'>;
type Retention = MeasureOf<'retention'>;
type Pattern = MeasureOf<'relapse'>['patterns'][number];

/** An onset that is there, with the day that completes it; or one that may still come (complete: undefined). */
type Candidate = { readonly onset: number; readonly complete: number | undefined };

const first = (days: readonly number[]): number | undefined => (days.length === 0 ? undefined : Math.min(...days));

function endOf(protocol: Protocol, horizon: number, dayZero: number): number {
  if (protocol.administrativeEnd === undefined) return horizon;
  return Math.min(horizon, civilDay(protocol.administrativeEnd) - dayZero);
}

type Visit = Protocol['visits'][number];
const soonest = (visits: readonly Visit[]) => visits.filter(({ day }) => visits.every((other) => day <= other.day));

/** The visits that a day waits for. */
function waitsFor({ visits }: Protocol, measure: OfUse | Retention, day: number): Visit[] {
  if (measure.kind === 'retention') return visits.filter((visit) => visit.day <= day);
  const collecting = (what: string) => visits.filter(({ collects }) => (collects as string[]).includes(what));
  const due: Visit[] = [];
  if (measure.evidence !== 'self-report-only' && measure.evidence !== 'confirmed-by-relative')
    due.push(...collecting('urine').filter((visit) => visit.day <= day));
  if (measure.evidence !== 'urine-only') {
    const later = collecting('calendar').filter((visit) => visit.day > day);
    due.push(...(later.length > 0 ? soonest(later) : collecting('calendar')));
  }
  for (const kind of measure.biomarkers?.kinds ?? []) {
    const onOrAfter = collecting(kind).filter((visit) => visit.day >= day);
    due.push(...collecting(kind).filter((visit) => visit.day <= day));
    due.push(...(onOrAfter.length > 0 ? soonest(onOrAfter) : collecting(kind)));
  }
  return due;
}

/** The days from 1 on that are all mature: nothing behind the first that is not. */
function matureDays({ protocol, measure, dayZero, asOf }: Told<OfUse | Retention>): number[] {
  const isMature = (day: number) =>
    asOf !== undefined &&
    asOf > dayZero + day + (measure.kind === 'retention' ? protocol.entryLag : 0) &&
    waitsFor(protocol, measure, day).every((visit) => asOf > dayZero + visit.day + visit.closes + protocol.entryLag);
  return daysFrom(1, endOf(protocol, measure.horizon, dayZero)).filter((day) => daysFrom(1, day).every(isMature));
}

/** The earliest leaving; of several on a day death counts, then being lost or stopping, then completing. */
function leaving(observations: readonly Effective[], dayZero: number): { day: number; how: string } | undefined {
  const all: { day: number; how: string }[] = [];
  for (const one of observations)
    if (one.type === 'participant-left') all.push({ day: one.day - dayZero, how: one.data.how });
  const earliest = first(all.map(({ day }) => day));
  const onThatDay = all.filter(({ day }) => day === earliest);
  for (const how of ['died', 'lost', 'stopped', 'completed']) {
    const found = onThatDay.find((one) => one.how === how);
    if (found !== undefined) return found;
  }
  return undefined;
}

function deathOf(observations: readonly Effective[], dayZero: number): number | undefined {
  const days: number[] = [];
  for (const one of observations)
    if (one.type === 'participant-left' && one.data.how === 'died') days.push(one.day - dayZero);
  return first(days);
}

function isOut(measure: UseMeasure, observations: readonly Effective[], dayZero: number, day: number): boolean {
  const death = deathOf(observations, dayZero);
  if (measure.death === 'exclude' && death !== undefined && day > death) return true;
  if (measure.controlledDays !== 'exclude') return false;
  return observations.some(
    (one) =>
      one.type === 'controlled-environment' &&
      civilDay(one.data.from) <= dayZero + day &&
      dayZero + day <= civilDay(one.data.to),
  );
}

/** The days that are mature, each by itself. */
function naiveDays(told: Told<OfUse>): NaiveDay[] {
  const { protocol, measure, observations, dayZero } = told;
  const end = endOf(protocol, measure.horizon, dayZero);
  const counting = daysFrom(1, end).map((day) => dayZero + day);
  const positives = positiveStretches(measure, observations, counting).map(({ from, to }) => ({
    from: from - dayZero,
    to: to - dayZero,
  }));
  const out = (day: number) => isOut(measure, observations, dayZero, day);
  const needsTest = measure.evidence.startsWith('confirmed-by-');
  return matureDays(told).map((day) => {
    if (out(day)) return { day, is: 'out', spoken: false, tested: false };
    const { word, confirming } = wordsOn(protocol, measure, observations, dayZero + day, counting);
    const isShown = positives.some(
      ({ from, to }) => to === day && from >= 1 && daysFrom(from, to).every((one) => !out(one)),
    );
    if (word === 'use' || confirming === 'use' || isShown) return { day, is: 'use', spoken: true, tested: true };
    const nobodyKnows = positives.some(({ from, to }) => from <= day && day <= to);
    const tested = !needsTest || (confirming !== undefined && !nobodyKnows);
    const isFree = word !== undefined && !nobodyKnows;
    return { day, is: isFree ? 'free' : 'nothing', spoken: isFree, tested };
  });
}

/** The last day, among those given, as far as both the participant and the test that is asked for speak. */
function lastKnown(days: readonly NaiveDay[], otherwise: number): number {
  const last = (known: readonly NaiveDay[]) => Math.max(otherwise, ...known.map(({ day }) => day));
  return Math.min(last(days.filter(({ spoken }) => spoken)), last(days.filter(({ tested }) => tested)));
}

function factsOf(told: Told<OfUse>, origin: number, day: number, outcome: string): Required<NaiveFacts> {
  const { measure, observations, dayZero } = told;
  const atRisk = daysFrom(origin + 1, day).filter((one) => !isOut(measure, observations, dayZero, one));
  return { values: [], firstEvent: { origin, day, outcome }, atRisk };
}

/** The last day of the first run of so many days known to be abstinent; days that are out are as if they were not there. */
function originOfRun(days: readonly NaiveDay[], needed: number): number | undefined {
  const counting = days.filter(({ is }) => is !== 'out');
  const ends = counting.flatMap(({ day }, i) => {
    const run = counting.slice(Math.max(0, i - needed + 1), i + 1);
    const isRun = run.length === needed && run.every(({ is }) => is === 'free') && run.some(({ tested }) => tested);
    return isRun ? [day] : [];
  });
  return first(ends);
}

/** First use after a run of abstinent days or after a quit day; nothing of whoever has neither. */
export function naiveLapse(told: NaiveTold<'lapse'>): NaiveFacts {
  const { protocol, measure, observations, dayZero } = told;
  const days = naiveDays(told);
  const death = measure.death === 'exclude' ? deathOf(observations, dayZero) : undefined;
  let origin: number | undefined;
  if ('abstinentDays' in measure.after) origin = originOfRun(days, measure.after.abstinentDays);
  else {
    const { quitDay } = measure.after;
    const isThere = quitDay <= endOf(protocol, measure.horizon, dayZero) && !(death !== undefined && death <= quitDay);
    const isOver = quitDay === 0 || days.some(({ day }) => day === quitDay);
    origin = isThere && isOver ? quitDay : undefined;
  }
  if (origin === undefined) return { values: [] };
  const since = origin;
  const after = days.filter(({ day }) => day > since);
  const use = after.find(({ is }) => is === 'use');
  if (use !== undefined) return factsOf(told, since, use.day, 'event');
  if (death !== undefined && after.some(({ day }) => day === death)) return factsOf(told, since, death, 'competing');
  return factsOf(told, since, lastKnown(after, since), 'censored');
}

/** All ways in which a pattern is there, or may still come, on the days known so far. */
function candidates(told: NaiveTold<'relapse'>, pattern: Pattern, known: readonly NaiveDay[]): Candidate[] {
  const { measure, observations, dayZero } = told;
  const { from } = measure;
  const days = known.filter(({ day }) => day >= from);
  const to = known.length;
  const counting = days.filter(({ is }) => is !== 'out');
  switch (pattern.is) {
    case 'first-use':
      return days.filter(({ is }) => is === 'use').map(({ day }) => ({ onset: day, complete: day }));
    case 'days-in-a-row': {
      const isUse = ({ is }: NaiveDay) => is === 'use' || (is === 'nothing' && pattern.missing === 'use');
      return counting.flatMap(({ day }, i): Candidate[] => {
        const run = counting.slice(i, i + pattern.days);
        if (!run.every(isUse)) return [];
        return [{ onset: day, complete: run.length === pattern.days ? run.at(-1)?.day : undefined }];
      });
    }
    case 'weeks-in-a-row': {
      type Week = { readonly last: number; readonly onset: number | undefined; readonly isWhole: boolean };
      const weeks: Week[] = [];
      for (let begin = from; begin <= to; begin += 7) {
        const week = counting.filter(({ day }) => begin <= day && day <= begin + 6);
        const isWhole = begin + 6 <= to;
        if (week.length === 0) continue;
        const used = week.find(({ is }) => is === 'use');
        const hasEvidence = week.some(({ spoken }) => spoken) && week.some(({ tested }) => tested);
        const asUse = pattern.missing === 'use' && !hasEvidence ? week[0] : undefined;
        weeks.push({ last: begin + 6, onset: (used ?? asUse)?.day, isWhole });
      }
      return weeks.flatMap(({ onset }, i): Candidate[] => {
        if (onset === undefined) return [];
        const run = weeks.slice(i, i + pattern.weeks);
        const whole = run.filter((week) => week.isWhole);
        // A week that is not over may still become one of use, whatever it has been so far.
        if (whole.some((week) => week.onset === undefined)) return [];
        return [{ onset, complete: whole.length === pattern.weeks ? whole.at(-1)?.last : undefined }];
      });
    }
    case 'heavy-days': {
      const heavy = days.filter(({ day, is }) => is === 'use' && isHeavy(told, day)).map(({ day }) => day);
      return within(heavy, pattern.days, pattern.within, to);
    }
    case 'baseline-pattern': {
      const before = daysFrom(-pattern.within, -1).map((day) => reportedOn(told, day));
      const used = before.filter((word) => word === 'use').length;
      if (before.includes(undefined) || used === 0) return [];
      const uses = days.filter(({ is }) => is === 'use').map(({ day }) => day);
      return within(uses, used, pattern.within, to);
    }
    case 'leaving': {
      const left = leaving(observations, dayZero);
      if (left === undefined || (left.how !== 'lost' && left.how !== 'stopped')) return [];
      // Gone is gone: also on the first day that can be an onset.
      const onset = Math.max(left.day, from);
      return onset <= to ? [{ onset, complete: onset }] : [];
    }
  }
}

function within(given: readonly number[], needed: number, length: number, to: number): Candidate[] {
  return given.flatMap((onset): Candidate[] => {
    const stretch = daysFrom(onset, onset + length - 1);
    const inside = given.filter((day) => stretch.includes(day));
    if (inside.length >= needed) return [{ onset, complete: inside[needed - 1] }];
    const stillToCome = stretch.filter((day) => day > to).length;
    return stillToCome > 0 && inside.length + stillToCome >= needed ? [{ onset, complete: undefined }] : [];
  });
}

/** The participant's own calendars that speak of a substance on a study day, only those with the shortest recall. */
function ownReports({ observations, dayZero }: NaiveTold<'relapse'>, substance: string, day: number) {
  const reports: { recall: number; use: boolean; amount: number | undefined; unit: string | undefined }[] = [];
  for (const one of observations) {
    if (one.type !== 'use-calendar' || one.data.informant !== 'participant') continue;
    const { from, to, complete, days, interview } = one.data;
    const listed = days[dateOf(dayZero + day)] ?? {};
    const use = Object.hasOwn(listed, substance);
    const isAsked = complete && civilDay(from) <= dayZero + day && dayZero + day <= civilDay(to);
    if (!use && !isAsked) continue;
    const { amount, unit } = (use ? listed[substance] : undefined) ?? {};
    reports.push({ recall: civilDay(interview) - dayZero - day, use, amount, unit });
  }
  const shortest = Math.min(...reports.map(({ recall }) => recall));
  return reports.filter(({ recall }) => recall === shortest);
}

/** What the participant reports of a day: use of any substance, use of none of them, or nothing that settles it. */
function reportedOn(told: NaiveTold<'relapse'>, day: number): 'use' | 'none' | undefined {
  const bySubstance = told.measure.substances.map((substance) => ownReports(told, substance, day));
  if (bySubstance.some((reports) => reports.some(({ use }) => use))) return 'use';
  return bySubstance.some((reports) => reports.length === 0) ? undefined : 'none';
}

/** Whether the participant's calendars know of so many grams on a day, all substances of the measure together. */
function isHeavy(told: NaiveTold<'relapse'>, day: number): boolean {
  const { measure, protocol, baseline } = told;
  const { heavy } = measure;
  if (heavy === undefined) return false;
  const limits = Object.entries('by' in heavy ? heavy.atLeastGrams : {});
  const limit =
    'by' in heavy ? limits.find(([value]) => value === String(baseline[heavy.by]))?.[1] : heavy.atLeastGrams;
  if (limit === undefined) return false;
  let grams = 0;
  for (const substance of measure.substances) {
    const { unit: own, gramsPerUnit } = protocol.substances.find(({ id }) => id === substance) ?? {};
    const reports = ownReports(told, substance, day);
    if (reports.length === 0) return false;
    const known = reports.flatMap(({ use, amount, unit = own }) => {
      if (!use) return [0];
      if (amount === undefined || unit === undefined) return [];
      if (unit === 'g') return [amount];
      return unit === own && gramsPerUnit !== undefined ? [amount * gramsPerUnit] : [];
    });
    const isUse = reports.some(({ use }) => use);
    // Of reports that are equally fresh use counts, then the greatest amount that is known.
    if (isUse && !known.some((amount) => amount > 0)) return false;
    grams += Math.max(...known);
  }
  return grams >= limit;
}

/** The earliest onset of any pattern that is complete; else death, or the last day before any onset that may still come. */
export function naiveRelapse(told: NaiveTold<'relapse'>): NaiveFacts {
  const { measure, observations, dayZero } = told;
  const days = naiveDays(told);
  const death = measure.death === 'exclude' ? deathOf(observations, dayZero) : undefined;
  const dies = death !== undefined && death >= 1 ? death : undefined;
  // Once death is known nothing after it is waited for.
  const rest = daysFrom(days.length + 1, endOf(told.protocol, measure.horizon, dayZero));
  const isOver = days.some(({ day }) => day === dies);
  const dead = isOver ? rest.map((day): NaiveDay => ({ day, is: 'out', spoken: false, tested: false })) : [];
  const all = measure.patterns.flatMap((pattern) => candidates(told, pattern, [...days, ...dead]));
  const complete = all.filter(({ onset, complete }) => complete !== undefined && (dies === undefined || onset <= dies));
  const onset = first(complete.map((candidate) => candidate.onset));
  if (onset !== undefined) return factsOf(told, 0, onset, 'event');
  if (dies !== undefined && isOver) return factsOf(told, 0, dies, 'competing');
  const open = first(all.filter((candidate) => candidate.complete === undefined).map((candidate) => candidate.onset));
  const excluded = days.filter(({ day }) => open === undefined || day < open);
  return factsOf(told, 0, lastKnown(excluded, 0), 'censored');
}

/** Leaving early; completing and the last day that is known end observation, death competes. */
export function naiveRetention(told: NaiveTold<'retention'>): NaiveFacts {
  const { observations, dayZero } = told;
  const days = matureDays(told);
  const left = leaving(observations, dayZero);
  const facts = (day: number, outcome: string): NaiveFacts => ({
    values: [],
    firstEvent: { origin: 0, day, outcome },
    atRisk: daysFrom(1, day),
  });
  const on = left === undefined ? undefined : Math.max(left.day, 1);
  if (left === undefined || on === undefined || !days.includes(on)) return facts(days.length, 'censored');
  if (left.how === 'completed') return facts(on, 'censored');
  return facts(on, left.how === 'died' ? 'competing' : 'event');
}
