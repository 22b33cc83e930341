import { userInfo } from 'node:os';
import { archiveUpTo, checkReach, contentsOf, fromArchive } from '@holdfast/aggregate';
import { openDoor } from '@holdfast/ingest';
import { foldVersion } from '@holdfast/outcomes';
import { codeDigest } from '@holdfast/runtime';
import {
  appendToTrial,
  CutRefused,
  type DataCut,
  listCuts,
  type PublishedTrial,
  protocolDigest,
  putCut,
  readCut,
  trialLogs,
} from '@holdfast/trials';
import type { ReportStore } from './report-store.ts';

/** The first of `cut-1`, `cut-2` … that is free. */
async function freeName({ objects }: Pick<ReportStore, 'objects'>, trial: string): Promise<string> {
  const taken = new Set((await listCuts(objects, trial)).map(({ name }) => name));
  let n = taken.size + 1;
  while (taken.has(`cut-${n}`)) n += 1;
  return `cut-${n}`;
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
export async function makeCut(
  { log, objects, trials }: Pick<ReportStore, 'log' | 'objects' | 'trials'>,
  published: PublishedTrial,
  request: CutRequest,
): Promise<DataCut> {
  const { protocol } = published;
  const { trial } = protocol;
  const name = request.name ?? (await freeName({ objects }, trial));
  if ((await readCut(objects, trial, name)) !== undefined)
    throw new CutRefused(`${trial} has a cut named ${name} already, and a cut never changes; choose another name`);
  const now = new Date();
  const door = await openDoor({ log, trials, now: () => now });
  const { marks, at } = await door.markCut(trial, name);
  const segments = await archiveUpTo(
    log,
    objects,
    at,
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
    protocol: { version: protocol.version, sha256: protocolDigest(published) },
    foldVersion,
    marks: [...marks],
    segments,
    events,
    openDigest,
    digest,
    code: await codeDigest(),
  };
  const record = { at: cut.createdAt, who: cut.createdBy, cut: name, marks, heads };
  const value = Buffer.from(JSON.stringify(record));
  await appendToTrial(log, trialLogs(log), at, 'audit', () => [{ key: trial, value }]);
  await putCut(objects, cut);
  return cut;
}
