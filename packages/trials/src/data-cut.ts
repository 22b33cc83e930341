import { CivilDate, CutName, canonicalJson } from '@holdfast/events';
import type { EventLog } from '@holdfast/log';
import { ObjectExists, type ObjectStore } from '@holdfast/objects';
import { z } from 'zod';
import { type PublishedTrial, protocolDigest, readTrialAt } from './registry.ts';

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
  /**
   * When a participant was erased from it, the last at the end, and what it held before: its segments, `events` and digests are of what
   * it holds now. The digest before is in the audit log alone: what is read of an open cut depends on no sealed box.
   */
  rewritten: z
    .array(
      z.strictObject({
        edition: z.int().min(2),
        at: z.iso.datetime(),
        before: z.strictObject({ events: z.int().min(0), openDigest: sha256 }),
      }),
    )
    .min(1)
    .optional(),
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

/** A cut as it is written. */
const bytesOf = (cut: DataCut) => Buffer.from(`${canonicalJson(cut)}\n`);

/** Writes a cut. Its name is used once, whatever it holds: a second cut of that name is refused. */
export async function putCut(objects: ObjectStore, cut: DataCut): Promise<void> {
  try {
    await objects.put(keyOf(cut.trial, cut.name), bytesOf(cut));
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

const rewrittenFolder = (trial: string) => `rewritten-cuts/${trial}/`;

/** Keeps a cut that is to take the place of the one of its name. One that is kept already stays. */
export async function keepRewritten(objects: ObjectStore, cut: DataCut): Promise<void> {
  const key = `${rewrittenFolder(cut.trial)}${cut.name}.json`;
  if ((await objects.head(key)) === undefined) await objects.put(key, bytesOf(cut));
}

/** The cuts that are kept to take the place of others. */
export async function keptRewritten(objects: ObjectStore, trial: string): Promise<DataCut[]> {
  const cuts: DataCut[] = [];
  for await (const key of objects.list(rewrittenFolder(trial))) {
    const cut = await readKey(objects, key);
    if (cut !== undefined) cuts.push(cut);
  }
  return cuts;
}

/** Puts the cuts that are kept in the place of those of their names; repeated after whoever was killed at it. */
export async function replaceCuts(objects: ObjectStore, trial: string): Promise<void> {
  for (const cut of await keptRewritten(objects, trial)) {
    const key = keyOf(trial, cut.name);
    const there = await objects.get(key);
    if (there === undefined || !bytesOf(cut).equals(there)) {
      await objects.remove(key);
      await objects.put(key, bytesOf(cut));
    }
    await objects.remove(`${rewrittenFolder(trial)}${cut.name}.json`);
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

/** A trial as its protocols stood when a cut was made. */
export async function trialOfCut(
  { log }: { readonly log: EventLog },
  { trial, name, protocol }: DataCut,
): Promise<PublishedTrial> {
  const then = await readTrialAt(log, trial, protocol.version);
  if (then === undefined || protocolDigest(then) !== protocol.sha256)
    throw new CutRefused(
      `cut ${name} was made with a protocol version ${protocol.version} that is not published in this store; publish that one`,
    );
  return then;
}
