import { endianness } from 'node:os';
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { dateOf, fullType, type ObservationType } from '@holdfast/events';
import { readData } from './event-data.ts';
import type { SharedValues } from './shared-values.ts';
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

/** The columns of a chunk, in this order. */
export const chunkColumns = [
  'type',
  'participant',
  'sender',
  'day',
  'time',
  'recorded',
  'row',
  'id_first',
  'id_last',
  'shared',
  'data',
] as const;

/** Makes events of a chunk's rows. */
export function eventBuilder(
  types: readonly ObservationType[],
  { participants, sources, data }: SharedValues,
): (chunk: DuckDBDataChunk) => OutgoingEvent[] {
  const named = types.map((type) => ({ type, full: fullType(type) }));
  const noons = new Map<number, string>();
  const noonOf = (day: number): string => {
    const known = noons.get(day);
    if (known !== undefined) return known;
    const noon = `${dateOf(day)}T12:00:00+00:00`;
    noons.set(day, noon);
    return noon;
  };

  return (chunk) => {
    const count = chunk.rowCount;
    const column = (name: (typeof chunkColumns)[number]) => chunk.getColumnVector(chunkColumns.indexOf(name));
    const [typeOf, participantOf, senderOf, dayOf] = [
      column('type'),
      column('participant'),
      column('sender'),
      column('day'),
    ];
    const [timeOf, recordedOf, rowOf, sharedOf] = [column('time'), column('recorded'), column('row'), column('shared')];
    const dataOf = column('data');
    // An id crosses as two numbers, for as a text it would cost as much as all the rest of its event.
    const halves = new BigUint64Array(count * 2);
    const [first, last] = [column('id_first'), column('id_last')];
    for (let i = 0; i < count; i++) {
      halves[i * 2] = first.getItem(i) as bigint;
      halves[i * 2 + 1] = last.getItem(i) as bigint;
    }
    const bytes = Buffer.from(halves.buffer);
    const ids = (endianness() === 'LE' ? bytes.swap64() : bytes).toString('hex');

    const events: OutgoingEvent[] = [];
    for (let i = 0; i < count; i++) {
      const { trial = '', subject = '' } = participants[participantOf.getItem(i) as number] ?? {};
      const type = named[typeOf.getItem(i) as number];
      if (type === undefined) throw new Error('a selected row is of no type of the mapping');
      const time = (timeOf.getItem(i) as string | null) ?? noonOf(dayOf.getItem(i) as number);
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
}
