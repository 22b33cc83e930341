import { execFileSync, spawnSync } from 'node:child_process';

/**
 * Whether R is there to compare with. If not, that is said on standard error, so that a skipped test is seen to be skipped; with
 * `HOLDFAST_REQUIRE_SHARED=1`, which demands everything real, its absence is an error instead.
 */
export function rIsThere(): boolean {
  if (spawnSync('Rscript', ['--version']).status === 0) return true;
  const missing = 'there is no Rscript to compare with (install R: on Debian `apt-get install r-base-core`)';
  if (process.env.HOLDFAST_REQUIRE_SHARED === '1') throw new Error(missing);
  console.warn(`SKIPPED: ${missing}: the tests that need it do not run`);
  return false;
}

/** What an R script prints, given its arguments. `--vanilla`: no settings of whoever runs it. */
export function rscript(script: string, ...args: readonly string[]): string {
  return execFileSync('Rscript', ['--vanilla', script, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}
