import type { Database } from '../database.ts';
import type { LoadedTable } from '../load/load-table.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { shareOut } from '../share-out.ts';
import { identifier } from '../sql-text.ts';
import { type Account, accountLines, checkAccount, readAccount } from './account.ts';
import { createSelected, createView, refuseSameKey, selectEvents } from './selected.ts';

/** What the SQL of a mapping may call besides DuckDB's own functions. */
async function createMacros({ connection }: Database, baseDate: string | undefined): Promise<void> {
  if (baseDate !== undefined) {
    // Beyond these days there is no date that anybody means, and DuckDB would give up the whole import for one cell.
    await connection.run(`create macro civil_date(days) as case when try_cast(days as BIGINT) between -700000 and 2000000
      then DATE '${baseDate}' + try_cast(days as INTEGER) end`);
  }
  // Of no label it makes an id that no protocol knows, so that the row is rejected: DuckDB's JSON functions take NULL for no key and give up.
  await connection.run(
    "create macro substance_id(label) as coalesce(regexp_replace(lower(trim(label)), '[^a-z0-9]', '-', 'g'), '')",
  );
}

/** Runs the mapping's SQL, which from the first SELECT on reaches its tables and nothing else, and accounts for every line; then only `holdfast.selected` is left. */
export async function selectAll(
  database: Database,
  mapping: Mapping,
  tables: readonly LoadedTable[],
  trials: readonly string[],
  onStep: (step: string) => void,
): Promise<ReadonlyMap<string, Account>> {
  const { connection, second } = database;
  await createMacros(database, mapping.baseDate);
  await createSelected(connection);
  await database.lock();
  for (const view of mapping.views) await createView(connection, view);
  await shareOut(mapping.events, [connection, second], async (query, free, type) => {
    await selectEvents(free, query, type, trials);
    onStep(`${query.file}: selected`);
  });
  await refuseSameKey(connection, mapping.events);
  await accountLines(connection);
  await checkAccount(connection, tables, mapping.events);
  const accounts = await readAccount(connection);
  await connection.run('drop table holdfast.account');
  for (const view of mapping.views) await connection.run(`drop table ${identifier(view.name)}`);
  await connection.run('drop schema source cascade');
  onStep('every row is accounted for');
  return accounts;
}
