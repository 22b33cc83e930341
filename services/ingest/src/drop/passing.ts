import { ImportError } from '@holdfast/tables';
import { codeOf } from './error-code.ts';

/** A log or disk that is full or away, too many files open. */
const passing = new Set(['ENOENT', 'ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EIO', 'EROFS', 'ESTALE']);

/** How DuckDB, whose errors have no code, words the same. Its kind stands first, lest a value that it quotes be taken for it. */
const passingInDuckDB =
  /^(IO Error: .*(no space left on device|disk quota exceeded|too many open files|input\/output error|read-only file system)|Out of Memory Error: failed to offload data block)/i;

/** Whether what failed may go well later, as it stands: the machine was not in order, for all that is known. */
export function isPassing(error: unknown): boolean {
  const isOfTables = error instanceof ImportError;
  const fault = isOfTables ? error.cause : error;
  const code = codeOf(fault);
  // A file that the mapping names, and that was not delivered, does not come by itself.
  if (code !== undefined) return passing.has(code) && !(isOfTables && code === 'ENOENT');
  return fault instanceof Error && passingInDuckDB.test(fault.message);
}
