import { CivilDate, CutName, canonicalJson } from '@holdfast/events';
import { ObjectExists, type ObjectStore } from '@holdfast/objects';
import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const offset = z.int().min(0);

/** A run of log records in the archive: `from` is its first offset, `next` the one after its last. */
const Segment = z.strictObject({
  partition: z.int().min(0),
  from: offset,
  next: offset,
  key: z.string().min(1),
  size: z.int().min(0),
  sha256,
});
export type Segment = z.infer<typeof Segment>;

/**
 * A data cut: which records of which archive segments it holds, what of them counts, and what it was made with. It is an object that
 * is written once; a report on a cut is a function of it.
 */
const DataCut = z.strictObject({
  format: z.literal('holdfast-cut/1'),
  trial: z.string(),
  name: CutName,
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
  /** Only events received by the end of this date count. */
  asOf: CivilDate.nullable(),
  /** Only events and days up to this date count. */
  cutOff: CivilDate.nullable(),
  /** The trial's clock in the cut: the newest date that has begun, before `cutOff` bounds it. */
  clock: CivilDate.nullable(),
  protocol: z.strictObject({ version: z.int().min(1), sha256 }),
  foldVersion: z.int(),
  /** Offset of `cut-marked` by partition: the records before it are in the cut. */
  marks: z.array(offset).min(1),
  segments: z.array(Segment),
  /** Different contents among the cut's events. */
  events: z.int().min(0),
  /** Over the open events alone: everybody may see it. */
  openDigest: sha256,
  /** Over all events as stored, sealed ones in their boxes: closed, as is everything that depends on a box. */
  digest: sha256,
  /** The code that made the cut: the lockfile's SHA-256 and the version of Node. */
  code: z.strictObject({ lockfile: sha256.nullable(), node: z.string() }),
});
export type DataCut = z.infer<typeof DataCut>;

/** A cut cannot be read or made: the message says why and what to do. */
export class CutRefused extends Error {
  readonly code = 'HF_CUT_REFUSED';
  override readonly name = 'CutRefused';
}

const folderOf = (trial: string) => `cuts/${trial}/`;
const keyOf = (trial: string, name: string) => `${folderOf(trial)}${name}.json`;

/** Writes a cut. Its name is used once, whatever it holds: a second cut of that name is refused. */
export async function putCut(objects: ObjectStore, cut: DataCut): Promise<void> {
  try {
    await objects.put(keyOf(cut.trial, cut.name), Buffer.from(`${canonicalJson(cut)}\n`));
  } catch (cause) {
    if (!(cause instanceof ObjectExists)) throw cause;
    throw new CutRefused(
      `${cut.trial} has a cut named ${cut.name} already, and a cut never changes; choose another name`,
      {
        cause,
      },
    );
  }
}

async function readKey(objects: ObjectStore, key: string): Promise<DataCut | undefined> {
  const bytes = await objects.get(key);
  if (bytes === undefined) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    content = undefined;
  }
  const parsed = DataCut.safeParse(content);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new CutRefused(
    `object ${key} is no data cut of a format known here${where === '' ? '' : ` (${where})`}; a newer Holdfast may have written it`,
  );
}

/** The cut of a trial by its name; undefined if there is none. */
export function readCut(objects: ObjectStore, trial: string, name: string): Promise<DataCut | undefined> {
  return CutName.safeParse(name).success ? readKey(objects, keyOf(trial, name)) : Promise.resolve(undefined);
}

/** All cuts of a trial, oldest first. */
export async function listCuts(objects: ObjectStore, trial: string): Promise<DataCut[]> {
  const cuts: DataCut[] = [];
  for await (const key of objects.list(folderOf(trial))) {
    const cut = await readKey(objects, key);
    if (cut !== undefined) cuts.push(cut);
  }
  return cuts.sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
}
