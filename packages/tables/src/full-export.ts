import { type DuckDBConnection, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import type { ObservationType } from '@holdfast/events';
import type { Database } from './database.ts';
import { withIds } from './events/event-id.ts';
import type { LoadedTable } from './load/load-table.ts';
import type { Mapping } from './mapping/mapping.ts';
import { isEvent } from './select/selected.ts';
import { literal } from './sql-text.ts';

/** An event that this mapping imported before, as whoever knows the log describes it. */
export type ImportedEvent = {
  readonly trial: string;
  readonly participant: string;
  readonly type: ObservationType;
  /** Of the natural key; two senders may have sent it, when a participant moved. */
  readonly id: string;
  /** Whether the last import said that it is there. */
  readonly stands: boolean;
  /** Whatever the caller wants back, as text. */
  readonly state: string;
};

export type FoundEvent = ImportedEvent & {
  /** Why it stays as it is, whatever the tables say: a row that cannot be read is not gone. */
  readonly held: string | undefined;
};

/** How much of what stands would be lost. */
export type Loss = {
  readonly trial: string;
  readonly type: ObservationType;
  readonly standing: number;
  readonly gone: number;
};

/** A full export against what was imported before. */
export interface FullExport {
  /** By trial and type; only where something would be retracted. */
  losses(): Promise<readonly Loss[]>;
  /** What was imported under the ids of these events, by id. Fast if they are of few participants, or of participants in order. */
  find(
    events: readonly { readonly id: string; readonly subject: string }[],
  ): Promise<ReadonlyMap<string, readonly FoundEvent[]>>;
  /** What stands and is no event of the tables any more, by trial and id. Not while the events of the import are iterated. */
  missing(): AsyncGenerator<readonly FoundEvent[]>;
}

const columns = 'trial, participant, type, id, stands, state, held';

function found(row: readonly unknown[]): FoundEvent {
  const [trial, participant, type, id, stands, state, held] = row;
  return {
    trial: String(trial),
    participant: String(participant),
    type: String(type) as ObservationType,
    id: String(id),
    stands: stands === true,
    state: String(state),
    held: held === null ? undefined : String(held),
  };
}

/** The files whose lines cannot all be read, among those that the SQL of an event, or of the views it uses, speaks of. */
function unreadableFiles(sql: string, mapping: Mapping, tables: readonly LoadedTable[]): readonly string[] {
  const names = (text: string, name: string) => new RegExp(`\\b${name}\\b`, 'i').test(text);
  const used = new Set<string>();
  const texts = [sql];
  for (let text = texts.pop(); text !== undefined; text = texts.pop()) {
    for (const view of mapping.views) {
      if (used.has(view.name) || !names(text, view.name)) continue;
      used.add(view.name);
      texts.push(view.sql);
    }
    for (const { name } of tables) if (names(text, name)) used.add(name);
  }
  return tables.filter(({ name, bad }) => used.has(name) && bad.length > 0).map(({ file }) => file);
}

/** Rows that go to DuckDB at once. */
const rowsAtOnce = 10_000;

async function load(connection: DuckDBConnection, imported: AsyncIterable<readonly ImportedEvent[]>): Promise<void> {
  await connection.run(
    'create table holdfast.read (trial VARCHAR, participant VARCHAR, type VARCHAR, id VARCHAR, stands BOOLEAN, state VARCHAR)',
  );
  let waiting: ImportedEvent[] = [];
  const append = async () => {
    const appender = await connection.createAppender('read', 'holdfast');
    for (const { trial, participant, type, id, stands, state } of waiting) {
      for (const text of [trial, participant, type, id]) appender.appendVarchar(text);
      appender.appendBoolean(stands);
      appender.appendVarchar(state);
      appender.endRow();
    }
    appender.closeSync();
    waiting = [];
  };
  for await (const batch of imported) {
    for (const event of batch) waiting.push(event);
    if (waiting.length >= rowsAtOnce) await append();
  }
  await append();
  // In the order of the events that will be looked up, so that DuckDB passes over what is of other participants.
  await connection.run(
    'create table holdfast.imported as select *, NULL::VARCHAR as held from holdfast.read order by participant',
  );
  await connection.run('drop table holdfast.read');
}

/**
 * Holds a full export against what was imported before. A row that was refused, or that could not be read, holds what it may have been
 * about: the event of its key if it has one, else every event of the types that are made of its table.
 */
export async function heldAgainst(
  { connection, second }: Database,
  mapping: Mapping,
  tables: readonly LoadedTable[],
  imported: AsyncIterable<readonly ImportedEvent[]>,
): Promise<FullExport> {
  await load(connection, imported);
  const types = mapping.events.map(({ name }) => name);
  const selected =
    '(select * from holdfast.selected where filtered is null and trial is not null and subject is not null and key is not null)';
  await connection.run(`create table holdfast.exported as
    select format('{:016x}{:016x}', id_first, id_last) as id, bool_or(${isEvent}) as is_event, bool_or(refused is not null) as is_refused
    from ${withIds(mapping.name, types, selected)} group by id`);
  await connection.run(`update holdfast.imported set held = 'the export has a row of it that was refused'
    where id in (select id from holdfast.exported where is_refused)`);
  const withoutKey = await connection.runAndReadAll(
    'select distinct type::INTEGER from holdfast.selected where refused is not null and (trial is null or subject is null or key is null)',
  );
  const isWithoutKey = new Set(withoutKey.getRows().map(([type]) => Number(type)));
  for (const [type, { name, file, sql }] of mapping.events.entries()) {
    const files = unreadableFiles(sql, mapping, tables);
    if (files.length === 0 && !isWithoutKey.has(type)) continue;
    const reason =
      files.length > 0
        ? `${files.join(', ')} has lines that cannot be read, which may be about it`
        : `${file} gives rows without trial, participant or key, which may be about it`;
    await connection.run(
      `update holdfast.imported set held = ${literal(reason)} where type = ${literal(name)} and held is null`,
    );
  }
  const missing = `from holdfast.imported where stands and id not in (select id from holdfast.exported where is_event)`;

  return {
    async losses() {
      const counted = await connection.runAndReadAll(`
        select trial, type, count(*)::DOUBLE as standing, (count(*) filter (is_gone))::DOUBLE as gone
        from (select trial, type, held is null and id not in (select id from holdfast.exported where is_event) as is_gone
          from holdfast.imported where stands)
        group by trial, type having gone > 0 order by trial, type`);
      return counted.getRows().map(([trial, type, standing, gone]) => ({
        trial: String(trial),
        type: String(type) as ObservationType,
        standing: Number(standing),
        gone: Number(gone),
      }));
    },
    async find(events) {
      const byId = new Map<string, FoundEvent[]>();
      const [first] = events;
      if (first === undefined) return byId;
      let [from, to] = [first.subject, first.subject];
      for (const { subject } of events) {
        if (subject < from) from = subject;
        if (subject > to) to = subject;
      }
      const rows = await second.runAndReadAll(
        `select ${columns} from holdfast.imported where participant between $1 and $2 and id in (select unnest($3)) order by id, state`,
        [from, to, listValue(events.map(({ id }) => id))],
        [VARCHAR, VARCHAR, LIST(VARCHAR)],
      );
      for (const row of rows.getRows()) {
        const event = found(row);
        const known = byId.get(event.id);
        if (known === undefined) byId.set(event.id, [event]);
        else known.push(event);
      }
      return byId;
    },
    async *missing() {
      const chunks = await connection.stream(`select ${columns} ${missing} order by trial, id, state`);
      for (;;) {
        const chunk = await chunks.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) return;
        yield chunk.getRows().map(found);
      }
    },
  };
}
