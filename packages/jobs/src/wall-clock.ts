/** By how much a wall's clock is ahead of UTC at a moment, in milliseconds. */
export type Offset = (at: number) => number;

const day = 24 * 60 * 60 * 1000;
const hour = 60 * 60 * 1000;
const minute = 60 * 1000;

/** The clock of a time zone; throws if there is no such zone. */
export function offsetOf(timeZone: string): Offset {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hour: 'numeric', timeZoneName: 'longOffset' });
  const read = (at: number): number => {
    const [, sign, hours, minutes, seconds = 0] = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(format.format(at)) ?? [];
    const ahead = ((Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds)) * 1000;
    return sign === '-' ? -ahead : ahead;
  };
  const atHours = new Map<number, number>();
  const atHour = (n: number): number => {
    const known = atHours.get(n) ?? read(n * hour);
    atHours.set(n, known);
    return known;
  };
  return (at) => {
    const n = Math.floor(at / hour);
    return atHour(n) === atHour(n + 1) ? atHour(n) : read(at); // reading is slow, and in most hours no clock is changed
  };
}

/**
 * The moments at which a clock shows a time (given as if it showed UTC): one, or two in order when it is set back over that time. When it is
 * set forward over it there is none, and `skippedAt` is when. No clock is changed twice within two days.
 */
export function shownTwiceOrNever(
  shown: number,
  offset: Offset,
): { readonly at: readonly number[]; readonly skippedAt?: number } {
  const [before, after] = [offset(shown - day), offset(shown + day)];
  // The greater offset gives the earlier moment.
  const at = [...new Set([before, after])]
    .sort((a, b) => b - a)
    .map((by) => shown - by)
    .filter((moment) => moment + offset(moment) === shown);
  if (at.length > 0) return { at };
  let [early, late] = [shown - day, shown + day];
  while (late - early > minute) {
    const middle = early + Math.floor((late - early) / 2 / minute) * minute;
    if (offset(middle) === before) early = middle;
    else late = middle;
  }
  return { at, skippedAt: late };
}
