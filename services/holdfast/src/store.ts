import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseKeyFile, type TrialKey } from '@holdfast/access';
import { type EventLog, openLog } from '@holdfast/log';
import { type ObjectStore, openObjects } from '@holdfast/objects';
import { checkStoreFormat, guardClosed, readSettings, type Settings, storeFolders } from '@holdfast/runtime';
import { type PublishedTrial, readTrials, type Trials } from '@holdfast/trials';
import type { Command } from 'commander';
import { CommandFailed } from './command-failed.ts';
import { checkSharedFormat, type Places, placesFor } from './places.ts';

/** Options that every command has, wherever they stand. */
export type CommonOptions = { readonly data?: string; readonly key?: readonly string[] };

export type Store = {
  readonly settings: Settings;
  readonly folders: ReturnType<typeof storeFolders>;
  readonly places: Places;
  readonly log: EventLog;
  readonly objects: ObjectStore;
  readonly trials: Trials;
  readonly keys: ReadonlyMap<string, TrialKey>;
  /** Files and folders that keys were read from. */
  readonly keysFrom: readonly string[];
};

export function settingsFor(options: CommonOptions): Settings {
  const settings = readSettings();
  return options.data === undefined ? settings : { ...settings, data: resolve(options.data) };
}

/** The files that an option or setting names: a folder stands for the files in it. */
async function keyFiles(named: string): Promise<readonly string[]> {
  try {
    if (!(await stat(named)).isDirectory()) return [named];
    const entries = await readdir(named, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => join(named, name));
  } catch (cause) {
    throw new CommandFailed(
      `cannot read key file ${named} (${(cause as NodeJS.ErrnoException).code}); give the file that \`keys create\` wrote`,
      { cause },
    );
  }
}

/** The private keys that were given, by trial. */
export async function readKeys(named: readonly string[]): Promise<ReadonlyMap<string, TrialKey>> {
  const keys = new Map<string, TrialKey>();
  for (const file of (await Promise.all(named.map(keyFiles))).flat()) {
    const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw new CommandFailed(
        `cannot read key file ${file} (${cause.code}); give the file that \`keys create\` wrote`,
        { cause },
      );
    });
    const key = parseKeyFile(text, file);
    keys.set(key.trial, key);
  }
  return keys;
}

/** The keys as the files stand now: to a folder of keys another one may have been added. Nobody has checked whose they are. */
export const givenKeys = ({ keysFrom }: Store): Promise<ReadonlyMap<string, TrialKey>> => readKeys(keysFrom);

/** The keys that trials published, of those that are given: any other opens nothing, and what it makes of a trial would be wrong. */
export function publishedKeys(given: ReadonlyMap<string, TrialKey>, trials: Trials): ReadonlyMap<string, TrialKey> {
  return new Map([...given].filter(([trial, { keyId }]) => trials.get(trial)?.key?.keyId === keyId));
}

/** Opens the store that a command names and closes it whatever happens. */
export function withStore<T>(
  command: Command,
  access: 'read' | 'write' | 'create',
  work: (store: Store) => Promise<T>,
): Promise<T> {
  return openStore(command.optsWithGlobals<CommonOptions>(), access, work);
}

/** A key opens a trial only if it is the one that the trial published. */
function checkKeys(keys: ReadonlyMap<string, TrialKey>, trials: Trials): void {
  for (const [trial, { keyId }] of keys) {
    const published = trials.get(trial)?.key?.keyId;
    // The key of a trial that is not in this store opens nothing here, and is in nobody's way.
    if (published === keyId || !trials.has(trial)) continue;
    const known = published === undefined ? 'has published no key here' : `has published key ${published}`;
    throw new CommandFailed(
      `the given key ${keyId} says it is of ${trial}, but that trial ${known}; give the key file that belongs to this store`,
    );
  }
}

/** Opens a store and closes it whatever happens. Only who publishes the first protocol creates one: a typo in --data must not. */
export async function openStore<T>(
  options: CommonOptions,
  access: 'read' | 'write' | 'create',
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const settings = settingsFor(options);
  const folders = storeFolders(settings.data);
  const places = placesFor(settings);
  const isEmbedded = places.log.kind === 'embedded';
  if (isEmbedded && access !== 'create' && !existsSync(folders.log)) {
    throw new CommandFailed(
      `there is no store in ${settings.data}; name it by --data DIR, or begin one by \`holdfast protocol publish FILE\``,
    );
  }
  const keysFrom = options.key ?? [settings.key ?? []].flat();
  const keys = await readKeys(keysFrom);
  const writes = access === 'read' ? 'read' : 'write';
  const objects = await openObjects(places.objects);
  // Before anything is opened; a store that is begun now is marked once it is there.
  if (!isEmbedded) await checkSharedFormat(objects, writes);
  else if (existsSync(folders.log)) checkStoreFormat(settings.data, writes);
  const log = await openLog(places.log, writes);
  try {
    guardClosed(settings.data, writes);
    if (isEmbedded && access !== 'read') checkStoreFormat(settings.data, 'write');
    const trials = await readTrials(log);
    checkKeys(keys, trials);
    return await work({ settings, folders, places, log, objects, trials, keys, keysFrom });
  } finally {
    await log.close();
  }
}

/** The trial that a command is about: the named one, or the only one there is. */
export function chooseTrial({ trials }: Store, name: string | undefined): PublishedTrial {
  const names = [...trials.keys()];
  if (names.length === 0)
    throw new CommandFailed('no trial is published in this store; run `holdfast protocol publish FILE`');
  if (name === undefined && names.length > 1)
    throw new CommandFailed(`several trials are published; choose one by --trial: ${names.join(', ')}`);
  const trial = trials.get(name ?? names[0] ?? '');
  if (trial === undefined)
    throw new CommandFailed(`trial ${name} is not published in this store; it has ${names.join(', ')}`);
  return trial;
}
