import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether this user may mount a disk that nobody else sees. */
export const mayMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
if (!mayMount) console.warn('SKIPPED: what needs a small disk of its own, as this user may not mount one');

export type SmallDisk = {
  /** The disk as all processes see it. */
  readonly path: string;
  /** The disk as it is called by who runs on it. */
  readonly inside: string;
  /** Words before a command, for it to run on the disk. */
  readonly on: readonly string[];
  fill(): void;
  makeRoom(): void;
  remove(): Promise<void>;
};

/** A disk of so many megabytes, which goes away with the process that holds it. */
export async function smallDisk(megabytes: number): Promise<SmallDisk> {
  const inside = await mkdtemp(join(tmpdir(), 'hf-disk-'));
  const mounted = `mount -t tmpfs -o size=${megabytes}m none "$1" && echo mounted && exec cat`;
  const holder = spawn('unshare', ['-m', 'sh', '-c', mounted, 'sh', inside], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  const path = `/proc/${holder.pid}/root${inside}`;
  const filler = join(path, 'filler');
  return {
    path,
    inside,
    on: ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`],
    fill() {
      for (let size = megabytes * 2 ** 20; size >= 4096; size /= 2)
        try {
          writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
    },
    makeRoom: () => rmSync(filler),
    async remove() {
      holder.stdin.end();
      await once(holder, 'exit');
      await rm(inside, { recursive: true });
    },
  };
}
