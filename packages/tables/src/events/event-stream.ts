import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { Mapping } from '../mapping/mapping.ts';
import { countSelected, isEvent } from '../select/selected.ts';
import { chunkColumns, eventBuilder, type OutgoingEvent } from './built-events.ts';
import { withIds } from './event-id.ts';
import { sharedValues } from './shared-values.ts';

/** Events that are sorted at once: sorting all would take the memory of all of them again, and the first would come only after the last. */
const sliceSize = 100_000;
/** Each slice looks through all events for its own. */
const mostSlices = 4;

/** The selected events, by trial, participant and time, a chunk of DuckDB's (2,048) at a time. */
export async function* eventStream(connection: DuckDBConnection, mapping: Mapping): AsyncGenerator<OutgoingEvent[]> {
  const { total } = await countSelected(connection);
  const shared = await sharedValues(connection);
  const types = mapping.events.map(({ name }) => name);
  const built = eventBuilder(types, shared);
  const slices = Math.min(mostSlices, Math.ceil(total / sliceSize));
  const size = Math.ceil(shared.participants.length / slices);

  async function* chunks(): AsyncGenerator<DuckDBDataChunk> {
    for (let n = 0; n < slices; n++) {
      yield* await connection.stream(`
        select ${chunkColumns.join(', ')}
        from (select type, participant, sender, (day - DATE '1970-01-01')::INTEGER as day, time, recorded, row, key,
            id_first, id_last, shared, case when shared is null then data end as data
          from ${withIds(
            mapping.name,
            types,
            `(select *, selected.rowid::DOUBLE as row
            from holdfast.selected join holdfast.participant using (trial, subject) join holdfast.sender using (trial, origin)
              left join holdfast.shared using (data)
            where ${isEvent} and participant between ${n * size} and ${(n + 1) * size - 1})`,
          )})
        order by participant, coalesce(try_cast(left(time, 10) as DATE) - DATE '1970-01-01', day), time, type, key`);
    }
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
