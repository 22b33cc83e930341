import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** A process that is measured ends with this one at the latest. */
export function endingWithUs<Child extends ChildProcess>(child: Child): Child {
  const end = () => child.kill('SIGKILL');
  process.prependListener('exit', end);
  child.once('exit', () => process.off('exit', end));
  return child;
}

/** Anonymous memory of a process in bytes: what it holds itself, without mapped files. 0 where the system does not say. */
export async function anonymousMemory(pid: number | undefined): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Anonymous:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
}

/** Seconds of processor that a process has used, all of its threads together. 0 where the system does not say. */
export async function cpuSeconds(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user + system) / ticksPerSecond;
}

/** Linux counts so on every machine that Node runs on. */
const ticksPerSecond = 100;
