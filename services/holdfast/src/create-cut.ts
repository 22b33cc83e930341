import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { archiveUpTo, checkReach, contentsOf, fromArchive } from '@holdfast/aggregate';
import { canonicalJson, sha256 } from '@holdfast/events';
import { openDoor } from '@holdfast/ingest';
import { foldVersion } from '@holdfast/outcomes';
import { type DataCut, listCuts, type PublishedTrial, putCut, readCut, topicsOf } from '@holdfast/trials';
import { CommandFailed } from './command-failed.ts';
import { canBeFolded } from './folding.ts';
import { buildShards } from './intake.ts';
import { refuseFuture } from './known-at.ts';
import type { Store } from './store.ts';

const lockfile = new URL('../../../pnpm-lock.yaml', import.meta.url);

/** What runs: SHA-256 of the lockfile (null where Holdfast was installed without it), and the version of Node. */
async function codeDigest(): Promise<DataCut['code']> {
  const text = await readFile(lockfile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return { lockfile: text === undefined ? null : sha256(text), node: process.version };
}

/** The first of `cut-1`, `cut-2` … that is free. */
async function freeName({ objects }: Store, trial: string): Promise<string> {
  const taken = new Set((await listCuts(objects, trial)).map(({ name }) => name));
  let n = taken.size + 1;
  while (taken.has(`cut-${n}`)) n += 1;
  return `cut-${n}`;
}

/** Folds the marks, so that shards stand where the log does. Without the key whoever folds next does it. */
async function foldMarks(store: Store, trial: PublishedTrial): Promise<void> {
  if (!(await canBeFolded(store, trial))) return;
  try {
    await buildShards(store, trial);
  } catch (error) {
    // It does not undo the cut, which stands by now.
    console.error(`the marks are not folded yet (${error instanceof Error ? error.message : String(error)})`);
  }
}

export type CutRequest = {
  readonly name: string | undefined;
  readonly asOf: string | undefined;
  readonly cutOff: string | undefined;
};

/**
 * Makes a data cut: marks where it ends in every partition, archives up to there, and writes what it holds as an object. Whoever is
 * killed midway leaves no cut, and marks that change nothing: repeating it marks anew and makes one cut.
 */
export async function createCut(store: Store, published: PublishedTrial, request: CutRequest): Promise<DataCut> {
  const { protocol } = published;
  const { trial } = protocol;
  const { log, objects } = store;
  const name = request.name ?? (await freeName(store, trial));
  if ((await readCut(objects, trial, name)) !== undefined)
    throw new CommandFailed(`${trial} has a cut named ${name} already, and a cut never changes; choose another name`);
  await refuseFuture(store, published, request.asOf);
  const now = new Date();
  const door = await openDoor({ log, trials: store.trials, now: () => now });
  const marks = await door.markCut(trial, name);
  const segments = await archiveUpTo(
    log,
    objects,
    protocol,
    marks.map((mark) => mark + 1),
  );
  checkReach(segments, marks);
  // From here on only the archive speaks: what cannot be read back is no cut.
  const source = fromArchive(objects, { trial, name, marks, segments });
  const selection = { asOf: request.asOf, cutOff: request.cutOff };
  const { events, digest, openDigest, newest, heads } = await contentsOf(source, protocol, selection);
  const cut: DataCut = {
    format: 'holdfast-cut/1',
    trial,
    name,
    createdAt: now.toISOString(),
    createdBy: userInfo().username,
    asOf: request.asOf ?? null,
    cutOff: request.cutOff ?? null,
    clock: (protocol.clock === 'live' ? (request.asOf ?? newest) : newest) ?? null,
    protocol: { version: protocol.version, sha256: sha256(canonicalJson(protocol)) },
    foldVersion,
    marks: [...marks],
    segments,
    events,
    openDigest,
    digest,
    code: await codeDigest(),
  };
  const record = { at: cut.createdAt, who: cut.createdBy, cut: name, marks, heads };
  await log.append(topicsOf(protocol).audit.name, [{ key: trial, value: Buffer.from(JSON.stringify(record)) }]);
  await putCut(objects, cut);
  await foldMarks(store, published);
  return cut;
}
