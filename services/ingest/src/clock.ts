import { type CivilDay, civilDay, dateIn, dateOf, type Protocol } from '@holdfast/events';
import type { EventLog } from '@holdfast/log';
import { readTallies, readTrials, topicsOf } from '@holdfast/trials';
import { openDoor } from './door.ts';

/** Records looked through, from the end of a log, for the day that was turned last. */
const lookedThrough = 100_000;
const lookedAtOnce = 5_000;

/** The newest day that a trial's clock was turned to, as its log says near its end. */
async function dayInLog(log: EventLog, protocol: Protocol): Promise<CivilDay | undefined> {
  const { name } = topicsOf(protocol).events;
  // A day is turned in all partitions at once: one of them tells.
  const [end = 0] = await log.ends(name);
  for (let to = end; to > Math.max(0, end - lookedThrough); to -= lookedAtOnce) {
    const from = Math.max(0, to - lookedAtOnce);
    let newest: CivilDay | undefined;
    for (let at = from; at < to; ) {
      const records = await log.read(name, 0, at, { records: to - at, bytes: 16 * 1024 * 1024 });
      for (const { key, value } of records) {
        // Holdfast's own records have no participant, and a turned day says its date in its id.
        const date = key === '' ? /"id":"day-turned-([0-9-]{10})"/.exec(Buffer.from(value).toString())?.[1] : undefined;
        if (date !== undefined) newest = Math.max(newest ?? civilDay(date), civilDay(date));
      }
      at = (records.at(-1)?.offset ?? to) + 1;
    }
    if (newest !== undefined) return newest;
  }
  return undefined;
}

/** The day that a trial's clock was turned to last. Where that lies far back in the log, the shards know it, if there are any. */
async function lastTurned(log: EventLog, protocol: Protocol): Promise<CivilDay | undefined> {
  const inLog = await dayInLog(log, protocol);
  if (inLog !== undefined) return inLog;
  const { positions } = await readTallies(log, protocol, 'open');
  const known = positions.flatMap((position) => position?.asOf ?? []).map(civilDay);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Every date that a live trial's clock has still to turn to: those after the last, up to today in the trial's zone. */
export async function datesToTurn(log: EventLog, protocol: Protocol, now: Date): Promise<readonly string[]> {
  const today = civilDay(dateIn(protocol.timeZone, now));
  const last = await lastTurned(log, protocol);
  return datesBetween(last === undefined ? today : last + 1, today);
}

function datesBetween(from: CivilDay, to: CivilDay): readonly string[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => dateOf(from + i));
}

export type ClockOptions = {
  readonly log: EventLog;
  readonly now: () => Date;
  readonly onTurned: (trial: string, date: string) => void;
  /** Told when a day could not be turned; it is tried again at the next look. */
  readonly onFailed: (trial: string | undefined, error: unknown) => void;
  /** How often it looks whether a day has begun anywhere. */
  readonly pauseMs?: number;
};

/** Turns the days of all live trials, each in its own zone. */
export interface Clock {
  /** Turns what has begun by now; resolves when it is durable. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the clock; it looks at once. Days that began while nobody looked are caught up one by one. Of several clocks on one store
 * each may turn a day: the second time it is the same event and changes nothing.
 */
export async function startClock({ log, now, onTurned, onFailed, pauseMs = 15_000 }: ClockOptions): Promise<Clock> {
  /** The day that this clock turned last, by trial: shards may be behind. */
  const turned = new Map<string, CivilDay>();
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();

  const turn = async (): Promise<void> => {
    const trials = await readTrials(log);
    const live = [...trials.values()].map(({ protocol }) => protocol).filter(({ clock }) => clock === 'live');
    const due = live.filter(({ trial, timeZone }) => (turned.get(trial) ?? -1) < civilDay(dateIn(timeZone, now())));
    if (due.length === 0) return;
    const door = await openDoor({ log, trials, now });
    for (const protocol of due) {
      const { trial, timeZone } = protocol;
      try {
        const known = turned.get(trial);
        const today = civilDay(dateIn(timeZone, now()));
        const dates = known === undefined ? await datesToTurn(log, protocol, now()) : datesBetween(known + 1, today);
        for (const date of dates) {
          if (isStopped) return;
          await door.turnDay(trial, date);
          turned.set(trial, civilDay(date));
          onTurned(trial, date);
        }
        turned.set(trial, Math.max(today, turned.get(trial) ?? today));
      } catch (error) {
        onFailed(trial, error);
      }
    }
  };
  const look = (): Promise<void> => {
    looking = looking.then(turn).catch((error: unknown) => onFailed(undefined, error));
    return looking;
  };
  const lookLater = () => {
    timer = setTimeout(async () => {
      await look();
      if (!isStopped) lookLater();
    }, pauseMs);
  };

  await look();
  lookLater();
  return {
    look,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
}
