import { envelopeOf, loggedEvent } from '@holdfast/aggregate';
import { type EventLog, type LogRecord, type NewRecord, recordsBetween } from '@holdfast/log';
import { type Copied, type TrialLog, topicsOf } from '@holdfast/trials';
import { type Leaving, nothing } from './leaving.ts';

/** Copies a trial's log into another edition of it, as often as the old one has grown. */
export interface LogCopy {
  /** Copies what came since; answers how many records it looked at. */
  more(): Promise<number>;
  /** What is in the copy by now. */
  readonly copied: Copied;
  /** How many records were left out. */
  readonly leftOut: { readonly events: number; readonly rejected: number };
}

export type LogCopyOptions = {
  readonly log: EventLog;
  readonly from: TrialLog;
  readonly to: TrialLog;
  /** What the copy is to be without. */
  readonly leaving?: Leaving | undefined;
  /** What another process had copied. */
  readonly copied?: Copied;
  readonly onCopied?: (records: number) => void;
};

/** Of each partition at once: little, since there may be many. */
const readAtOnce = { records: 1_000, bytes: 1_000_000 };
/** Of a copy at once. */
const appendAtOnce = { records: 4_000, bytes: 4_000_000 };

const textOf = ({ value }: LogRecord) => Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');

/** The records of all partitions, in the order in which they were received; those of a partition keep their order. */
async function* inOrderOfReceipt(
  log: EventLog,
  topic: string,
  from: readonly number[],
  ends: readonly number[],
): AsyncGenerator<LogRecord> {
  async function* recordsOf(partition: number): AsyncGenerator<{ record: LogRecord; receivedtime: string }> {
    const [start, end] = [from[partition] ?? 0, ends[partition] ?? 0];
    for await (const records of recordsBetween(log, topic, partition, { from: start, end, most: readAtOnce }))
      for (const record of records) yield { record, receivedtime: envelopeOf(textOf(record)).receivedtime ?? '' };
  }
  const runs = ends.map((_, partition) => recordsOf(partition));
  const heads = await Promise.all(runs.map(async (run) => (await run.next()).value ?? undefined));
  for (;;) {
    let first: number | undefined;
    for (const [partition, head] of heads.entries()) {
      const known = first === undefined ? undefined : heads[first];
      if (head && (!known || head.receivedtime < known.receivedtime)) first = partition;
    }
    const head = first === undefined ? undefined : heads[first];
    if (first === undefined || !head) return;
    yield head.record;
    heads[first] = (await runs[first]?.next())?.value ?? undefined;
  }
}

/** Collects records and appends them by many. */
function appending(log: EventLog, topic: string) {
  let batch: NewRecord[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await log.append(topic, batch);
    [batch, bytes] = [[], 0];
  };
  return {
    flush,
    async add(record: NewRecord): Promise<void> {
      batch.push(record);
      bytes += record.value.byteLength;
      if (batch.length >= appendAtOnce.records || bytes >= appendAtOnce.bytes) await flush();
    },
  };
}

/**
 * A participant's records go to the partition of the participant among the new ones, in the order that they had. Of Holdfast's own, each
 * date that has begun goes to every partition, once; marks of data cuts are left out: they are places in the old log, and cuts stand on
 * its archive.
 */
export function copyLog({
  log,
  from,
  to,
  leaving = nothing,
  copied: before,
  onCopied = () => {},
}: LogCopyOptions): LogCopy {
  const [old, made] = [topicsOf(from), topicsOf(to)];
  const beginning = { events: Array.from({ length: from.partitions }, () => 0), rejected: [0], audit: [0] };
  const copied: Record<keyof Copied, readonly number[]> = { ...(before ?? beginning) };
  const leftOut = { events: 0, rejected: 0 };
  const dates = new Set<string>();

  const copyEvents = async (ends: readonly number[]): Promise<void> => {
    const target = appending(log, made.events.name);
    for await (const record of inOrderOfReceipt(log, old.events.name, copied.events, ends)) {
      onCopied(1);
      if (leaving.isEventOut(record)) {
        leftOut.events += 1;
        continue;
      }
      if (record.key !== '') {
        await target.add({ key: record.key, value: record.value });
        continue;
      }
      const event = loggedEvent(textOf(record));
      if (event === undefined) {
        // Somebody else wrote it: it stays, to be listed.
        await target.add({ key: '', value: record.value, partition: record.partition % to.partitions });
        continue;
      }
      if (event.type !== 'org.holdfast.day-turned.v1' || dates.has(event.data.date)) continue;
      dates.add(event.data.date);
      for (let partition = 0; partition < to.partitions; partition += 1)
        await target.add({ key: '', value: record.value, partition });
    }
    await target.flush();
    copied.events = ends;
  };

  const copyWhole = async (topic: 'rejected' | 'audit', ends: readonly number[]): Promise<void> => {
    const target = appending(log, made[topic].name);
    for await (const records of recordsBetween(log, old[topic].name, 0, {
      from: copied[topic][0] ?? 0,
      end: ends[0] ?? 0,
    })) {
      for (const record of records) {
        onCopied(1);
        if (topic === 'audit') await target.add({ key: record.key, value: leaving.auditWithout(record.value) });
        else if (await leaving.isRejectionOut(record)) leftOut.rejected += 1;
        else await target.add({ key: record.key, value: record.value });
      }
    }
    await target.flush();
    copied[topic] = ends;
  };

  return {
    copied,
    leftOut,
    async more() {
      let looked = 0;
      // Of a log that is being removed some topics may be gone: what was in them was copied before.
      const there = new Set((await log.topics()).map(({ name }) => name));
      for (const topic of ['events', 'rejected', 'audit'] as const) {
        if (!there.has(old[topic].name)) continue;
        const ends = await log.ends(old[topic].name);
        const more = ends.reduce((sum, end, partition) => sum + end - (copied[topic][partition] ?? 0), 0);
        looked += more;
        if (more > 0) await (topic === 'events' ? copyEvents(ends) : copyWhole(topic, ends));
      }
      return looked;
    },
  };
}
