import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { canonicalJson } from '@holdfast/events';
import type { ObjectStore } from '@holdfast/objects';
import { removeShard, type ShardMaking, setAside, type TakenIn, takenInBy } from '@holdfast/shards';
import { z } from 'zod';
import { inParallel } from './in-parallel.ts';
import { logNameOf, padded } from './log-name.ts';

/** A snapshot cannot be used: the message says which and why. It is passed over. */
export class SnapshotUnusable extends Error {
  readonly code = 'HF_SNAPSHOT_UNUSABLE';
  override readonly name = 'SnapshotUnusable';
}

const whole = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What a snapshot is of and what it consists of; written last, so a snapshot that has one is whole. */
const Manifest = z.strictObject({
  format: z.literal('holdfast-snapshot/2'),
  trial: z.string(),
  partition: whole,
  making: z.strictObject({
    protocolVersion: whole,
    protocolDigest: sha256,
    foldVersion: whole,
    shardFormat: whole,
    logId: z.string(),
  }),
  offset: whole,
  /** Of the record before the offset. */
  lastRecord: sha256.or(z.literal('')),
  /** The shard's file, cut into objects that follow one another. */
  parts: z.array(z.strictObject({ size: whole, sha256 })).min(1),
});
type Manifest = z.infer<typeof Manifest>;

/** Objects are held in memory as a whole, here so many at once. */
const usualPartBytes = 16 * 2 ** 20;
const partsAtOnce = 3;

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A snapshot as its keys name it: `…/PARTITION/MAKING/OFFSET-ID/`. */
type Found = { readonly folder: string; readonly making: string; readonly offset: number; readonly isWhole: boolean };

/** Offsets of the newest snapshot that was not found to be unusable, and of the one that was put in the place of the file; undefined where there is none, or none was. */
export type Restored = { readonly newest: number | undefined; readonly restored: number | undefined };

/** The snapshots of one shard in an object store that only the aggregate may read: they hold closed evidence as the shard does. */
export interface Snapshots {
  /**
   * Puts the newest snapshot that can be used in the place of a shard's file, if it is further on than the file by what is worth moving. A file
   * that is not of the log is set aside first. What cannot be used is told to `onPassedOver`, and is no failure.
   */
  restore(
    file: string,
    asked: {
      readonly isOfLog: (takenIn: TakenIn) => Promise<boolean>;
      readonly onPassedOver: (error: unknown) => void;
    },
  ): Promise<Restored>;
  /** Stores a file, which nobody changes meanwhile, as a snapshot; then removes those that newer ones replace. */
  save(file: string, takenIn: TakenIn, given: AbortSignal): Promise<void>;
}

export type SnapshotsOptions = {
  readonly objects: ObjectStore;
  readonly trial: string;
  readonly partition: number;
  readonly making: ShardMaking;
  /** In which way the log contradicts what a snapshot has taken in of it, in words; undefined if it does not. */
  readonly contradictionOf: (takenIn: TakenIn) => Promise<string | undefined>;
  readonly partBytes?: number;
};

/** What of a shard is cheaper folded again than moved is not worth moving: a hundredth of it. */
export const isWorthMoving = (offset: number, before: number): boolean =>
  offset > before && (offset - before) * 100 >= offset;

const folderOf = (trial: string, logId: string) => `snapshots/${trial}/${logNameOf(logId)}/`;

/** Removes all snapshots of a log's shards: they hold what the log held. */
export async function removeSnapshots(objects: ObjectStore, trial: string, logId: string): Promise<void> {
  for await (const key of objects.list(folderOf(trial, logId))) await objects.remove(key);
}

/** Removes what is stored of all logs that a trial had, but for one. */
export async function removeOtherSnapshots(objects: ObjectStore, trial: string, logId: string): Promise<number> {
  const kept = folderOf(trial, logId);
  let removed = 0;
  for await (const key of objects.list(`snapshots/${trial}/`)) {
    if (key.startsWith(kept)) continue;
    await objects.remove(key);
    removed += 1;
  }
  return removed;
}

