import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ObjectStore, type ObjectsPlace, openObjects } from '@holdfast/objects';
import { reportKinds } from '@holdfast/reports';
import type { ReportFile } from '@holdfast/reports/render';
import { z } from 'zod';
import { ReportRefused } from './report-refused.ts';
import type { ReportStore } from './report-store.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What of a report's manifest is shown in lists. */
const Manifest = z.looseObject({
  format: z.literal('holdfast-report/1'),
  kind: z.enum(reportKinds),
  title: z.string(),
  trial: z.string(),
  site: z.string().nullable(),
  isClosed: z.boolean(),
  isDummy: z.boolean(),
  cut: z.looseObject({ name: z.string(), createdAt: z.string(), digest: sha256 }),
  files: z.array(z.strictObject({ name: z.string(), size: z.int().min(0), sha256 })),
});
export type Manifest = z.infer<typeof Manifest>;

export type StoredReport = {
  readonly id: string;
  readonly folder: string;
  readonly manifestName: string;
  readonly manifest: Manifest;
};

const manifestFile = /^(DUMMY-)?manifest\.json$/;

/** Where reports lie: what is closed apart from what everybody may read. */
export type ReportShelves = {
  readonly objects: ObjectStore;
  readonly places: { readonly closedObjects: ObjectsPlace };
};

async function shelf({ objects, places }: ReportShelves, isClosed: boolean): Promise<ObjectStore> {
  return isClosed ? openObjects(places.closedObjects) : objects;
}

const folderOf = (trial: string, id: string) => `reports/${trial}/${id}/`;

function manifestIn(bytes: Uint8Array, folder: string): Manifest {
  const parsed = Manifest.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
  throw new ReportRefused(
    `report ${folder} was kept by another version of Holdfast: this one does not know the ${where} of its manifest; use that version`,
  );
}

/**
 * Keeps a report under a name that its content gives: the same report again is the same objects, and nothing is ever changed. The
 * manifest comes last: a report without one is not there.
 */
export async function keepReport(store: ReportShelves, files: readonly ReportFile[]): Promise<StoredReport> {
  const last = files.find(({ name }) => manifestFile.test(name));
  if (last === undefined) throw new Error('a report has a manifest');
  const manifest = manifestIn(last.bytes, 'to be kept');
  const { kind, trial, cut, site, isClosed, isDummy } = manifest;
  const id = [
    ...(isDummy ? ['DUMMY'] : []),
    kind,
    ...(site === null ? [] : [site]),
    cut.name,
    last.sha256.slice(0, 16),
  ].join('-');
  const folder = folderOf(trial, id);
  const objects = await shelf(store, isClosed);
  for (const { name, bytes } of files) if (name !== last.name) await objects.put(folder + name, bytes);
  await objects.put(folder + last.name, last.bytes);
  return { id, folder, manifestName: last.name, manifest };
}

/** The reports of a trial, closed ones only for who holds its key; `unread` is told of those that this version cannot read. */
export async function listReports(
  store: Pick<ReportStore, 'objects' | 'places' | 'keys'>,
  trial: string,
  unread: (why: string) => void,
): Promise<readonly StoredReport[]> {
  const reports: StoredReport[] = [];
  for (const isClosed of store.keys.has(trial) ? [false, true] : [false]) {
    const objects = await shelf(store, isClosed);
    for await (const key of objects.list(`reports/${trial}/`)) {
      const manifestName = key.slice(key.lastIndexOf('/') + 1);
      if (!manifestFile.test(manifestName)) continue;
      const bytes = await objects.get(key);
      if (bytes === undefined) continue;
      const folder = key.slice(0, -manifestName.length);
      const id = folder.split('/').at(-2) ?? '';
      try {
        reports.push({ id, folder, manifestName, manifest: manifestIn(bytes, folder) });
      } catch (error) {
        if (!(error instanceof ReportRefused)) throw error;
        unread(error.message);
      }
    }
  }
  return reports.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A report by its id; undefined if it is not kept there. */
export async function readReport(
  store: ReportShelves,
  trial: string,
  id: string,
  isClosed: boolean,
): Promise<StoredReport | undefined> {
  const folder = folderOf(trial, id);
  const manifestName = id.startsWith('DUMMY-') ? 'DUMMY-manifest.json' : 'manifest.json';
  const bytes = await (await shelf(store, isClosed)).get(folder + manifestName);
  return bytes && { id, folder, manifestName, manifest: manifestIn(bytes, folder) };
}

/** The files of a report as they were kept. */
export async function reportFilesOf(
  store: ReportShelves,
  { folder, manifestName, manifest }: StoredReport,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const objects = await shelf(store, manifest.isClosed);
  const files = new Map<string, Uint8Array>();
  for (const name of [...manifest.files.map((file) => file.name), manifestName]) {
    const bytes = await objects.get(folder + name);
    if (bytes === undefined) throw new ReportRefused(`report file ${folder}${name} is gone; restore it from a backup`);
    files.set(name, bytes);
  }
  return files;
}

/** Refuses a folder that holds anything: files of a closed report would lie among those of an open one, to be passed on with them. */
export async function checkFree(folder: string): Promise<void> {
  const held = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') throw new ReportRefused(`${folder} is no folder; choose a new one`);
    throw error;
  });
  if (held.length > 0) throw new ReportRefused(`${folder} is not empty; choose a new folder for the report`);
}

/** Writes the files of a report into a folder of the reader's own; those of a closed one for its owner alone. */
export async function writeOut(
  folder: string,
  { isClosed }: Pick<Manifest, 'isClosed'>,
  files: Iterable<readonly [name: string, bytes: Uint8Array]>,
): Promise<void> {
  await checkFree(folder);
  await mkdir(folder, { recursive: true, ...(isClosed ? { mode: 0o700 } : {}) });
  // The folder may have been there, empty, with rights of its own.
  if (isClosed) await chmod(folder, 0o700);
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes, isClosed ? { mode: 0o600 } : {});
}
