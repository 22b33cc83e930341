import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * The folder of shared data (golden numbers, real trials) that is too large or not ours to commit: `HOLDFAST_SHARED`, else
 * `shared` beside the repository. `undefined` if there is none, said on standard error, so that a skipped test is seen to be
 * skipped; with `HOLDFAST_REQUIRE_SHARED=1` its absence is an error instead.
 */
export function sharedFolder(): string | undefined {
  const folder = resolve(process.env.HOLDFAST_SHARED ?? join(root, '..', 'shared'));
  if (existsSync(folder)) return folder;
  const missing = `there is no shared data at ${folder} (set HOLDFAST_SHARED)`;
  if (process.env.HOLDFAST_REQUIRE_SHARED === '1') throw new Error(missing);
  console.warn(`SKIPPED: ${missing}: the tests that need it do not run`);
  return undefined;
}
