import type { EventLog, LogRecord } from '@holdfast/log';
import type { ObjectStore } from '@holdfast/objects';
import { type TrialLog, topicsOf } from '@holdfast/trials';
import { ArchiveContradicted, archiveNext, isMark, type SegmentBounds, usualBounds } from './archive.ts';
import { inTime } from './in-time.ts';
import { whyOf } from './why-of.ts';

export type KeptArchive = {
  readonly objects: ObjectStore;
  /** What ends a segment; the same for everybody who archives a log. */
  readonly most?: SegmentBounds;
  /** How often it is looked whether there is something to archive, and time for it. */
  readonly everyMs?: number;
};

/** What became of a segment. Nothing in it depends on what events say. */
export type ArchiveTold = {
  readonly trial: string;
  readonly partition: number;
  /** Where the archive ends now; undefined where a segment could not be written. */
  readonly next: number | undefined;
  readonly why: string | undefined;
  /** Whether it could not be since the archive holds what the log has not: that does not pass by itself. */
  readonly isContradicted: boolean;
};

/** Records that a shard may be behind its log and still count as caught up: what is on its way. */
const onTheWay = 10_000;
/** How long a segment that could not be written waits. */
const againMs = 60_000;
/** How long giving a partition back waits for the segment that is being written. Whoever is next would write the same. */
const givingBackMs = 2_000;

/** What a partition's log holds after its archive, as far as its shard has come. */
type Partition = {
  offset: number;
  records: number;
  bytes: number;
  isDue: boolean;
  notBefore: number;
  /** Where the archive ended when it was last compared with the log, or written. */
  known: number | undefined;
};

/**
 * Archives the complete segments of the partitions whose shards are kept here as their logs grow, in the background: one segment at a time,
 * read from the log once more, and only while the shard is caught up, so that what has just come is folded first. None of it ever fails.
 */
export interface ArchiveKeeper {
  assigned(partition: number, offset: number): void;
  folded(partition: number, records: readonly LogRecord[]): void;
  revoked(partition: number): Promise<void>;
}

export function keepArchive(
  log: EventLog,
  { objects, most = usualBounds, everyMs = 1_000 }: KeptArchive,
  trial: TrialLog,
  onTold: (told: ArchiveTold) => void,
): ArchiveKeeper {
  const topic = topicsOf(trial).events.name;
  const kept = new Map<number, Partition>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  /** Whether there may be a complete segment: the first time that is not known, for what lies there was not counted. */
  const isDue = ({ records, bytes, isDue: due, notBefore }: Partition) =>
    (due || records >= most.records || bytes >= most.bytes) && performance.now() >= notBefore;

  const isCaughtUp = async (partition: number, { offset }: Partition): Promise<boolean> =>
    ((await log.ends(topic))[partition] ?? 0) - offset <= onTheWay;

  /** Writes the next segment of a partition, if it is complete; then, or if there is none, what lies after the archive is counted. */
  const archive = async (partition: number, one: Partition): Promise<void> => {
    const isStopped = () => kept.get(partition) !== one;
    try {
      if (!(await isCaughtUp(partition, one))) return;
      const end = one.offset;
      Object.assign(one, { records: 0, bytes: 0, isDue: false });
      const archiving = { log, objects, most, isStopped };
      const { segment, rest, known } = await archiveNext(archiving, trial, partition, end, one.known);
      one.known = known;
      if (segment === undefined) {
        one.records += rest.records;
        one.bytes += rest.bytes;
      } else {
        one.isDue = true; // maybe there are more
        onTold({ trial: trial.trial, partition, next: segment.next, why: undefined, isContradicted: false });
      }
    } catch (error) {
      if (isStopped()) return;
      Object.assign(one, { isDue: true, notBefore: performance.now() + againMs });
      const isContradicted = error instanceof ArchiveContradicted;
      onTold({ trial: trial.trial, partition, next: undefined, why: whyOf(error), isContradicted });
    }
  };

  const look = async (): Promise<void> => {
    for (const [partition, one] of kept) if (isDue(one)) await archive(partition, one);
  };
  const lookLater = () => {
    timer = setTimeout(async () => {
      running = look();
      await running;
      running = undefined;
      if (kept.size > 0) lookLater();
      else timer = undefined;
    }, everyMs);
  };

  return {
    assigned(partition, offset) {
      kept.set(partition, { offset, records: 0, bytes: 0, isDue: true, notBefore: 0, known: undefined });
      if (timer === undefined) lookLater();
    },

    folded(partition, records) {
      const one = kept.get(partition);
      if (one === undefined) return;
      for (const record of records) {
        one.records += 1;
        one.bytes += record.value.length;
        if (isMark(record)) one.isDue = true;
      }
      one.offset = (records.at(-1)?.offset ?? one.offset - 1) + 1;
    },

    async revoked(partition) {
      kept.delete(partition);
      if (kept.size > 0) return;
      if (running !== undefined) {
        await inTime(running, givingBackMs);
        return;
      }
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
