import { lstatSync, lutimesSync } from 'node:fs';
import { join } from 'node:path';
import { giveBackLock, type Holder, lifeOf, lockHolder, StrangeLock, takeLock } from '@holdfast/processes';
import { JobQueueInUse, JobQueueUnavailable } from '../job-errors.ts';

/** The right to run the jobs of a folder. */
export type WorkLock = {
  /** Shows that its holder lives; `JobQueueInUse` if another one has it by now. */
  renew(): void;
  giveBack(): void;
};

/** So long a holder that cannot be seen from here (in another container) is believed to live after it last showed it. */
const believedMs = 30_000;

const isKept =
  (path: string) =>
  (holder: Holder): boolean => {
    const life = lifeOf(holder);
    return life === 'alive' || (life === 'unseen' && Date.now() - shownAt(path) < believedMs);
  };

const lockIn = (dir: string) => join(dir, 'work-lock');

/** Whether somebody runs the jobs of a folder now. */
export function isWorkLockHeld(dir: string): boolean {
  const holder = lockHolder(lockIn(dir));
  return holder !== undefined && isKept(lockIn(dir))(holder);
}

/** Takes the right at once or not at all: `JobQueueInUse` names who has it. */
export function holdWorkLock(dir: string, me: Holder): WorkLock {
  const path = lockIn(dir);
  const holder = take(path, me, isKept(path));
  if (holder !== 'mine') throw inUse(dir, holder);
  return {
    renew() {
      const found = lockHolder(path);
      if (found?.token !== me.token) throw inUse(dir, found);
      const now = new Date();
      lutimesSync(path, now, now);
    },
    giveBack() {
      if (lockHolder(path)?.token === me.token) giveBackLock(path);
    },
  };
}

function take(path: string, me: Holder, isKept: (holder: Holder) => boolean): 'mine' | Holder | undefined {
  try {
    return takeLock(path, me, isKept);
  } catch (cause) {
    if (cause instanceof StrangeLock) throw new JobQueueUnavailable(cause.message, { cause });
    throw new JobQueueUnavailable(
      `cannot lock ${path} (${(cause as NodeJS.ErrnoException).code}); look at the folder’s permissions`,
      {
        cause,
      },
    );
  }
}

function inUse(dir: string, holder: Holder | undefined): JobQueueInUse {
  return new JobQueueInUse(
    `the jobs in ${dir} are run by ${holder ? `process ${holder.pid}` : 'another process'}: ` +
      'stop that one first, or run on Redis to share the work among processes',
  );
}

function shownAt(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
