import { type DuckDBConnection, StatementType } from '@duckdb/node-api';
import { ImportError, place } from '../import-error.ts';
import type { Query } from '../mapping/mapping.ts';

export type QueryColumn = { readonly name: string; readonly type: string };

/** DuckDB's message without its kind, its drawing of the place and its advice on SQL, and the line that it names. */
function faultOf(cause: unknown, linesBefore: number): { message: string; line: number | undefined } {
  const text = cause instanceof Error ? cause.message : String(cause);
  const at = /\nLINE (\d+):/.exec(text);
  const said = text.replace(/^Failed to extract statements: /, '').split(/\n\s*LINE \d+:/)[0] ?? '';
  const message = said
    .replace(/^[A-Z][A-Za-z ]+ Error: /, '')
    .replaceAll(/[!.]?\s*\n\s*/g, '; ')
    .replace(/[!.;\s]+$/, '');
  return { message, line: at === null ? undefined : Math.max(1, Number(at[1]) - linesBefore) };
}

export function sqlError(query: Query, cause: unknown, linesBefore = 0): ImportError {
  const { message, line } = faultOf(cause, linesBefore);
  if (/could not allocate|failed to pin|out of memory/i.test(message)) {
    return new ImportError(
      `${query.file}: needs more memory than the import may use (${message.split(';')[0]}); let the SQL group fewer rows at once, or give it more`,
      { cause },
    );
  }
  const remedy = /file system operations are disabled|external extensions|configuration has been locked/.test(message)
    ? 'the SQL of a mapping reaches its tables and nothing else; declare the table in the mapping'
    : 'correct the SQL, or the table that it reads';
  return new ImportError(`${place(query.file, line)}: ${message}; ${remedy}`, { cause });
}

/** Makes sure that a text is one SELECT and nothing besides, and tells its columns. DuckDB parses it; it is not run. */
export async function checkQuery(connection: DuckDBConnection, query: Query): Promise<QueryColumn[]> {
  if (query.sql.replaceAll(/--[^\n]*|\/\*.*?\*\//gs, '').trim() === '')
    throw new ImportError(`${query.file}: is empty; write one SELECT`);
  try {
    const statements = await connection.extractStatements(query.sql);
    if (statements.count !== 1)
      throw new ImportError(`${query.file}: holds ${statements.count} statements; write one SELECT`);
    const statement = await statements.prepare(0);
    try {
      if (statement.statementType !== StatementType.SELECT) {
        throw new ImportError(
          `${query.file}: holds a statement of kind ${StatementType[statement.statementType]}; write one SELECT`,
        );
      }
      if (statement.parameterCount > 0) throw new ImportError(`${query.file}: has parameters ($…); write the values`);
      return Array.from({ length: statement.columnCount }, (_, i) => ({
        name: statement.columnName(i).toLowerCase(),
        type: String(statement.columnType(i)),
      }));
    } finally {
      statement.destroySync();
    }
  } catch (cause) {
    throw cause instanceof ImportError ? cause : sqlError(query, cause);
  }
}

/** A checked SELECT as a subquery. Its text begins on a line of its own, so that DuckDB's line numbers can be told in its file's. */
export function asSubquery(query: Query): string {
  return `(\n${query.sql.replace(/;\s*$/, '')}\n)`;
}

/** How many lines of a statement stand before the text of the subquery that follows `head`. */
export function linesBefore(head: string): number {
  return head.split('\n').length;
}
