import type { DuckDBConnection } from '@duckdb/node-api';
import { ImportError } from '../import-error.ts';
import type { EventQuery, Query } from '../mapping/mapping.ts';
import { identifier, literal } from '../sql-text.ts';
import { asSubquery, checkQuery, linesBefore, type QueryColumn, sqlError } from './query.ts';

/** Rows that are events: a condition on `selected`. */
export const isEvent = 'filtered is null and refused is null';

/**
 * Everything that the mapping's SELECTs give, in one table. A row is an event unless `filtered` says why it is none, or `refused` why it
 * cannot be one (`field: reason`). `type` is the place of its SELECT in the mapping.
 */
export async function createSelected(connection: DuckDBConnection): Promise<void> {
  await connection.run('create schema holdfast'); // A mapping may call its tables as it likes.
  await connection.run(`create table holdfast.selected (
    type UTINYINT, trial VARCHAR, origin VARCHAR, subject VARCHAR, key VARCHAR, day DATE, time VARCHAR, recorded VARCHAR,
    data VARCHAR, filtered VARCHAR, refused VARCHAR, lines STRUCT(tab VARCHAR, line BIGINT, part VARCHAR)[])`);
}

const required = ['trial', 'subject', 'key', 'data', 'lines'];
const known = [...required, 'site', 'source', 'day', 'time', 'recorded', 'filtered'];

function checkColumns({ file }: EventQuery, columns: readonly QueryColumn[]): void {
  const fail = (what: string) => {
    throw new ImportError(`${file}: the SELECT gives ${what}`);
  };
  const types = new Map(columns.map((column) => [column.name, column.type]));
  if (types.size < columns.length) fail('two columns of one name; rename or drop one');
  for (const column of required) if (!types.has(column)) fail(`no column "${column}"; add it`);
  if (!types.has('day') && !types.has('time')) fail('neither "day" nor "time"; add the one that the table knows');
  if (!types.has('site') && !types.has('source')) fail('neither "site" nor "source"; add the one that sent the event');
  for (const [column] of types)
    if (!known.includes(column)) fail(`a column "${column}" that means nothing here; it may give ${known.join(', ')}`);
  const must = (column: string, pattern: RegExp, remedy: string) => {
    const type = types.get(column);
    if (type !== undefined && type !== 'SQLNULL' && !pattern.test(type)) fail(`"${column}" as ${type}; ${remedy}`);
  };
  must('day', /^DATE$/, 'make it a DATE: civil_date(n) of a day number, x::DATE of a text');
  must('time', /^VARCHAR$/, 'make it a text, written like 2026-03-02T10:15:00+00:00');
  must('recorded', /^VARCHAR$/, 'make it a text, written like 2026-03-02T10:15:00+00:00');
  must('data', /^(STRUCT|MAP|JSON)/, 'make it a STRUCT, a MAP or JSON');
  must('lines', /^STRUCT\(.*\)\[\]$/, "make it a list of structs: [{'tab': 'uds', 'line': line}]");
}

export async function createView(connection: DuckDBConnection, view: Query): Promise<void> {
  await checkQuery(connection, view);
  const head = `create table ${identifier(view.name)} as select * from `;
  try {
    await connection.run(`${head}${asSubquery(view)}`);
  } catch (cause) {
    throw sqlError(view, cause, linesBefore(head));
  }
}

