import type { CivilDay } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';

/** A study day on which study drug was given, and which dosing session that was. */
export type DosingDay = { readonly day: StudyDay; readonly session: number };

type Dose = Extract<Effective, { type: 'dose-given' }>;

/** The doses given after randomisation: on study day 0 or later. */
export function dosesAfterRandomisation(observations: readonly Effective[], dayZero: CivilDay): Dose[] {
  return observations.filter((one): one is Dose => one.type === 'dose-given' && one.day >= dayZero);
}

/**
 * The dosing sessions after randomisation, in order of day. A day is the session that its dose names (of several the greatest), else
 * the how-manieth day with a dose it is; session 1 is the first.
 */
export function dosingDays(observations: readonly Effective[], dayZero: CivilDay): DosingDay[] {
  const named = new Map<CivilDay, number>();
  for (const { day, data } of dosesAfterRandomisation(observations, dayZero))
    named.set(day, Math.max(named.get(day) ?? 0, data.session ?? 0));
  return [...named]
    .sort(([a], [b]) => a - b)
    .map(([day, session], i) => ({ day: day - dayZero, session: session === 0 ? i + 1 : session }));
}

/**
 * The dosing session that an assessment of a day, so many hours after a dose, belongs to: that whose day agrees best with those
 * hours; of two the later. None if no day agrees within 24 hours, for then the dose that it was after has not been reported: an
 * assessment two hours after the third infusion is not one of the second.
 */
export function sessionHoursBefore(days: readonly DosingDay[], day: StudyDay, hours: number): number | undefined {
  let best: { readonly session: number; readonly off: number } | undefined;
  for (const dosing of days) {
    if (dosing.day > day) break;
    const off = Math.abs(24 * (day - dosing.day) - hours);
    if (off <= 24 && (best === undefined || off <= best.off)) best = { session: dosing.session, off };
  }
  return best?.session;
}
