import { createHash } from 'node:crypto';
import type { Trials } from '@holdfast/trials';
import type { Appended } from '../appended.ts';
import type { HungDoor } from '../live-door.ts';

/** By what is handed in; undefined if it is nested too deeply to be written. */
function digestOf(what: string, all: readonly unknown[]): string | undefined {
  const hash = createHash('sha256').update(what);
  try {
    for (const one of all) hash.update(`${JSON.stringify(one)}\n`);
    return hash.digest('hex');
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * What the tries of one delivery appended: a delivery that waits would otherwise fill the log with itself, from its beginning at every
 * try. All of it is judged at each try, and only what was appended exactly so is not appended again. It is known to this process alone:
 * a restart may bring back a log from before.
 */
export function appendedOnce() {
  const done = new Map<string, readonly Appended[]>();
  let by: Trials | undefined;

  async function once(
    what: string,
    all: readonly unknown[],
    append: () => Promise<readonly Appended[]>,
  ): Promise<readonly Appended[]> {
    const digest = digestOf(what, all);
    const known = digest === undefined ? undefined : done.get(digest);
    if (known !== undefined) return known;
    const places = await append();
    if (digest !== undefined) done.set(digest, places);
    return places;
  }

  return {
    /** The door, as a further try goes through it. By other publications the same event may stand in the log otherwise: all begins anew. */
    through({ door, trials }: HungDoor): HungDoor {
      if (by !== trials) done.clear();
      by = trials;
      return {
        trials,
        door: {
          ...door,
          admit: (accepted) => once('accepted', accepted, () => door.admit(accepted)),
          async keepRejected(rejected) {
            await once('rejected', rejected, async () => {
              await door.keepRejected(rejected);
              return [];
            });
          },
        },
      };
    },
  };
}

export type AppendedOnce = ReturnType<typeof appendedOnce>;
