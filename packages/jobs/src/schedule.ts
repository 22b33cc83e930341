import { Cron } from 'croner';
import { InvalidSchedule } from './job-errors.ts';
import { type Offset, offsetOf, shownTwiceOrNever } from './wall-clock.ts';

/** When something is due, over and over: a cron pattern of five fields on the clock of a time zone, from a moment on. */
export type Schedule = {
  /** Begins the id of each of its jobs, so it has letters, digits, - and _ only. */
  readonly id: string;
  readonly cron: string;
  readonly timeZone: string;
  /** Nothing was due up to then. */
  readonly since: Date;
  /** The last moment at which it can be due; absent: it goes on. */
  readonly until?: Date;
};

/** One time at which a schedule is due. */
export type Slot<S extends Schedule = Schedule> = {
  /** The schedule and the minute in UTC: `weekly-20260330T0600Z`. One slot, one id, one job, whoever computes it whenever. */
  readonly id: string;
  readonly schedule: S;
  readonly at: Date;
};

/**
 * The slots of a schedule after one moment and up to another, oldest first, at most so many. On the day on which clocks go forward, times that
 * do not exist are due once, when the clock has skipped them; on the day on which they go back, a time that comes twice is due the first time
 * only. A pattern that names every hour follows the clock instead: it is due whenever the clock shows such a time, skipped ones never, repeated
 * ones twice. `InvalidSchedule` if there can be none.
 */
export function dueSlots<S extends Schedule>(schedule: S, after: Date, until: Date, most = 1_000): readonly Slot<S>[] {
  const pattern = patternOf(schedule);
  const last = Math.min(until.getTime(), schedule.until?.getTime() ?? Number.POSITIVE_INFINITY);
  const slots: Slot<S>[] = [];
  let at = nextOf(pattern, Math.max(after.getTime(), schedule.since.getTime()));
  while (at !== undefined && at <= last && slots.length < most) {
    const due = new Date(at);
    slots.push({ id: slotId(schedule.id, due), schedule, at: due });
    at = nextOf(pattern, at);
  }
  return slots;
}

/** When a schedule is due next after a moment. */
export function nextSlotAt(schedule: Schedule, after: Date): Date {
  const at = nextOf(patternOf(schedule), Math.max(after.getTime(), schedule.since.getTime()));
  if (at === undefined || at > (schedule.until?.getTime() ?? at)) throw neverDue(schedule);
  return new Date(at);
}

/** `InvalidSchedule` says what cannot be read. */
export function checkSchedule(schedule: Schedule): void {
  patternOf(schedule);
}

/** A pattern, matched against what clocks on the wall show; how those run is the time zone’s. */
type Pattern = {
  /** The first time after one that the pattern names; both as if the wall’s clock showed UTC. */
  readonly nextShown: (after: number) => number | undefined;
  readonly offset: Offset;
  readonly namesEveryHour: boolean;
};

/** When a pattern is due at a time that the wall’s clock shows: never, once or twice, in order. */
function dueAt(shown: number, { offset, namesEveryHour }: Pattern): readonly number[] {
  const { at, skippedAt } = shownTwiceOrNever(shown, offset);
  if (namesEveryHour) return at;
  return skippedAt === undefined ? at.slice(0, 1) : [skippedAt];
}

/**
 * The first time after a moment at which a pattern is due. Times shown come in another order than moments only around a change of the clock,
 * so as much is looked at again before the moment as the clock changes then, and no further than to a time whose first moment is later than what was found.
 */
function nextOf(pattern: Pattern, after: number): number | undefined {
  const { nextShown, offset } = pattern;
  const day = 24 * 60 * 60 * 1000;
  const change = Math.abs(offset(after + day) - offset(after - day));
  let best: number | undefined;
  for (let shown = nextShown(after + offset(after) - change - 1); shown !== undefined; shown = nextShown(shown)) {
    const due = dueAt(shown, pattern);
    for (const at of due) if (at > after && (best === undefined || at < best)) best = at;
    if (best !== undefined && (due[0] ?? 0) >= best) return best;
  }
  return best;
}

function patternOf(schedule: Schedule): Pattern {
  const { id, cron: pattern, timeZone, since } = schedule;
  const named = `the schedule ${id} ('${pattern}', ${timeZone})`;
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,139}$/.test(id))
    throw new InvalidSchedule(`${named} has no usable id: letters, digits, - and _, at most 140, a letter first`);
  if (Number.isNaN(since.getTime())) throw new InvalidSchedule(`${named} does not say since when: give it a time`);
  let read: Pattern;
  let next: number | undefined;
  try {
    if (!/^\S+( \S+){4}$/.test(pattern)) throw new Error('it has not five fields with one space between them');
    const nextShown = shownBy(pattern);
    read = { nextShown, offset: offsetOf(timeZone), namesEveryHour: namesEveryHour(pattern) };
    next = nextShown(since.getTime());
  } catch (cause) {
    throw new InvalidSchedule(
      `${named} cannot be read: ${(cause as Error).message}; write minute, hour, day of month, month and day of week, and a zone such as Europe/London`,
      { cause },
    );
  }
  if (next === undefined) throw neverDue(schedule);
  return read;
}

/** Croner knows what a pattern names; when clocks change it loses or doubles times of lists and steps, so it is asked in a zone without changes. */
function shownBy(pattern: string): Pattern['nextShown'] {
  const cron = new Cron(pattern, { timezone: 'UTC', paused: true, mode: '5-part' });
  return (after) => cron.nextRun(new Date(after))?.getTime();
}

function namesEveryHour(pattern: string): boolean {
  const ofDay = shownBy(`0 ${pattern.split(' ')[1]} * * *`);
  const day = Date.UTC(2026, 0, 1);
  let hours = 0;
  for (let at = ofDay(day - 1); at !== undefined && at < day + 24 * 60 * 60 * 1000; at = ofDay(at)) hours += 1;
  return hours === 24;
}

function neverDue({ id, cron }: Schedule): InvalidSchedule {
  return new InvalidSchedule(`the schedule ${id} is never due: no day matches '${cron}'`);
}

/** The id of the slot of a schedule at a minute: `weekly-20260330T0600Z`. */
export function slotId(schedule: string, at: Date): string {
  return `${schedule}-${at.toISOString().slice(0, 16).replaceAll(/[-:]/g, '')}Z`;
}
