import { endianness } from 'node:os';
import type { DuckDBConnection, DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api';
import { dateOf, fullType, type ObservationType } from '@holdfast/events';
import type { EventQuery } from '../mapping/mapping.ts';
import { isEvent } from '../select/selected.ts';
import { literal } from '../sql-text.ts';
import { readData } from './event-data.ts';
import type { TableEvent } from './table-event.ts';

/** An event on its way to the judge, with the number of the selected row that it was made of. */
export type OutgoingEvent = {
  readonly event: TableEvent;
  readonly trial: string;
  readonly type: ObservationType;
  readonly row: number;
};

/** Hexadecimal digits of an id: the first half of a SHA-256. */
const idLength = 32;
/** Data that several events share, at most; what else there is crosses with each event. */
const sharedData = 65_536;
/** Events that are sorted at once: sorting them all would need the memory of all of them again, and the first would come only after the last. */
const sliceSize = 100_000;
/** Each slice looks through all events for its own. */
const mostSlices = 4;

/** Small tables of what many events share, so that it crosses from DuckDB once and each event names it by number: texts are what crossing costs. */
async function createShared(connection: DuckDBConnection) {
  const texts = async (sql: string) => (await connection.runAndReadAll(sql)).getRows().map((row) => row.map(String));
  await connection.run(`create table holdfast.participant as
    select (row_number() over (order by trial, subject) - 1)::INTEGER as participant, * from (select distinct trial, subject from holdfast.selected where ${isEvent})`);
  await connection.run(`create table holdfast.sender as
    select (row_number() over (order by trial, origin) - 1)::INTEGER as sender, * from (select distinct trial, origin from holdfast.selected where ${isEvent})`);
  await connection.run(`create table holdfast.shared as
    select (row_number() over () - 1)::INTEGER as shared, data
    from (select data from holdfast.selected where ${isEvent} group by data having count(*) > 1 order by count(*) desc limit ${sharedData})`);
  return {
    participants: (await texts('select trial, subject from holdfast.participant order by participant')).map(
      ([trial = '', subject = '']) => ({ trial, subject }),
    ),
    total: Number((await texts(`select count(*) from holdfast.selected where ${isEvent}`))[0]?.[0] ?? 0),
    sources: (await texts("select concat('/trials/', trial, '/', origin) from holdfast.sender order by sender")).map(
      ([source = '']) => source,
    ),
    data: (await texts('select data from holdfast.shared order by shared')).map(([data = '']) => readData(data)),
  };
}

function cached<K, V>(make: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make(key);
    known.set(key, made);
    return made;
  };
}

/** The selected events, by trial, participant and time, a chunk of DuckDB's (2,048) at a time. */
export async function* eventStream(
  connection: DuckDBConnection,
  mapping: string,
  queries: readonly EventQuery[],
): AsyncGenerator<OutgoingEvent[]> {
  const { participants, sources, data, total } = await createShared(connection);
  const types = queries.map(({ name }) => ({ type: name, full: fullType(name) }));
  const typeName = `([${queries.map(({ name }) => literal(name)).join(', ')}])[type + 1]`;
  const identity = [literal(mapping), typeName, 'trial', 'subject', 'key'].join(', chr(10), ');
  const slices = Math.min(mostSlices, Math.ceil(total / sliceSize));
  const size = Math.ceil(participants.length / slices);
  const slice = (n: number) =>
    connection.stream(`
    select type, participant, sender, (day - DATE '1970-01-01')::INTEGER, time, recorded, row,
      concat('0x', hash[1:16])::UBIGINT, concat('0x', hash[17:32])::UBIGINT, shared, case when shared is null then data end
    from (select *, selected.rowid::DOUBLE as row, sha256(concat(${identity})) as hash
      from holdfast.selected join holdfast.participant using (trial, subject) join holdfast.sender using (trial, origin)
        left join holdfast.shared using (data)
      where ${isEvent} and participant between ${n * size} and ${(n + 1) * size - 1})
    order by participant, coalesce(try_cast(left(time, 10) as DATE), day), time, type, key`);
  const noon = cached((day: number) => `${dateOf(day)}T12:00:00+00:00`);

  /** Two numbers an id, for the texts would cost as much as all the rest of the events. */
  const idsOf = (first: DuckDBVector, second: DuckDBVector, count: number): string => {
    const halves = new BigUint64Array(count * 2);
    for (let i = 0; i < count; i++) {
      halves[i * 2] = first.getItem(i) as bigint;
      halves[i * 2 + 1] = second.getItem(i) as bigint;
    }
    const bytes = Buffer.from(halves.buffer);
    return (endianness() === 'LE' ? bytes.swap64() : bytes).toString('hex');
  };
  const built = (chunk: DuckDBDataChunk): OutgoingEvent[] => {
    const count = chunk.rowCount;
    const column = (index: number) => chunk.getColumnVector(index);
    const [typeOf, participantOf, senderOf, dayOf, timeOf, recordedOf, rowOf] = [
      column(0),
      column(1),
      column(2),
      column(3),
      column(4),
      column(5),
      column(6),
    ];
    const ids = idsOf(column(7), column(8), count);
    const [sharedOf, dataOf] = [column(9), column(10)];
    const events: OutgoingEvent[] = [];
    for (let i = 0; i < count; i++) {
      const { trial = '', subject = '' } = participants[participantOf.getItem(i) as number] ?? {};
      const type = types[typeOf.getItem(i) as number];
      if (type === undefined) throw new Error('a row of a SELECT that is not there');
      const time = (timeOf.getItem(i) as string | null) ?? noon(dayOf.getItem(i) as number);
      const shared = sharedOf.getItem(i) as number | null;
      events.push({
        event: {
          specversion: '1.0',
          id: ids.slice(i * idLength, (i + 1) * idLength),
          source: sources[senderOf.getItem(i) as number] ?? '',
          subject,
          type: type.full,
          time,
          recordedtime: (recordedOf.getItem(i) as string | null) ?? time,
          data: shared === null ? readData(dataOf.getItem(i) as string) : data[shared],
        },
        trial,
        type: type.type,
        row: rowOf.getItem(i) as number,
      });
    }
    return events;
  };

  async function* chunks(): AsyncGenerator<DuckDBDataChunk> {
    for (let n = 0; n < slices; n++) yield* await slice(n);
  }
  // While one chunk is judged and stored, DuckDB prepares the next on another thread.
  const source = chunks();
  let coming = source.next();
  try {
    for (;;) {
      const chunk = await coming;
      if (chunk.done === true) return;
      coming = source.next();
      coming.catch(() => {}); // Awaited in the next round, or below.
      yield built(chunk.value);
    }
  } finally {
    await coming.catch(() => {});
    await source.return(undefined);
  }
}
