import { type CivilDay, civilDay, dateIn, dateOf, type Protocol } from '@holdfast/events';
import { type EventLog, recordsBetween } from '@holdfast/log';
import { readTallies, readTrials, topicsOf } from '@holdfast/trials';
import { openDoor } from './door.ts';

/** Records looked through, from the end of a log, for the day that was turned last. */
const lookedThrough = 100_000;
const lookedAtOnce = 5_000;

/** The newest day that the clock was turned to in a partition, as its log says near its end. */
async function dayInPartition(
  log: EventLog,
  topic: string,
  partition: number,
  end: number,
): Promise<CivilDay | undefined> {
  for (let to = end; to > Math.max(0, end - lookedThrough); to -= lookedAtOnce) {
    const between = { from: Math.max(0, to - lookedAtOnce), end: to };
    let newest: CivilDay | undefined;
    for await (const records of recordsBetween(log, topic, partition, between)) {
      for (const { key, value } of records) {
        // Holdfast's own records have no participant, and a turned day says its date in its id.
        const date = key === '' ? /"id":"day-turned-([0-9-]{10})"/.exec(Buffer.from(value).toString())?.[1] : undefined;
        if (date !== undefined) newest = Math.max(newest ?? civilDay(date), civilDay(date));
      }
    }
    if (newest !== undefined) return newest;
  }
  return undefined;
}

/**
 * The day that a trial's clock was turned to last in all partitions: an append to several may have come to some of them only. Where that
 * lies far back in a partition's log, its shard knows it, if there is one.
 */
async function lastTurned(log: EventLog, protocol: Protocol): Promise<CivilDay | undefined> {
  const { name } = topicsOf(protocol).events;
  const days: (CivilDay | undefined)[] = [];
  for (const [partition, end] of (await log.ends(name)).entries())
    days.push(await dayInPartition(log, name, partition, end));
  if (days.includes(undefined)) {
    const { positions } = await readTallies(log, protocol, 'open');
    for (const [partition, position] of positions.entries())
      if (position?.asOf) days[partition] ??= civilDay(position.asOf);
  }
  const known = days.flatMap((day) => day ?? []);
  if (known.length === 0) return undefined;
  // Where it was never turned, it has still to be turned to the first day that others were.
  return Math.min(...known) - (days.includes(undefined) ? 1 : 0);
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
