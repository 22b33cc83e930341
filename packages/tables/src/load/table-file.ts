import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ImportError } from '../import-error.ts';

export type TableFile = { readonly file: string; readonly path: string };

const endings = ['.csv', '.csv.gz', '.parquet'] as const;

/** The files of a directory, by which tables are found. */
export async function filesOf(directory: string): Promise<ReadonlySet<string>> {
  try {
    return new Set(await readdir(directory));
  } catch (cause) {
    throw new ImportError(`${directory}: is no directory that can be read; give the one with the tables`, { cause });
  }
}

/** The one file that holds a table; undefined if there is none. */
export function tableFile(table: string, directory: string, files: ReadonlySet<string>): TableFile | undefined {
  const found = endings.map((ending) => `${table}${ending}`).filter((file) => files.has(file));
  const [file, other] = found;
  if (file === undefined) return undefined;
  if (other !== undefined)
    throw new ImportError(`${directory}: holds both ${file} and ${other}; keep the one that counts`);
  return { file, path: join(directory, file) };
}
