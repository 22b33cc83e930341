import type { Landmark, Protocol } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';
import type { DosingDay } from './dosing-sessions.ts';
import type { When } from './measure-fold.ts';

/** Something assessed of a participant on a study day, that a landmark may pick. */
export type Assessment<T> = {
  readonly day: StudyDay;
  readonly visit: string | undefined;
  /** After which dosing session, and how many hours; undefined where nobody can say. */
  readonly afterDose: { readonly session: number; readonly hours: number } | undefined;
  /**
   * Whether it can be of a visit or a study day. What says its hours after a dose cannot: in a double-blind trial it is closed, and
   * a measure must mean the same whoever may see it.
   */
  readonly ofVisitOrDay: boolean;
  readonly value: T;
};

/** What a participant has at a landmark that has come due; without a value it is missing. `day`: of the value, else of the landmark. */
export type AtLandmark<T> = { readonly day: StudyDay; readonly value: T | undefined };

/** A landmark of one participant as of a clock; undefined while it is not due. */
export type LandmarkAt<T> = (when: When) => AtLandmark<T> | undefined;

/** The day that a landmark is aimed at, and the last day that can still bring its value. */
type Expected = { readonly day: StudyDay; readonly closes: StudyDay };

type Candidate<T> = Pick<Assessment<T>, 'day' | 'value'>;

/** The order in which equally good assessments are taken: the greater id first, then the greater source, then the greater SHA-256. */
export function byPrecedence(a: Effective, b: Effective): number {
  if (a.id !== b.id) return a.id > b.id ? -1 : 1;
  if (a.source !== b.source) return a.source > b.source ? -1 : 1;
  return a.sha256 > b.sha256 ? -1 : a.sha256 < b.sha256 ? 1 : 0;
}

function dueReading<T>(
  candidates: readonly Candidate<T>[],
  expected: (schedule: Protocol) => Expected | undefined,
  end: StudyDay,
): LandmarkAt<T> {
  const known = candidates.filter(({ day }) => day <= end).map(({ day, value }) => ({ day, value }));
  return ({ schedule, dayZero, clock }) => {
    const awaited = expected(schedule);
    if (clock === undefined || awaited === undefined || awaited.day > end) return undefined;
    const today = clock - dayZero;
    if (today <= awaited.closes + schedule.entryLag) return undefined;
    return known.find(({ day }) => day < today) ?? { day: awaited.day, value: undefined };
  };
}

/**
 * What a participant has at a landmark, of assessments in order of precedence; `end` is the last study day that can count.
 * By visit: what names the visit, on whatever day it was; of several the last (who repeats an assessment means the repetition). Due
 * when the visit's window has closed; never for who has no such visit on their schedule.
 * By day: the nearest within so many days; of two the earlier.
 * By hours after a dose: the nearest within so many hours after that session; of two that of fewer hours, then the earlier day. Due
 * for those who had the session.
 * Each is due once the entry lag is over, else the punctual would be counted first; after leaving and death too, so that the missing
 * are seen to be missing.
 */
export function atLandmark<T>(
  landmark: Landmark,
  assessments: readonly Assessment<T>[],
  dosing: readonly DosingDay[],
  end: StudyDay,
): LandmarkAt<T> {
  if ('visit' in landmark) {
    const named = assessments.filter(({ ofVisitOrDay, visit }) => ofVisitOrDay && visit === landmark.visit);
    const expected = ({ visits }: Protocol) => {
      const visit = visits.find(({ id }) => id === landmark.visit);
      return visit && { day: visit.day, closes: visit.day + visit.closes };
    };
    return dueReading(
      named.toSorted((a, b) => b.day - a.day),
      expected,
      end,
    );
  }
  if ('day' in landmark) {
    const off = ({ day }: { readonly day: StudyDay }) => Math.abs(day - landmark.day);
    const near = assessments.filter((one) => one.ofVisitOrDay && off(one) <= landmark.within);
    return dueReading(
      near.toSorted((a, b) => off(a) - off(b) || a.day - b.day),
      () => ({ day: landmark.day, closes: landmark.day + landmark.within }),
      end,
    );
  }
  const { hoursAfterDose, within, session = 1 } = landmark;
  const near = assessments.flatMap(({ afterDose, ...one }) => {
    const off = afterDose?.session === session ? Math.abs(afterDose.hours - hoursAfterDose) : Number.POSITIVE_INFINITY;
    return afterDose === undefined || off > within ? [] : [{ ...one, hours: afterDose.hours, off }];
  });
  const dose = dosing.find((one) => one.session === session)?.day;
  const expected = dose === undefined ? undefined : hoursLater(dose, hoursAfterDose, within);
  return dueReading(
    near.toSorted((a, b) => a.off - b.off || a.hours - b.hours || a.day - b.day),
    () => expected,
    end,
  );
}

/** Nobody knows at which hour of its day a dose was given, so the last day is that after a dose late in the evening. */
function hoursLater(dose: StudyDay, hours: number, within: number): Expected {
  return { day: dose + Math.floor(hours / 24), closes: dose + Math.ceil((hours + within) / 24) };
}

/** The last assessment up to study day 0; due once the entry lag of day 0 is over. */
export function lastUpToDayZero<T>(assessments: readonly Assessment<T>[], end: StudyDay): LandmarkAt<T> {
  const before = assessments.filter(({ ofVisitOrDay, day }) => ofVisitOrDay && day <= 0);
  return dueReading(
    before.toSorted((a, b) => b.day - a.day),
    () => ({ day: 0, closes: 0 }),
    end,
  );
}

/** Whether any of several landmarks asks for hours after a dose, and so for the doses. */
export function needDoses(landmarks: readonly (Landmark | undefined)[]): boolean {
  return landmarks.some((landmark) => landmark !== undefined && 'hoursAfterDose' in landmark);
}
