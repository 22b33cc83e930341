import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeDigest } from '@holdfast/runtime';

/** What decides what a fold of a cut comes to, and what a report of it besides. */
const folds = [
  ...['packages/access', 'packages/events', 'packages/outcomes', 'packages/shards', 'packages/tallies'],
  ...['services/aggregate', 'services/report'],
];
const reports = [...folds, 'packages/figures', 'packages/reports', 'packages/statistics'];

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** `dist`, or `src` where it is run as it was written. */
const form =
  fileURLToPath(new URL('.', import.meta.url))
    .split('/')
    .at(-2) ?? 'dist';

async function read(folders: readonly string[]): Promise<string> {
  const digest = createHash('sha256').update(JSON.stringify(await codeDigest()));
  for (const folder of folders.map((one) => join(root, one, form))) {
    const files = (await readdir(folder, { recursive: true }))
      .filter((name) => /(?<!\.d|\.test|\.contract)\.(js|ts)$/.test(name))
      .sort();
    for (const name of files) digest.update(`${name}\n`).update(await readFile(join(folder, name)));
  }
  return digest.digest('hex');
}

const known = new Map<readonly string[], Promise<string>>();

/** Read once: it is the code that has been loaded, whatever is installed meanwhile. */
function once(folders: readonly string[]): Promise<string> {
  const digest = known.get(folders) ?? read(folders);
  known.set(folders, digest);
  return digest;
}

/**
 * The code that folds cuts, as a digest of its files, of the lockfile and of Node. What other code has folded is never taken for what
 * this one would: the version that a fold calls itself is raised by people, and people forget.
 */
export const foldingCode = (): Promise<string> => once(folds);

/** As `foldingCode`, of all that makes a report. */
export const reportingCode = (): Promise<string> => once(reports);
