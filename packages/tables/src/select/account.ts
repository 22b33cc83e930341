import type { DuckDBConnection } from '@duckdb/node-api';
import { ImportError } from '../import-error.ts';
import type { LoadedTable } from '../load/load-table.ts';
import type { EventQuery } from '../mapping/mapping.ts';
import { identifier, literal } from '../sql-text.ts';

/** Rows that the mapping, or the import itself, left out for one reason. */
export type FilteredRows = {
  readonly reason: string;
  readonly rows: number;
  /** The line of the first of them. */
  readonly line: number;
};

/** What became of the rows of one table that SQL saw. */
export type Account = {
  readonly used: number;
  readonly rejected: number;
  readonly filtered: readonly FilteredRows[];
};

/**
 * The fate of every line that the selected rows name: used by an event that stands, else rejected, else filtered by the first SELECT
 * that says why. `refusals` is a table (row, tab, line) of what was refused since, if anything was.
 */
export async function accountLines(connection: DuckDBConnection, refusals?: string): Promise<void> {
  const named =
    'select rowid as row, filtered is not null as is_filtered, refused is not null as is_refused, case when filtered is not null then chr(48 + type) || filtered end as why, unnest(lines) as l from holdfast.selected';
  const rows =
    refusals === undefined
      ? `select is_filtered, is_refused, why, l.tab as tab, l.line as line from (${named})`
      : `select is_filtered, is_refused or r.line is not null as is_refused, why, l.tab as tab, l.line as line
         from (${named}) n left join (select distinct row, tab, line from ${refusals}) r on r.row = n.row and r.tab = n.l.tab and r.line = n.l.line`;
  await connection.run(`create or replace table holdfast.account as
    select tab, line, case when bool_or(not is_filtered and not is_refused) then 'used' when bool_or(is_refused) then 'rejected' else 'filtered' end as fate,
      substr(min(why), 2) as reason
    from (${rows}) group by tab, line`);
}

/** A mapping that names no line, or one that is not there, or leaves rows out in silence, would make every count below it wrong. */
export async function checkAccount(
  connection: DuckDBConnection,
  tables: readonly LoadedTable[],
  queries: readonly EventQuery[],
): Promise<void> {
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRows();
  for (const [type] of await rows(
    'select distinct type::INTEGER from holdfast.selected where coalesce(len(lines), 0) = 0 order by type',
  )) {
    throw new ImportError(
      `${queries[Number(type)]?.file ?? 'a SELECT'}: gives rows that stand on no line; let "lines" name the lines of the tables that they come from`,
    );
  }
  const named = new Map(
    (await rows('select tab, count(*)::INTEGER from holdfast.account group by tab')).map(([tab, count]) => [
      tab,
      Number(count),
    ]),
  );
  for (const tab of named.keys()) {
    if (tables.some(({ name }) => name === tab)) continue;
    throw new ImportError(
      `the mapping's "lines" name a table ${JSON.stringify(tab)} that it does not declare; use one of ${tables.map(({ name }) => name).join(', ')}`,
    );
  }
  for (const { name, file } of tables) {
    const table = identifier(name);
    const account = `(select line from holdfast.account where tab = ${literal(name)})`;
    const [[all, matched] = []] = await rows(
      `select (select count(*) from ${table})::INTEGER, (select count(*) from ${table} semi join ${account} using (line))::INTEGER`,
    );
    if (matched !== (named.get(name) ?? 0)) {
      const [[line] = []] = await rows(`select min(line)::VARCHAR from ${account} anti join ${table} using (line)`);
      throw new ImportError(
        `the mapping's "lines" name line ${line} of table ${name}, where ${file} has no row; take "line" from the table itself`,
      );
    }
    if (matched !== all) {
      const [[left, first] = []] = await rows(
        `select count(*)::INTEGER, min(line)::INTEGER from ${table} anti join ${account} using (line)`,
      );
      throw new ImportError(
        `${left} ${left === 1 ? 'row' : 'rows'} of table ${name} ${left === 1 ? 'is' : 'are'} neither used nor filtered, e.g. line ${first} of ${file}; give them to an event, or SELECT them with a reason in "filtered"`,
      );
    }
  }
}

/** Sums up `account` by table. */
export async function readAccount(connection: DuckDBConnection): Promise<ReadonlyMap<string, Account>> {
  const summed = await connection.runAndReadAll(
    `select tab, fate, case fate when 'filtered' then reason end as why, count(*)::INTEGER, min(line)::INTEGER as line from holdfast.account group by tab, fate, why order by tab, fate, line`,
  );
  const accounts = new Map<string, { used: number; rejected: number; filtered: FilteredRows[] }>();
  for (const [tab, fate, why, count, line] of summed.getRows()) {
    const account = accounts.get(String(tab)) ?? { used: 0, rejected: 0, filtered: [] };
    accounts.set(String(tab), account);
    if (fate === 'filtered') account.filtered.push({ reason: String(why), rows: Number(count), line: Number(line) });
    else account[fate === 'used' ? 'used' : 'rejected'] = Number(count);
  }
  return accounts;
}