export function snapshotsOf(options: SnapshotsOptions): Snapshots {
  const { objects, trial, partition, making, contradictionOf, partBytes = usualPartBytes } = options;
  const shardFolder = `${folderOf(trial, making.logId)}${padded(partition, 4)}/`;
  const ours = `p${making.protocolVersion}-f${making.foldVersion}-s${making.shardFormat}`;
  const headOf = (offset: number) => ({ format: 'holdfast-snapshot/2', trial, partition, making, offset }) as const;
  const partKey = (folder: string, part: number) => `${folder}part-${padded(part, 5)}`;
  const manifestKey = (folder: string) => `${folder}whole.json`;

  /** All snapshots of the shard, the newest first. */
  async function all(): Promise<Found[]> {
    const found = new Map<string, Found>();
    for await (const key of objects.list(shardFolder)) {
      const [, folder, made, offset, name] = /^(.*\/([^/]+)\/(\d+)-[^/]+\/)([^/]+)$/.exec(key) ?? [];
      if (folder === undefined || made === undefined) continue;
      const isWhole = name === 'whole.json' || found.get(folder)?.isWhole === true;
      found.set(folder, { folder, making: made, offset: Number(offset), isWhole });
    }
    return [...found.values()].sort((a, b) => b.offset - a.offset);
  }

  async function readManifest({ folder, offset }: Found): Promise<Manifest> {
    const bytes = await objects.get(manifestKey(folder));
    const parsed = Manifest.safeParse(bytes && parsedJson(bytes));
    if (!parsed.success)
      throw new SnapshotUnusable(`${manifestKey(folder)} is gone or no snapshot of a format known here`);
    const { data } = parsed;
    const { parts: _, lastRecord: __, ...head } = data;
    if (canonicalJson(head) !== canonicalJson(headOf(offset)))
      throw new SnapshotUnusable(
        `snapshot ${folder} is of another shard or offset, or was made by another protocol or fold`,
      );
    return data;
  }

  async function download(folder: string, { parts }: Manifest, file: string): Promise<void> {
    const starts = parts.map((_, part) => parts.slice(0, part).reduce((sum, { size }) => sum + size, 0));
    await written(file, (handle) =>
      inParallel(partsAtOnce, parts.entries(), async ([number, { size, sha256: sum }]) => {
        const key = partKey(folder, number);
        const body = await objects.get(key);
        if (body === undefined) throw new SnapshotUnusable(`snapshot ${folder} lacks ${key}`);
        if (body.length !== size || sha256Of(body) !== sum)
          throw new SnapshotUnusable(`${key} is not the part that its snapshot was made of`);
        const { bytesWritten } = await handle.write(body, 0, body.length, starts[number]);
        if (bytesWritten !== body.length) throw new SnapshotUnusable(`${key} does not fit on this disk`);
      }),
    );
  }

  async function upload(folder: string, file: string, given: AbortSignal): Promise<Manifest['parts']> {
    const handle = await open(file, 'r');
    try {
      const { size: total } = await handle.stat();
      const parts: Manifest['parts'] = Array.from({ length: Math.max(1, Math.ceil(total / partBytes)) }, (_, part) => ({
        size: Math.min(partBytes, total - part * partBytes),
        sha256: '',
      }));
      await inParallel(partsAtOnce, parts.entries(), async ([number, part]) => {
        given.throwIfAborted();
        const body = Buffer.allocUnsafe(part.size);
        const { bytesRead } = await handle.read(body, 0, part.size, number * partBytes);
        if (bytesRead !== part.size) throw new SnapshotUnusable(`${file} was shortened while it was stored`);
        part.sha256 = sha256Of(body);
        await objects.put(partKey(folder, number), body);
      });
      given.throwIfAborted();
      return parts;
    } finally {
      await handle.close();
    }
  }

  /**
   * A snapshot that is not of the log is made none, by taking away what makes it whole: it would be the newest for as long as the log has
   * not grown beyond it, and those that are made meanwhile would go as older ones. Its parts go when it is replaced.
   */
  async function refuseContradicted(folder: string, takenIn: TakenIn): Promise<void> {
    const why = await contradictionOf(takenIn);
    if (why === undefined) return;
    await objects.remove(manifestKey(folder));
    throw new SnapshotUnusable(`snapshot ${folder} is not of this log and is given up: ${why}`);
  }

  /** Where the shard in a file goes on from; 0 without one, or if it is not of the log. */
  async function offsetHere(file: string, isOfLog: (takenIn: TakenIn) => Promise<boolean>): Promise<number> {
    const here = await takenInBy(file, making);
    if (here === undefined || (await isOfLog(here))) return here?.offset ?? 0;
    await setAside(file, 'contradicted');
    return 0;
  }

  async function remove(folder: string): Promise<void> {
    await objects.remove(manifestKey(folder)); // first: what is left of a snapshot is then seen to be none
    for await (const key of objects.list(folder)) await objects.remove(key);
  }

  /**
   * Keeps the newest two of this making. What is older goes: also what is not whole (its writer was killed, or is so late that nobody
   * needs what it writes), and what an older protocol version, fold or format made.
   */
  async function prune(): Promise<void> {
    const found = await all();
    const kept = found.filter((one) => one.making === ours && one.isWhole).slice(0, 2);
    const oldest = kept[1];
    if (oldest === undefined) return;
    for (const one of found) {
      const isReplaced = one.making === ours && one.offset <= oldest.offset && !kept.includes(one);
      if (isReplaced || isOlder(one.making, making)) await remove(one.folder);
    }
  }

  return {
    async restore(file, { isOfLog, onPassedOver }) {
      const draft = `${file}.restored`;
      let newest: number | undefined;
      try {
        const usable = (await all()).filter((one) => one.making === ours && one.isWhole);
        if (usable.length === 0) return { newest, restored: undefined };
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        const before = await offsetHere(file, isOfLog);
        for (const found of usable) {
          const { folder, offset } = found;
          newest ??= offset;
          if (!isWorthMoving(offset, before)) break;
          try {
            const manifest = await readManifest(found);
            await refuseContradicted(folder, manifest);
            await download(folder, manifest, draft);
            const holds = await takenInBy(draft, making);
            if (holds?.offset !== offset || holds.lastRecord !== manifest.lastRecord)
              throw new SnapshotUnusable(`snapshot ${folder} holds a shard that is not at offset ${offset}`);
            await removeShard(file);
            await rename(draft, file);
            await synced(dirname(file));
            return { newest, restored: offset };
          } catch (error) {
            newest = undefined;
            onPassedOver(error);
          }
        }
      } catch (error) {
        onPassedOver(error);
      } finally {
        await removeShard(draft);
      }
      return { newest, restored: undefined };
    },

    async save(file, { offset, lastRecord }, given) {
      const folder = `${shardFolder}${ours}/${padded(offset, 12)}-${randomUUID()}/`;
      try {
        const parts = await upload(folder, file, given);
        const manifest: Manifest = { ...headOf(offset), lastRecord, parts };
        await objects.put(manifestKey(folder), Buffer.from(`${canonicalJson(manifest)}\n`));
      } catch (error) {
        await remove(folder).catch(() => undefined); // else it goes with the next that is replaced
        throw error;
      }
      await prune();
    },
  };
}

function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Whether what made a snapshot came before this making in one thing at least, and after it in none. */
function isOlder(name: string, { protocolVersion, foldVersion, shardFormat }: ShardMaking): boolean {
  const [, ...made] = /^p(\d+)-f(\d+)-s(\d+)$/.exec(name) ?? [];
  const now = [protocolVersion, foldVersion, shardFormat];
  const isAfter = now.some((version, i) => Number(made[i]) > version);
  return made.length > 0 && !isAfter && now.some((version, i) => Number(made[i]) < version);
}

async function synced(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** A file that is written by `write` and durable; none if that fails. */
async function written(file: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await write(handle);
    await handle.sync();
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
