import type { DuckDBConnection } from '@duckdb/node-api';
import { ImportError } from '../import-error.ts';
import type { LoadedTable } from '../load/load-table.ts';
import type { EventQuery } from '../mapping/mapping.ts';
import { identifier, literal } from '../sql-text.ts';

/** What became of the rows of one table that SQL saw. */
export type Account = {
  readonly used: number;
  readonly rejected: number;
  readonly filtered: readonly { readonly reason: string; readonly rows: number; readonly line: number }[];
};

/**
 * The fate of every line that the selected rows name: used by an event that stands, else rejected, else filtered by the first SELECT
 * that says why. `refusals` is a table (selected, tab, line) of what was refused since, if anything was.
 */
export async function accountLines(connection: DuckDBConnection, refusals?: string): Promise<void> {
  const named = 'select rowid as row, type, filtered, refused, unnest(lines) as l from selected';
  const rows =
    refusals === undefined
      ? `select type, filtered, refused is not null as refused, l.tab as tab, l.line as line from (${named})`
      : `select type, filtered, (n.refused is not null or r.line is not null) as refused, l.tab as tab, l.line as line
         from (${named}) n left join (select distinct row, tab, line from ${refusals}) r on r.row = n.row and r.tab = n.l.tab and r.line = n.l.line`;
  await connection.run(`create or replace table account as
    select tab, line, case
        when bool_or(filtered is null and not refused) then 'used'
        when bool_or(refused) then 'rejected'
        else 'filtered' end as fate,
      (min({'type': type, 'reason': filtered}) filter (where filtered is not null)).reason as reason
    from (${rows}) group by tab, line`);
}

/** A mapping that names no line, or one that is not there, or leaves rows out in silence, would make every count below it wrong. */
export async function checkAccount(connection: DuckDBConnection, tables: readonly LoadedTable[], queries: readonly EventQuery[]): Promise<void> {
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRows();
  for (const [type] of await rows('select distinct type::INTEGER from selected where coalesce(len(lines), 0) = 0 order by type')) {
    throw new ImportError(`${queries[Number(type)]?.file ?? 'a SELECT'}: gives rows that stand on no line; let "lines" name the lines of the tables that they come from`);
  }
  for (const [tab] of await rows(`select distinct tab from account where tab is null or tab not in (${tables.map(({ name }) => literal(name)).join(', ')})`)) {
    throw new ImportError(`the mapping's "lines" name a table ${JSON.stringify(tab)} that it does not declare; use one of ${tables.map(({ name }) => name).join(', ')}`);
  }
  for (const { name, file } of tables) {
    const named = `(select line from account where tab = ${literal(name)})`;
    const [absent] = await rows(`select line::VARCHAR from ${named} anti join ${identifier(name)} using (line) order by line limit 1`);
    if (absent !== undefined) throw new ImportError(`the mapping's "lines" name line ${absent[0]} of table ${name}, where ${file} has no row; take "line" from the table itself`);
    const [[left, first] = []] = await rows(`select count(*)::INTEGER, min(line)::INTEGER from ${identifier(name)} anti join ${named} using (line)`);
    if (left !== 0) {
      throw new ImportError(
        `${left} ${left === 1 ? 'row' : 'rows'} of table ${name} ${left === 1 ? 'is' : 'are'} neither used nor filtered, e.g. line ${first} of ${file}; give them to an event, or SELECT them with a reason in "filtered"`,
      );
    }
  }
}

/** Sums up `account` by table. */
export async function readAccount(connection: DuckDBConnection): Promise<ReadonlyMap<string, Account>> {
  const summed = await connection.runAndReadAll(
    `select tab, fate, case fate when 'filtered' then reason end as why, count(*)::INTEGER, min(line)::INTEGER as line from account group by tab, fate, why order by tab, fate, line`,
  );
  const accounts = new Map<string, { used: number; rejected: number; filtered: { reason: string; rows: number; line: number }[] }>();
  for (const [tab, fate, why, count, line] of summed.getRows()) {
    const account = accounts.get(String(tab)) ?? { used: 0, rejected: 0, filtered: [] };
    accounts.set(String(tab), account);
    if (fate === 'filtered') account.filtered.push({ reason: String(why), rows: Number(count), line: Number(line) });
    else account[fate === 'used' ? 'used' : 'rejected'] = Number(count);
  }
  return accounts;
}
