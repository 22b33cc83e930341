import type { BatchBounds, LogRecord } from '../event-log.ts';
import { LogUnavailable, NoSuchTopic, OffsetOutOfRange } from '../log-errors.ts';
import { endsKey, offsetOf, readEnds, segmentKey } from './keys.ts';
import { countOf, isIntact, unpack } from './segment.ts';
import type { View } from './store.ts';
import type { Topic } from './topics.ts';

export function endsOf(topic: Topic): readonly number[] {
  return topic.store.read((view) => endsIn(view, topic));
}

/** The ends of a topic in a state of its store; it may have been removed since it was looked up. */
export function endsIn(view: View, { name, number, store }: Topic): readonly number[] {
  const ends = view.get(endsKey(number));
  if (ends === undefined) throw new NoSuchTopic(`topic ${name} in ${store.dir} was removed: look up what replaced it`);
  return readEnds(ends);
}

export function readFrom(topic: Topic, partition: number, from: number, most: BatchBounds): readonly LogRecord[] {
  const { name, number, store } = topic;
  return store.read((view) => {
    const end = endsIn(view, topic)[partition] ?? 0;
    if (from > end)
      throw new OffsetOutOfRange(
        `topic ${name}, partition ${partition} in ${store.dir} ends at ${end}, there is no offset ${from}: ` +
          'the offset comes from another log, or this one was replaced by an older copy; restore the right one, or start over',
      );
    const found: LogRecord[] = [];
    let bytes = 0;
    let isFull = false;
    let first = from < end ? firstOfSegmentWith(view, topic, partition, from) : end;
    while (first < end && !isFull) {
      const segment = view.get(segmentKey(number, partition, first));
      if (!segment || !isIntact(segment)) throw damaged(topic, partition, first);
      let offset = Math.max(from, first);
      unpack(segment, offset - first, (key, value, recordBytes) => {
        bytes += recordBytes;
        isFull = found.length >= most.records || (found.length > 0 && bytes > most.bytes);
        if (!isFull) found.push({ partition, offset, key, value });
        offset += 1;
        return !isFull;
      });
      first += countOf(segment);
      isFull ||= found.length >= most.records || bytes >= most.bytes; // or the next segment would be fetched for nothing
    }
    return found;
  });
}

function firstOfSegmentWith(view: View, topic: Topic, partition: number, offset: number): number {
  const entry = view.last(segmentKey(topic.number, partition, offset));
  const first = entry && offsetOf(entry.key, topic.number, partition);
  if (first === undefined) throw damaged(topic, partition, offset);
  return first;
}

function damaged({ name, store }: Topic, partition: number, offset: number): LogUnavailable {
  return new LogUnavailable(
    `topic ${name}, partition ${partition} in ${store.dir} is damaged at offset ${offset}: restore the log from a backup`,
  );
}
