/**
 * Civil dates as whole day numbers. Study days are differences of dates as written by the site;
 * nothing else in Holdfast does calendar arithmetic.
 */

/** A civil date as a number of days since 1970-01-01 (which is 0); negative before. */
export type CivilDay = number;

/** Turns `YYYY-MM-DD` (or a longer text that begins so, such as an RFC 3339 time) into a day number. The text must have been validated. */
export function civilDay(date: string): CivilDay {
  const year = 100 * twoDigits(date, 0) + twoDigits(date, 2);
  const month = twoDigits(date, 5);
  const day = twoDigits(date, 8);
  // Days from civil (H. Hinnant, 2013): years begin in March, so that the leap day is the last of its year.
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function twoDigits(text: string, at: number): number {
  return 10 * text.charCodeAt(at) + text.charCodeAt(at + 1) - 11 * zero;
}
const zero = '0'.charCodeAt(0);

/** An RFC 3339 time, which must have been validated, in milliseconds since 1970: `Date.parse`, in a fraction of its time for UTC in whole seconds. */
export function instantOf(time: string): number {
  if (time.length !== 20 || time[19] !== 'Z') return Date.parse(time);
  const seconds = 3_600 * twoDigits(time, 11) + 60 * twoDigits(time, 14) + twoDigits(time, 17);
  return 1_000 * (86_400 * civilDay(time) + seconds);
}

/** Dates that were asked for, by day number: folding asks for the same few thousand again and again. */
const knownDates: string[] = [];
const furthestKnown = 100_000;

/** The date of a day number, as `YYYY-MM-DD`. */
export function dateOf(day: CivilDay): string {
  const known = knownDates[day];
  if (known !== undefined) return known;
  const date = new Date(day * 86_400_000).toISOString().slice(0, 10);
  if (day >= 0 && day < furthestKnown) knownDates[day] = date;
  return date;
}

/** The date of an instant in a time zone (IANA name): for Holdfast's own clock only, never for what a site wrote. */
export function dateIn(timeZone: string, instant: Date): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(instant);
}
