import type { CivilDay } from '@holdfast/events';
import type { LogRecord } from '@holdfast/log';
import type { Arrivals } from '@holdfast/shards';
import type { Decoded, recordDecoder } from './decode.ts';

/** What a run of log records holds, by participant. */
export type Gathered = {
  readonly arrivals: Map<string, Arrivals>;
  /** The newest date that has begun. */
  clock: CivilDay | undefined;
  /** Sealed events that the key does not open: set aside, each with its reason. */
  readonly unreadable: string[];
  /** Records that are no events: how many. */
  foreign: number;
};

type Kept = Extract<Decoded, { kind: 'open' | 'sealed' }>['observation'];

export function nothingGathered(): Gathered {
  return { arrivals: new Map(), clock: undefined, unreadable: [], foreign: 0 };
}

function take(gathered: Gathered, decoded: Decoded, isWanted: (observation: Kept) => boolean): void {
  switch (decoded.kind) {
    case 'clock':
      gathered.clock = Math.max(gathered.clock ?? decoded.day, decoded.day);
      return;
    case 'box':
    case 'mark':
      return;
    case 'foreign':
      gathered.foreign += 1;
      return;
    case 'unreadable':
      gathered.unreadable.push(`${decoded.source} ${decoded.id}: ${decoded.reason}`);
      return;
  }
  if (!isWanted(decoded.observation)) return;
  let arrived = gathered.arrivals.get(decoded.participant);
  if (arrived === undefined) {
    arrived = { open: [], sealed: [] };
    gathered.arrivals.set(decoded.participant, arrived);
  }
  if (decoded.kind === 'open') arrived.open.push(decoded.observation);
  else arrived.sealed.push(decoded.observation);
}

/** Decodes records and adds what they hold to `gathered`: all of it, or the observations that are wanted. */
export async function gather(
  gathered: Gathered,
  records: Iterable<LogRecord>,
  decode: ReturnType<typeof recordDecoder>,
  isWanted: (observation: Kept) => boolean = () => true,
): Promise<void> {
  for (const record of records) {
    const outcome = decode(record);
    // Almost all outcomes are there at once, and waiting for each would cost more than decoding it.
    take(gathered, outcome instanceof Promise ? await outcome : outcome, isWanted);
  }
}

/**
 * Hands over what records hold, key by key, and so participant by participant: decoded when it is asked for, so that only one's observations are in
 * memory at a time, and gone when the next one's come. (Who wrote under another's key is handed over twice.) The rest is in `gathered`
 * when all are handed over.
 */
export async function* gatherByKey(
  gathered: Gathered,
  records: Iterable<LogRecord>,
  decode: ReturnType<typeof recordDecoder>,
): AsyncGenerator<readonly [participant: string, Arrivals]> {
  const byKey = new Map<string, LogRecord[]>();
  for (const record of records) {
    const some = byKey.get(record.key);
    if (some === undefined) byKey.set(record.key, [record]);
    else some.push(record);
  }
  for (const some of byKey.values()) {
    await gather(gathered, some, decode);
    yield* gathered.arrivals;
    gathered.arrivals.clear();
  }
}
