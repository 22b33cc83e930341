import { type CivilDay, civilDay, dateIn, type Protocol } from '@holdfast/events';
import type { Envelope } from './envelope.ts';

/** What of a trial's records a question is about; both dates undefined: all of it. */
export type Selection = {
  /** What was known at the end of this date, in the trial's zone: events by `receivedtime`. */
  readonly asOf: string | undefined;
  /** What had happened by the end of this date: events by the civil date of `time`, and calendar days. */
  readonly cutOff: string | undefined;
};

const minute = 60_000;
const day = 86_400_000;

/** The first instant after a civil date in a zone, in milliseconds, found to the minute. */
export function endOfDate(date: string, timeZone: string): number {
  const noon = civilDay(date) * day + day / 2;
  // No zone is further from UTC than 14 hours, so its midnight lies between these.
  let [before, after] = [noon - 2 * day, noon + 2 * day];
  while (after - before > minute) {
    const middle = Math.floor((before + after) / 2 / minute) * minute;
    if (dateIn(timeZone, new Date(middle)) > date) after = middle;
    else before = middle;
  }
  return after;
}

/** Happened to nobody: these say what is known of other events, so a cut-off date leaves them in, whenever they were decided. */
const knowledge = new Set(['org.holdfast.correction.v1', 'org.holdfast.retraction.v1']);

/** Whether what happened on a day, or a correction of it, is within a cut-off date. */
export function happenedBy(cutOff: string | undefined, type: string, date: string): boolean {
  return cutOff === undefined || date <= cutOff || knowledge.has(type);
}

/**
 * Whether an event is in a selection, as far as its envelope says. Of an event that was sent again the first coming counts, and does so
 * by itself: one copy in the selection is enough, and the fold takes equal copies as one. What is sealed may be a correction, so a
 * cut-off date judges it only when it is opened.
 */
export function selectedBy(
  { asOf, cutOff }: Selection,
  { timeZone }: Protocol,
): (envelope: Pick<Envelope, 'type' | 'time' | 'receivedtime'>) => boolean {
  const known = asOf === undefined ? Number.POSITIVE_INFINITY : endOfDate(asOf, timeZone);
  return ({ receivedtime, time, type }) =>
    (receivedtime === undefined || known === Number.POSITIVE_INFINITY || Date.parse(receivedtime) < known) &&
    (type === 'org.holdfast.sealed.v1' || happenedBy(cutOff, type, time.slice(0, 10)));
}

/** The protocol as a cut-off date bounds it: after it nobody counts. */
export function protocolUpTo(protocol: Protocol, cutOff: string | undefined): Protocol {
  if (cutOff === undefined) return protocol;
  const { administrativeEnd = cutOff } = protocol;
  return { ...protocol, administrativeEnd: administrativeEnd < cutOff ? administrativeEnd : cutOff };
}

/**
 * The clock of a selection. A live trial's is the as-of date; an imported trial keeps its own. A cut-off date stops it once whatever
 * closed by that date has passed its entry lag: a visit that is due later has its events beyond the cut-off, and must not look missed.
 */
export function clockOf(
  { clock, entryLag }: Protocol,
  { asOf, cutOff }: Selection,
  newest: CivilDay | undefined,
): CivilDay | undefined {
  const now = clock === 'live' && asOf !== undefined ? civilDay(asOf) : newest;
  if (now === undefined || cutOff === undefined) return now;
  return Math.min(now, civilDay(cutOff) + 1 + entryLag);
}
