import { canonicalEvent, dateOf, type HoldfastEvent } from '@holdfast/events';
import type { EventLog, NewRecord } from '@holdfast/log';
import { type LoadTrial, loadByDay, loadProtocol } from '@holdfast/simulate';
import { publishProtocol, topicsOf } from '@holdfast/trials';
import { type Places, placesFor } from '../places.ts';
import { openStore, type Store, settingsFor } from '../store.ts';

export const protocol = loadProtocol();
export const topic = topicsOf(protocol).events.name;

/** Calls of append are about so large: what a commit of the log holds. */
const recordsAtOnce = 10_000;

/** An event as the door writes it, received at the end of the day on which it was recorded. */
export const recordOf = (event: HoldfastEvent): NewRecord => ({
  key: 'subject' in event ? event.subject : '',
  value: Buffer.from(canonicalEvent(event, `${event.recordedtime.slice(0, 10)}T23:59:59.000Z`)),
});

/** The records that say that a day has begun, one for each partition. */
export function turnedTo(day: number): NewRecord[] {
  const time = `${dateOf(day)}T00:00:00+00:00`;
  const event: HoldfastEvent = {
    specversion: '1.0',
    id: `day-turned-${dateOf(day)}`,
    source: `/trials/${protocol.trial}/holdfast`,
    type: 'org.holdfast.day-turned.v1',
    time,
    recordedtime: time,
    data: { date: dateOf(day) },
  };
  const value = Buffer.from(canonicalEvent(event, time));
  return Array.from({ length: protocol.partitions }, (_, partition) => ({ key: '', value, partition }));
}

/** A running trial as its log gets it: each day begins, and then comes what the sites send on it. */
export function* runningTrial(size: LoadTrial): Generator<NewRecord> {
  for (const { day, events } of loadByDay(size)) {
    yield* turnedTo(day);
    for (const event of events) yield recordOf(event);
  }
}

/** The next so many of an iterator that is read on afterwards. */
export function* next<T>(iterator: Iterator<T>, count: number): Generator<T> {
  for (let taken = 0; taken < count; taken += 1) {
    const { done, value } = iterator.next();
    if (done) return;
    yield value;
  }
}

/** Appends records a large call at a time; answers how many. */
export async function appendAll(log: EventLog, records: Iterable<NewRecord>): Promise<number> {
  let appended = 0;
  let waiting: NewRecord[] = [];
  const flush = async () => {
    appended += waiting.length;
    await log.append(topic, waiting);
    waiting = [];
  };
  for (const record of records) {
    waiting.push(record);
    if (waiting.length >= recordsAtOnce) await flush();
  }
  await flush();
  return appended;
}

/** Where the parts of a store are that is measured. */
export const placesOf = (data: string): Places => placesFor(settingsFor({ data }));

export const onStore = <T>(data: string, work: (store: Store) => Promise<T>): Promise<T> =>
  openStore({ data, key: [] }, 'write', work);

/** Begins a store with the load trial and these records in its log; answers how many. */
export async function fillStore(data: string, records: Iterable<NewRecord>): Promise<number> {
  await openStore({ data, key: [] }, 'create', ({ log }) => publishProtocol(log, protocol));
  return onStore(data, ({ log }) => appendAll(log, records));
}
