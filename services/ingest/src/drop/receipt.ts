import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { codeOf } from './error-code.ts';

const Problem = z.strictObject({ path: z.string(), message: z.string() });
const Place = z.strictObject({
  trial: z.string(),
  partition: z.int().min(0),
  first: z.int().min(0),
  last: z.int().min(0),
});

/** What became of one delivery. Once it is written, all that it says is durable and the delivery is never read again. */
export const Receipt = z.strictObject({
  format: z.literal('holdfast-receipt/1'),
  /** When it was claimed: by this a log may name it. */
  delivery: z.string(),
  /**
   * The folder in `done` or `failed` that it lies in: that, and the beginning of its SHA-256. Of what is closed a digest could be guessed
   * from, so it is told nowhere else.
   */
  id: z.string().regex(/^\d{8}T\d{9}Z-[0-9a-f]{16}$/),
  /** What it was called in `incoming`. */
  name: z.string(),
  kind: z.enum(['events', 'tables', 'neither']),
  /** `failed` if anything of it was not accepted; what was accepted stays in. */
  outcome: z.enum(['done', 'failed']),
  taken: z.iso.datetime(),
  finished: z.iso.datetime(),
  /** Of the file; of a folder, of the lines `SHA-256  NAME` of its files by name. */
  sha256: z.string(),
  files: z.array(z.strictObject({ file: z.string(), bytes: z.int(), sha256: z.string() })),
  /** Earlier deliveries of the same content: its events were known already, and are counted once. */
  sameAs: z.array(z.string()),
  /** Events. */
  accepted: z.int().min(0),
  rejected: z.int().min(0),
  /** Where in the log: by trial and partition, the offsets of the first and the last of them. */
  appended: z.array(Place),
  /** Why it was not taken in as a whole. */
  problem: z.string().optional(),
  /** The first of the rejected events, with every reason. */
  rejections: z.array(z.strictObject({ where: z.string(), problems: z.array(Problem) })),
  /** How many lines `rejected.ndjson` has. */
  toMend: z.int().min(0),
  /** Of tables: what became of their rows. `rejected.csv` says of each rejected one why. */
  tables: z
    .array(z.strictObject({ file: z.string(), read: z.int(), used: z.int(), filtered: z.int(), rejected: z.int() }))
    .optional(),
});
export type Receipt = Readonly<z.infer<typeof Receipt>>;

/** So many rejections stand in a receipt; `holdfast rejected` lists all. */
export const mostRejectionsInReceipt = 1_000;
/** Or fewer: each may have many reasons, and long ones. */
export const mostBytesOfRejections = 4_000_000;

const file = 'receipt.json';
export const unfinishedReceipt = `${file}.part`;

/** The receipt in a folder; undefined if there is none yet. */
export async function readReceipt(folder: string): Promise<Receipt | undefined> {
  try {
    return Receipt.parse(JSON.parse(await readFile(join(folder, file), 'utf8')));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a receipt so that it is there whole, and stays, or is not there at all. */
export async function writeReceipt(folder: string, receipt: Receipt): Promise<void> {
  const unfinished = join(folder, unfinishedReceipt);
  const handle = await open(unfinished, 'w', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(receipt, null, 1)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, join(folder, file));
}
