import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasMapping, isUnchanged, type Lying, lyingAt, mappingFile } from './delivered.ts';
import { codeOf } from './error-code.ts';

/** What is written under such a name is not finished yet. */
const isUnfinished = (name: string) => name.startsWith('.') || /\.(part|tmp)$/i.test(name);

/** The room into which things are put, by whoever may, at any time and in any number of steps. */
export interface Incoming {
  /** Names of what did not change since the last look, and is all there. */
  whole(): Promise<readonly string[]>;
  /** Notes that something is left alone. Its name may be a participant's, so it is not told. */
  leave(name: string, why: string): void;
  /** How many things lie there. */
  waiting(): Promise<number>;
}

/** `onLeft` is told once of each thing that is left alone, and why. */
export function incomingRoom(path: string, onLeft: (why: string) => void): Incoming {
  /** How things lay at the last look. */
  let before = new Map<string, Lying>();
  const left = new Set<string>();
  const names = async () => (await readdir(path)).filter((name) => !isUnfinished(name)).sort();

  const leave = (name: string, why: string): void => {
    if (!left.has(name)) onLeft(why);
    left.add(name);
  };

  return {
    leave,
    async whole() {
      const lying = new Map<string, Lying>();
      const found: string[] = [];
      const here = await names();
      for (const name of left) if (!here.includes(name)) left.delete(name);
      for (const name of here) {
        try {
          const now = await lyingAt(join(path, name));
          const known = before.get(name);
          lying.set(name, now);
          if (known === undefined || !isUnchanged(known, now)) continue;
          if (now.is === 'folder' && !hasMapping(now))
            leave(name, `a folder is left until ${mappingFile} is in it, which tells that all of it is there`);
          else found.push(name);
        } catch (error) {
          // It went away meanwhile, unless its name cannot even be said.
          if (codeOf(error) !== 'ENOENT') leave(name, `something cannot be looked at (${codeOf(error)})`);
          else if (name.includes('\uFFFD')) leave(name, 'something is left whose name is not UTF-8; rename it');
        }
      }
      before = lying;
      return found;
    },
    waiting: async () => (await names()).length,
  };
}