/** Runs one SELECT of the mapping into `selected`. What it leaves open is decided here: trial not published, row without what an event needs. */
export async function selectEvents(
  connection: DuckDBConnection,
  query: EventQuery,
  type: number,
  trials: readonly string[],
): Promise<void> {
  const columns = await checkQuery(connection, query);
  checkColumns(query, columns);
  const given = (column: string) => (columns.some(({ name }) => name === column) ? `${column}::VARCHAR` : 'NULL');
  const head = `insert into holdfast.selected
    select ${type}, trial, origin, subject, key, day, time, recorded,
      case when filtered is null and refused is null then to_json(data)::VARCHAR end, filtered, refused, lines
    from (select *, case
        when filtered is not null then null
        when subject is null then 'subject: the mapping finds no participant in this row; name one'
        when trial is null then 'trial: the mapping finds no trial for this row; add its participant to the table that names trials'
        when day is null and time is null then 'day: the mapping finds no civil date for this row; correct its day'
        when origin is null then 'site: the mapping finds no site for this row; add its participant to the table that names sites'
        when sender is null and contains(site, '/') then 'site: has a slash, which would end its name; write it without'
        when key is null then 'key: the mapping finds no natural key for this row; complete the row'
        when data is null then 'data: the mapping makes no data of this row; complete the row' end as refused
      from (select *, coalesce(ltrim(sender, '/'), 'sites/' || site) as origin,
          case when trial not in (${['', ...trials].map(literal).join(', ')}) then concat('trial ', trial, ' is not published') else reason end as filtered
        from (select trial::VARCHAR as trial, subject::VARCHAR as subject, key::VARCHAR as key,
            ${given('site')}::VARCHAR as site, ${given('source')}::VARCHAR as sender, ${given('day')}::DATE as day,
            ${given('time')}::VARCHAR as time, ${given('recorded')}::VARCHAR as recorded, ${given('filtered')}::VARCHAR as reason,
            data, lines::STRUCT(tab VARCHAR, line BIGINT, part VARCHAR)[] as lines
          from `;
  try {
    await connection.run(`${head}${asSubquery(query)})))`);
  } catch (cause) {
    throw sqlError(query, cause, linesBefore(head));
  }
}

/** Two rows under one natural key cannot both be that event: the one on the earlier line stands. */
export async function refuseSameKey(connection: DuckDBConnection, queries: readonly EventQuery[]): Promise<void> {
  // Equal keys have equal hashes, and counting those is cheap; the keys themselves are compared only if there is something to find.
  const hashes = await connection.runAndReadAll(
    `select count(distinct hash(type, trial, subject, key)) = count(*) from holdfast.selected where ${isEvent}`,
  );
  if (hashes.getRows()[0]?.[0] === true) return;
  const doubled = `select type, trial, subject, key from holdfast.selected where ${isEvent} group by all having count(*) > 1`;
  const files = `[${queries.map(({ file }) => literal(file)).join(', ')}]`;
  await connection.run(`
    with competing as (
      select s.rowid as row, type, trial, subject, key, data, list_min(list_transform(lines, lambda l: {'line': l.line, 'tab': l.tab})) as first_line
      from holdfast.selected s semi join (${doubled}) using (type, trial, subject, key) where ${isEvent}
    ), ranked as (
      select row, type, first(first_line) over same as standing, row_number() over same as rank
      from competing window same as (partition by type, trial, subject, key order by first_line, data, row)
    )
    update holdfast.selected s
    set refused = concat('key: the same event is on line ', standing.line, ' of ', standing.tab, ' already; remove one of the two, or let the key in ', (${files})[ranked.type + 1], ' tell them apart')
    from ranked where ranked.row = s.rowid and rank > 1`);
}

/** How many rows are events, and how many were refused before anybody judged them. */
export async function countSelected(connection: DuckDBConnection): Promise<{ total: number; rejected: number }> {
  const counted = await connection.runAndReadAll(
    `select count(*) filter (${isEvent})::DOUBLE, count(refused)::DOUBLE from holdfast.selected`,
  );
  const [total, rejected] = counted.getRows()[0] ?? [];
  return { total: Number(total), rejected: Number(rejected) };
}

export type RefusedRow = {
  readonly row: number;
  readonly type: number;
  readonly field: string;
  readonly reason: string;
};

export async function refusedRows(connection: DuckDBConnection): Promise<RefusedRow[]> {
  const found = await connection.runAndReadAll(
    'select rowid::DOUBLE, type::INTEGER, refused from holdfast.selected where refused is not null',
  );
  return found.getRows().map(([row, type, refused]) => {
    const [field = '', ...reason] = String(refused).split(': ');
    return { row: Number(row), type: Number(type), field, reason: reason.join(': ') };
  });
}
