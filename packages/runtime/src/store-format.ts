import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** How a store's folders and its log are laid out. Raise it when an older Holdfast would read a store wrongly. */
export const storeFormat = 1;

/** A store that this Holdfast cannot read; the message says what to do. */
export class StoreFormatUnknown extends Error {
  readonly code = 'HF_STORE_FORMAT_UNKNOWN';
  override readonly name = 'StoreFormatUnknown';
}

const StoreFile = z.object({ format: z.int().min(1) });

/** Reads what a store says of itself. The first stores said nothing: they are of format 1. */
function formatOf(file: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = StoreFile.safeParse(value);
  if (parsed.success) return parsed.data.format;
  throw new StoreFormatUnknown(
    `${file} does not say what format the store has; if the store is otherwise whole, write {"format":${storeFormat}} there`,
  );
}

/** Refuses a store of a newer format; marks one that is written to and says nothing yet. */
export function checkStoreFormat(data: string, access: 'read' | 'write'): void {
  const file = join(data, 'store.json');
  const format = formatOf(file);
  if (format !== undefined && format > storeFormat) {
    throw new StoreFormatUnknown(
      `${data} was written by a newer Holdfast (store format ${format}; this one reads up to ${storeFormat}); use that one`,
    );
  }
  if (format !== undefined || access === 'read') return;
  writeFileSync(`${file}.new`, `${JSON.stringify({ format: storeFormat })}\n`);
  renameSync(`${file}.new`, file);
}
