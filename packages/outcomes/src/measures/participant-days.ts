import { type CivilDay, civilDay, type Measure, type Protocol, type UseMeasure } from '@holdfast/events';
import { biomarkerStatements, type LookBacks, lookBacks } from '../evidence/biomarkers.ts';
import { DaysBySource } from '../evidence/days-by-source.ts';
import { type DayEvidence, joinEvidence, statementsFor } from '../evidence/evidence.ts';
import type { Statement } from '../evidence/statement.ts';
import { dayOfDeath, dayOfLeaving, excludedDays } from '../excluded-days.ts';
import type { StudyDay } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';
import { maturityAfter } from '../maturity.ts';
import { runBuilder, type SpellRuns } from '../spells.ts';

/** One randomised participant's days as one measure sees them, whatever the clock says; arrays are indexed by study day. */
export type JudgedDays = {
  /** The last study day that can ever count: the horizon, or the administrative end if that comes first. */
  readonly lastDay: StudyDay;
  readonly evidence: DayEvidence;
  /** Positive biomarkers; undefined if there are none. */
  readonly lookBacks: LookBacks | undefined;
  readonly excluded: Uint8Array;
  readonly death: StudyDay | undefined;
  /** The first day of leaving, of whatever kind. */
  readonly left: StudyDay | undefined;
};

/** The same as of a clock, which decides what is mature. */
export type ParticipantDays = JudgedDays & { readonly mature: Uint8Array };

/** The last study day that can ever count: a horizon, or the administrative end if that comes first; −1 if none can. */
export function lastDayOf(
  horizon: StudyDay,
  { administrativeEnd }: Pick<Protocol, 'administrativeEnd'>,
  dayZero: CivilDay,
): StudyDay {
  return Math.max(-1, Math.min(horizon, endOfTrial({ administrativeEnd }, dayZero)));
}

/** The study day of the administrative end, after which nobody counts; infinite if there is none. It may lie before day 0. */
export function endOfTrial({ administrativeEnd }: Pick<Protocol, 'administrativeEnd'>, dayZero: CivilDay): StudyDay {
  return administrativeEnd === undefined ? Number.POSITIVE_INFINITY : civilDay(administrativeEnd) - dayZero;
}

/** Cuts to the horizon first: evidence outside study days 1 … lastDay is ignored before anything is derived from it. */
export function judgedDays(
  measure: UseMeasure,
  protocol: Protocol,
  sources: DaysBySource,
  observations: readonly Effective[],
  dayZero: CivilDay,
): JudgedDays {
  const { substances, biomarkers } = measure;
  const lastDay = lastDayOf(measure.horizon, protocol, dayZero);
  const last = Math.max(0, lastDay);
  const inferred =
    biomarkers === undefined ? [] : biomarkerStatements(observations, dayZero, substances, biomarkers, last);
  const excluded = excludedDays(measure, observations, dayZero, lastDay);
  return {
    lastDay,
    evidence: joinEvidence(measure, sources, inferred, last),
    lookBacks: lookBacks(inferred, excluded, last),
    excluded,
    death: dayOfDeath(observations, dayZero),
    left: dayOfLeaving(observations, dayZero),
  };
}

/** A participant's days as one measure sees them at a clock, of settled observations. */
export function participantDays(
  measure: UseMeasure,
  protocol: Protocol,
  observations: readonly Effective[],
  dayZero: CivilDay,
  clock: CivilDay | undefined,
): ParticipantDays {
  const { substances } = measure;
  const last = Math.max(0, lastDayOf(measure.horizon, protocol, dayZero));
  const sources = new DaysBySource({ dayZero, rules: protocol.evidence, substances, lastDay: last });
  for (const observation of observations) sources.add(observation);
  const judged = judgedDays(measure, protocol, sources, observations, dayZero);
  const today = clock === undefined ? Number.NEGATIVE_INFINITY : clock - dayZero;
  return { ...judged, mature: maturityAfter(protocol, measure, judged.lastDay, today).days };
}

/** The days as of a clock, with the statements that say why. */
export type ExplainedDays = ParticipantDays & { readonly statements: readonly Statement[] };

export function explainedDays(
  measure: UseMeasure,
  protocol: Protocol,
  observations: readonly Effective[],
  dayZero: CivilDay,
  clock: CivilDay | undefined,
): ExplainedDays {
  const days = participantDays(measure, protocol, observations, dayZero, clock);
  return { ...days, statements: statementsFor(measure, observations, protocol, dayZero, Math.max(0, days.lastDay)) };
}

const maturity = new WeakMap<Uint8Array, Map<string, readonly SpellRuns[]>>();

/** What the mature fraction is made of: the days that can count, and those that do already. Whoever is equally mature shares it. */
export function maturitySpells({ id }: Measure, lastDay: StudyDay, mature: Uint8Array): readonly SpellRuns[] {
  if (lastDay < 0) return [];
  let byMeasure = maturity.get(mature);
  if (byMeasure === undefined) {
    byMeasure = new Map();
    maturity.set(mature, byMeasure);
  }
  const known = byMeasure.get(id);
  if (known !== undefined) return known;
  const randomised = runBuilder({ measure: id, kind: 'randomised' });
  randomised.addRun(0, lastDay);
  const days = runBuilder({ measure: id, kind: 'mature' });
  for (let day = 1; day <= lastDay; day += 1) if (mature[day] === 1) days.addRun(day, day);
  const spells = [randomised.done(), days.done()];
  byMeasure.set(id, spells);
  return spells;
}
