import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeSnapshots } from '@holdfast/aggregate';
import type { EventLog } from '@holdfast/log';
import { openObjects } from '@holdfast/objects';
import { removeShards, shardFolder } from '@holdfast/shards';
import { type PublishedTrial, type TrialLog, type TrialTopics, topicsOf } from '@holdfast/trials';
import type { Store } from '../store.ts';

/** The events last: as long as they are there, what was copied of them can be looked at again. */
const removedInOrder: readonly (keyof TrialTopics)[] = ['openTallies', 'closedTallies', 'audit', 'rejected', 'events'];

/** The editions of a trial's log that there are topics of. */
async function editionsIn(log: EventLog, trial: string): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  for (const { name } of await log.topics()) {
    if (!name.startsWith(`${trial}.`)) continue;
    const rest = name.slice(trial.length + 1);
    const [, edition] = /^(?:events|rejected|tallies\.open|tallies\.closed|audit)(?:\.r(\d+))?$/.exec(rest) ?? [];
    if (edition !== undefined) found.add(Number(edition));
    else if (Object.values(topicsOf({ trial, partitions: 1 })).some((topic) => topic.name === name)) found.add(1);
  }
  return found;
}

async function editionsOfShards(folder: string): Promise<readonly number[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return [1, ...names.flatMap((name) => /^r(\d+)$/.exec(name)?.[1] ?? []).map(Number)];
}

/** Removes an edition's topics, its shards on this machine and what was stored of them. What is removed already is left. */
export async function removeEdition({ log, folders, places }: Store, at: TrialLog): Promise<void> {
  const { name } = topicsOf(at).events;
  // While it is there it names what was stored.
  if ((await log.topics()).some((topic) => topic.name === name))
    await removeSnapshots(await openObjects(places.closedObjects), at.trial, await log.topicId(name));
  for (const topic of removedInOrder) await log.removeTopic(topicsOf(at)[topic].name);
  await removeShards(shardFolder(folders.shards, at));
}

/** Removes what is of no edition that is in force or under way: a process that was killed may have left it. */
export async function removeLeftovers(store: Store, { protocol, rewrite }: PublishedTrial): Promise<void> {
  const { trial, edition = 1, partitions } = protocol;
  const used = new Set([edition, rewrite?.edition, rewrite?.former.edition]);
  const there = new Set([
    ...(await editionsIn(store.log, trial)),
    ...(await editionsOfShards(join(store.folders.shards, trial))),
  ]);
  for (const one of there) if (!used.has(one)) await removeEdition(store, { trial, partitions, edition: one });
}
