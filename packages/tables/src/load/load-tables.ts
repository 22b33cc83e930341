import type { Database } from '../database.ts';
import { ImportError } from '../import-error.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { shareOut } from '../share-out.ts';
import { type LoadedTable, loadTable } from './load-table.ts';
import { filesOf, tableFile } from './table-file.ts';

/** Loads every table of the mapping. Before the first of them is read, all are known to be there. */
export async function loadTables(
  database: Database,
  mapping: Mapping,
  directory: string,
  onStep: (step: string) => void,
): Promise<LoadedTable[]> {
  const files = await filesOf(directory);
  const sources = [...mapping.tables].map(([name, table]) => ({
    name,
    table,
    source: tableFile(name, directory, files),
  }));
  const missing = sources
    .filter(({ table, source }) => source === undefined && !table.optional)
    .map(({ name }) => name);
  if (missing.length > 0) {
    throw new ImportError(
      `${directory}: holds no table ${missing.join(', ')} (as .csv, .csv.gz or .parquet); add it, or declare it optional in the mapping`,
    );
  }
  await database.connection.run('create schema source');
  return shareOut(sources, [database.connection, database.second], async ({ name, table, source }, connection) => {
    const loaded = await loadTable(connection, database.folder, name, source, table);
    onStep(source === undefined ? `${name}: no file` : `${loaded.file}: ${loaded.read} rows`);
    return loaded;
  });
}
