import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import { JobQueueError, JobQueueUnavailable } from '../job-errors.ts';
import { type Asked, askedSchema, type Flow, flowSchema } from './flow.ts';

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? '';

/** What somebody asked for, and the name of the file that says so. */
export type Ask = { readonly name: string; readonly asked: Asked };

/** A file that is no job of this version, or damaged. Its message goes into logs, and so names no job, nor quotes what stands there. */
export class Unreadable extends JobQueueUnavailable {
  readonly path: string;
  constructor(path: string) {
    super(
      `a file in ${dirname(path)} is not a job of this version of Holdfast, or damaged: who works on the queue sets it aside; what is still due is then added again`,
    );
    this.path = path;
  }
}

/**
 * A queue as a folder: a file a job (with its children), and in `asked/` a file for each wish that whoever works on the jobs has not seen yet.
 * Every file is written whole, synced, and then put into its place, so a reader never sees half of one, whoever is killed or out of room.
 * Anybody may add a file; a job's file is changed by the one process alone that runs the jobs.
 */
export interface JobFolder {
  /** Whether the flow was added: not if there is one of that id. */
  add(flow: Flow): Promise<boolean>;
  /** Writes a flow over what there was. */
  save(flow: Flow): Promise<void>;
  remove(id: string): Promise<void>;
  read(id: string): Promise<Flow | undefined>;
  ids(): Promise<readonly string[]>;
  ask(asked: Asked, now: Date): Promise<void>;
  /** All wishes, oldest first; in the place of one that cannot be read, why. */
  asks(): Promise<readonly (Ask | Unreadable)[]>;
  /** Drops a wish that was heard. */
  heard(ask: Ask): Promise<void>;
  /** Moves a file that cannot be read out of the way; what comes back says so. */
  setAside(unreadable: Unreadable): Promise<JobQueueUnavailable>;
  /** Removes drafts whose writers must have died. */
  sweep(now: Date): Promise<void>;
}

export function jobFolder(dir: string): JobFolder {
  const asked = join(dir, 'asked');
  const drafts = join(dir, 'drafts');
  const fileOf = (id: string) => join(dir, `${id}.json`);

  /** Says of everything that the file system refuses what it was about, but names no job: that there is a closed one is not for logs. */
  async function about<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof JobQueueError) throw cause;
      throw new JobQueueUnavailable(
        `cannot ${what} in ${dir} (${codeOf(cause)}); look at the folder’s permissions and at the room on its disk`,
        { cause, retryable: true },
      );
    }
  }

  async function syncFolder(folder: string): Promise<void> {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Writes a draft and has it put into its place, durably. */
  async function write(content: Flow | Asked, folder: string, place: (draft: string) => Promise<void>): Promise<void> {
    await mkdir(asked, { recursive: true });
    await mkdir(drafts, { recursive: true });
    const draft = join(drafts, randomUUID());
    try {
      const handle = await open(draft, 'wx');
      try {
        await handle.writeFile(JSON.stringify(content));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await place(draft);
      await syncFolder(folder);
    } finally {
      await rm(draft, { force: true });
    }
  }

  async function namesIn(folder: string): Promise<readonly string[]> {
    const names = await readdir(folder).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    });
    return names.filter((name) => name.endsWith('.json')).sort();
  }

  async function readIf<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      throw new Unreadable(path);
    }
  }

  return {
    add: (flow) =>
      about('add a job', async () => {
        let isAdded = true;
        await write(flow, dir, async (draft) => {
          try {
            await link(draft, fileOf(flow.root.id)); // fails if the name is taken; a rename would overwrite it
          } catch (error) {
            if (codeOf(error) !== 'EEXIST') throw error;
            isAdded = false;
          }
        });
        return isAdded;
      }),
    save: (flow) => about('write a job', () => write(flow, dir, (draft) => rename(draft, fileOf(flow.root.id)))),
    remove: (id) => about('forget a job', () => rm(fileOf(id), { force: true })),
    read: (id) => about('read a job', () => readIf(fileOf(id), flowSchema)),
    ids: () => about('list jobs', async () => (await namesIn(dir)).map((name) => name.slice(0, -'.json'.length))),
    ask: (what, now) =>
      about('ask for a job', () => {
        const name = `${String(now.getTime()).padStart(15, '0')}-${randomUUID()}.json`;
        return write(what, asked, (draft) => rename(draft, join(asked, name)));
      }),
    asks: () =>
      about('read what was asked', async () => {
        const asks: (Ask | Unreadable)[] = [];
        for (const name of await namesIn(asked)) {
          const found = await readIf(join(asked, name), askedSchema).catch((error: unknown) => {
            if (error instanceof Unreadable) return error;
            throw error;
          });
          if (found instanceof Unreadable) asks.push(found);
          else if (found !== undefined) asks.push({ name, asked: found });
        }
        return asks;
      }),
    setAside: ({ path }) =>
      about('set a file aside', async () => {
        const aside = join(dir, 'unreadable', `${randomUUID()}.json`);
        await mkdir(dirname(aside), { recursive: true });
        await rename(path, aside);
        return new JobQueueUnavailable(
          `a file in ${dirname(path)} is not a job of this version of Holdfast, or damaged: it now lies at ${aside}; what is still due is added again`,
        );
      }),
    sweep: (now) =>
      about('sweep drafts', async () => {
        for (const name of await readdir(drafts).catch(() => [])) {
          const found = await stat(join(drafts, name)).catch(() => undefined);
          if (found !== undefined && now.getTime() - found.mtimeMs > 60 * 60 * 1000)
            await rm(join(drafts, name), { force: true });
        }
      }),
    heard: ({ name }) => about('forget what was asked', () => rm(join(asked, name), { force: true })),
  };
}
