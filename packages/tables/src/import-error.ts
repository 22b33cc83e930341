/** The import cannot be done as asked: the mapping, the tables or the SQL must be mended first. The message says where and how. */
export class ImportError extends Error {
  readonly code = 'HF_IMPORT';

  override get name(): string {
    return this.constructor.name;
  }
}

/** Where a thing stands in a file, as people write it: `uds.sql, line 3`. */
export function place(file: string, line?: number): string {
  return line === undefined ? file : `${file}, line ${line}`;
}
