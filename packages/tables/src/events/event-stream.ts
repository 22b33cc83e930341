import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { dateOf, fullType } from '@holdfast/events';
import type { EventQuery } from '../mapping/mapping.ts';
import { literal } from '../sql-text.ts';
import { dataReader } from './event-data.ts';
import type { TableEvent } from './table-event.ts';

/** An event on its way to the judge, with the number of the selected row that it was made of. */
export type OutgoingEvent = { readonly event: TableEvent; readonly trial: string; readonly row: number };

const idLength = 32;

/**
 * The selected events, by trial, participant and time, a chunk of DuckDB's (2,048) at a time. Texts are what crossing from DuckDB costs,
 * so what many events share (participant, source, day) crosses as a number, and id and data in one piece.
 */
export async function* eventStream(connection: DuckDBConnection, mapping: string, queries: readonly EventQuery[]): AsyncGenerator<OutgoingEvent[]> {
  const event = 'filtered is null and refused is null';
  await connection.run(`create table participant as
    select row_number() over (order by trial, subject)::INTEGER as participant, * from (select distinct trial, subject from selected where ${event})`);
  await connection.run(`create table sender as
    select row_number() over (order by trial, origin)::INTEGER as sender, * from (select distinct trial, origin from selected where ${event})`);
  const participants = (await connection.runAndReadAll('select trial, subject from participant order by participant')).getRows().map(([trial, subject]) => ({ trial: String(trial), subject: String(subject) }));
  const sources = (await connection.runAndReadAll("select concat('/trials/', trial, '/', origin) from sender order by sender")).getRows().map(([source]) => String(source));
  const types = queries.map(({ name }) => fullType(name));
  const identity = ['subject', 'key'].reduce((text, column) => `${text}, chr(10), ${column}`, `${literal(mapping)}, chr(10), ([${queries.map(({ name }) => literal(name)).join(', ')}])[type + 1], chr(10), trial`);
  const result = await connection.stream(`
    select type, participant, sender, (day - DATE '1970-01-01')::INTEGER, time, recorded, selected.rowid::DOUBLE,
      left(sha256(concat(${identity})), ${idLength}) || data
    from selected join participant using (trial, subject) join sender using (trial, origin) where ${event}
    order by participant, coalesce(day, try_cast(left(time, 10) as DATE)), time, type, key`);

  const readData = dataReader();
  const noons = new Map<number, string>();
  const noonOf = (day: number): string => {
    const known = noons.get(day);
    if (known !== undefined) return known;
    const noon = `${dateOf(day)}T12:00:00+00:00`;
    noons.set(day, noon);
    return noon;
  };
  const built = (chunk: DuckDBDataChunk): OutgoingEvent[] => {
    const column = (index: number) => chunk.getColumnVector(index);
    const [type, participant, sender, day, time, recorded, row, rest] = [column(0), column(1), column(2), column(3), column(4), column(5), column(6), column(7)];
    return Array.from({ length: chunk.rowCount }, (_, i) => {
      const who = participants[(participant.getItem(i) as number) - 1];
      const text = rest.getItem(i) as string;
      const at = (time.getItem(i) as string | null) ?? noonOf(day.getItem(i) as number);
      return {
        event: {
          specversion: '1.0',
          id: text.slice(0, idLength),
          source: sources[(sender.getItem(i) as number) - 1] ?? '',
          subject: who?.subject ?? '',
          type: types[type.getItem(i) as number] ?? '',
          time: at,
          recordedtime: (recorded.getItem(i) as string | null) ?? at,
          data: readData(text.slice(idLength)),
        },
        trial: who?.trial ?? '',
        row: row.getItem(i) as number,
      };
    });
  };

  // While one chunk is judged and stored, DuckDB fetches the next on another thread.
  let coming = result.fetchChunk();
  try {
    for (;;) {
      const chunk = await coming;
      if (chunk === null || chunk.rowCount === 0) return;
      coming = result.fetchChunk();
      coming.catch(() => {}); // Awaited in the next round, or below.
      yield built(chunk);
    }
  } finally {
    await coming.catch(() => {});
  }
}
