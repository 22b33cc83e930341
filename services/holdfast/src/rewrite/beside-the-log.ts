import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cutOnOthers, removeOtherSnapshots, segmentsWith, writeSegmentAgain } from '@holdfast/aggregate';
import type { LogRecord } from '@holdfast/log';
import { type ObjectHead, type ObjectStore, openObjects } from '@holdfast/objects';
import { removeFolds } from '@holdfast/report';
import {
  type DataCut,
  keepRewritten,
  keptRewritten,
  listCuts,
  type PublishedTrial,
  readCut,
  readTrialAt,
  replaceCuts,
  topicsOf,
} from '@holdfast/trials';
import type { Store } from '../store.ts';
import type { ErasedStep } from './erasure-record.ts';
import { filesNaming } from './files-naming.ts';
import type { Leaving, Part } from './leaving.ts';
import { blottedReceipt, type Named } from './named.ts';
import { countRejectedOfNoTrial, eraseRejectedOfNoTrial } from './rejected-of-no-trial.ts';

export type Sought = {
  readonly named: Named;
  readonly leaving: Leaving;
  partOf(rejected: LogRecord): Promise<Part>;
};

const shelves = async ({ objects, places }: Store): Promise<readonly ObjectStore[]> => [
  objects,
  await openObjects(places.closedObjects),
];

/** Files of reports that are text; in the others an id may stand by chance. */
const isText = (key: string) => /\.(html|csv|json|md|txt)$/.test(key);

/** The text files of stored reports in which a participant is named, by their keys. They hold counts, and are never changed. */
export async function reportsNaming(store: Store, trial: string, named: Named): Promise<readonly string[]> {
  const found: string[] = [];
  for (const shelf of await shelves(store))
    for await (const key of shelf.list(`reports/${trial}/`))
      if (isText(key) && named.isInBytes((await shelf.get(key)) ?? new Uint8Array())) found.push(key);
  return found;
}

const receipt = 'receipt.json';

/** What of a drop folder names a participant: receipts, which are Holdfast's, and what was delivered, which is not. */
export async function dropFilesNaming({ settings }: Store, named: Named) {
  const files = settings.drop === undefined ? [] : await filesNaming(settings.drop, named);
  return {
    receipts: files.filter((file) => basename(file) === receipt),
    delivered: files.filter((file) => basename(file) !== receipt),
  };
}

async function blotReceipt(file: string, named: Named): Promise<void> {
  const draft = `${file}.part`;
  const blotted = blottedReceipt(await readFile(file, 'utf8'), named);
  if (blotted === undefined) return;
  await writeFile(draft, blotted, { mode: 0o600, flush: true });
  await rename(draft, file);
}

/** What was begun to be put into folders and never was; of whoever was killed at it. Only where nobody else has the store open. */
async function removeDrafts({ places }: Store): Promise<void> {
  if (places.log.kind !== 'embedded') return;
  for (const place of [places.objects, places.closedObjects])
    if (place.kind === 'folder') await rm(join(place.dir, '.drafts'), { recursive: true, force: true });
}

/** The cuts that stand on some segments. */
export async function cutsOn({ objects }: Store, trial: string, segments: ReadonlySet<string>) {
  return (await listCuts(objects, trial)).filter((cut) => cut.segments.some(({ key }) => segments.has(key)));
}

const contentsIn = ({ events, openDigest, digest }: DataCut) => ({ events, openDigest, digest });

/** What of a participant there is beside a trial's log, for the record; by then nothing is changed that is read. */
export type BesideTheLog = Omit<ErasedStep, 'step' | 'edition' | 'erased' | 'reason'>;

/**
 * Erases a participant from what lies beside a trial's log: archive and cuts, rejected inputs that name no trial, snapshots, receipts. `onRecord` is
 * told what is found before anything that is read is changed. Repeated after whoever was killed at it.
 */
export async function eraseBesideTheLog(
  store: Store,
  trial: PublishedTrial,
  edition: number,
  { named, leaving }: Sought,
  onRecord: (found: BesideTheLog) => Promise<void>,
): Promise<void> {
  const { log, objects, places } = store;
  const { trial: name } = trial.protocol;
  const others = new Map<string, ObjectHead>();
  let records = 0;
  for await (const segment of segmentsWith(objects, name, leaving.isEventOut)) {
    others.set(segment.key, await writeSegmentAgain(objects, name, edition, segment));
    records += segment.out;
  }
  const kept = new Set((await keptRewritten(objects, name)).map((cut) => cut.name));
  for (const cut of await cutsOn(store, name, new Set(others.keys()))) {
    if (kept.has(cut.name)) continue;
    const { protocol } = (await readTrialAt(log, name, cut.protocol.version)) ?? trial;
    await keepRewritten(objects, await cutOnOthers(objects, cut, others, protocol, { edition, at: new Date() }));
  }
  const cuts: BesideTheLog['cuts'] = [];
  for (const after of await keptRewritten(objects, name)) {
    const before = await readCut(objects, name, after.name);
    if (before !== undefined) cuts.push({ name: after.name, before: contentsIn(before), after: contentsIn(after) });
  }
  const reports = await reportsNaming(store, name, named);
  const { receipts } = await dropFilesNaming(store, named);
  await onRecord({
    archive: { segments: others.size, records },
    cuts,
    rejectedOfNoTrial: await countRejectedOfNoTrial(log, leaving.isRejectionOut),
    reports: reports.length,
    receipts: receipts.length,
  });

  await replaceCuts(objects, name);
  const closedObjects = await openObjects(places.closedObjects);
  const removeAllFolds = () => removeFolds({ objects, closedObjects }, name); // they know participants by their ids
  await removeAllFolds();
  for (const key of others.keys()) await objects.remove(key);
  await eraseRejectedOfNoTrial(log, leaving.isRejectionOut);
  await removeOtherSnapshots(closedObjects, name, await log.topicId(topicsOf(trial.protocol).events.name));
  for (const file of receipts) await blotReceipt(file, named);
  await removeDrafts(store);
  await removeAllFolds(); // who folded a cut while it was replaced has put one back
}
