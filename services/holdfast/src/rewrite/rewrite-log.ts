import { userInfo } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { EventLog } from '@holdfast/log';
import {
  appendToTrial,
  beginRewrite,
  createTopics,
  type PublishedTrial,
  type RewriteUnderWay,
  recordRewrite,
  topicsOf,
  trialLogs,
} from '@holdfast/trials';
import { CommandFailed } from '../command-failed.ts';
import { aggregateFor } from '../folding.ts';
import { buildShards } from '../intake.ts';
import type { Store } from '../store.ts';
import { compareTallies } from './compare-tallies.ts';
import { copyLog } from './copy-log.ts';
import { removeEdition, removeLeftovers } from './editions.ts';
import { type Leaving, nothing } from './leaving.ts';

/** Told of each step, for whoever waits. */
export type Say = (text: string) => void;

/** A round of copying that met so few records has caught up with the doors. */
const fewRecords = 1_000;
const mostRounds = 20;
const lookMs = 100;

/** Every step of a rewriting that matters later stands in the trial's audit log, and goes with it into the new one. */
export async function auditRewrite({ log }: Store, { protocol }: PublishedTrial, step: object): Promise<void> {
  const record = { at: new Date().toISOString(), who: userInfo().username, rewrite: step };
  const value = Buffer.from(JSON.stringify(record));
  await appendToTrial(log, trialLogs(log), protocol, 'audit', () => [{ key: protocol.trial, value }]);
}

/** A trial with its log elsewhere. */
function inEdition(
  trial: PublishedTrial,
  { edition, partitions }: { edition: number; partitions: number },
): PublishedTrial {
  const { edition: _, ...protocol } = trial.protocol;
  return { ...trial, protocol: { ...protocol, partitions, ...(edition === 1 ? {} : { edition }) } };
}

/** Whether it came to be so within some time. */
async function within(seconds: number, isSo: () => Promise<boolean>): Promise<boolean> {
  for (const giveUp = performance.now() + seconds * 1000; ; ) {
    if (await isSo()) return true;
    if (performance.now() > giveUp) return false;
    await pause(lookMs);
  }
}

const isFolded = async (log: EventLog, { protocol }: PublishedTrial): Promise<boolean> => {
  const { name } = topicsOf(protocol).events;
  return (await log.topics()).some((topic) => topic.name === name) && log.isJoined('aggregate', name);
};

/** Gives up a rewriting that is not switched: the log that is in force stays so, and what was copied is removed. */
export async function abandonRewrite(store: Store, trial: PublishedTrial): Promise<PublishedTrial> {
  const { rewrite, protocol } = trial;
  if (rewrite === undefined)
    throw new CommandFailed(`no rewriting of ${protocol.trial} is under way; there is nothing to abandon`);
  if (rewrite.copied !== undefined)
    throw new CommandFailed(
      `the log of ${protocol.trial} is switched already and cannot go back; repeat the command that began it (\`holdfast rewrite --trial ${protocol.trial} ${rewrite.erases ? '--erase PARTICIPANT' : `--partitions ${rewrite.partitions}`}\`) to finish`,
    );
  if (await isFolded(store.log, inEdition(trial, rewrite)))
    throw new CommandFailed(
      `another process is rewriting the log of ${protocol.trial} just now; wait until it ends, or end it first`,
    );
  await auditRewrite(store, trial, { step: 'abandoned', edition: rewrite.edition });
  const after = await recordRewrite(store.log, protocol.trial, rewrite, { step: 'abandoned' }, new Date());
  await removeLeftovers(store, after);
  return after;
}

/**
 * What remains once the log is switched, as often as it takes: the last records of the former log are copied, shards stand where the
 * new one ends, and the former one goes. `trial` is read after the switch. That it is finished is not on record yet.
 */
export async function comeOver(
  store: Store,
  trial: PublishedTrial,
  rewrite: RewriteUnderWay,
  leaving: Leaving,
  say: Say,
): Promise<void> {
  const { log, settings } = store;
  const { protocol } = trial;
  const former = inEdition(trial, rewrite.former);
  const wasFolded = await isFolded(log, former);
  // Whoever appended to the former log by now has appended before the switch, or appends to the new one again before it says so.
  const copy = copyLog({
    log,
    from: former.protocol,
    to: protocol,
    leaving,
    ...(rewrite.copied === undefined ? {} : { copied: rewrite.copied }),
  });
  await copy.more();
  if (wasFolded) {
    say('switched; waiting for whoever folds the former log to come over …');
    if (!(await within(settings.waitSeconds, async () => !(await isFolded(log, former)))))
      throw new CommandFailed(
        `the log of ${protocol.trial} is switched and whole, but another process still folds the former one (an import or ingest, perhaps); repeat this command when that has ended, to remove the former log`,
      );
    await within(2, () => isFolded(log, trial));
  }
  await buildShards(store, trial);
  await copy.more();
  await auditRewrite(store, trial, { step: 'finished', edition: rewrite.edition });
  await removeEdition(store, former.protocol);
}

/** As `comeOver`, and records that it is finished. */
export async function finishRewrite(
  store: Store,
  trial: PublishedTrial,
  rewrite: RewriteUnderWay,
  say: Say,
): Promise<PublishedTrial> {
  if (rewrite.erases)
    throw new CommandFailed(
      `an erasure in ${trial.protocol.trial} is switched and not finished; repeat \`holdfast rewrite --trial ${trial.protocol.trial} --erase PARTICIPANT\` with the same participant first`,
    );
  await comeOver(store, trial, rewrite, nothing, say);
  return recordRewrite(store.log, trial.protocol.trial, rewrite, { step: 'finished' }, new Date());
}

/** Moves a trial's log to so many partitions: copies it, replays it, compares the tallies, and switches. */
export async function rewriteLog(
  store: Store,
  published: PublishedTrial,
  partitions: number,
  say: Say,
): Promise<PublishedTrial> {
  const former = await settled(store, published, say);
  if (former.protocol.partitions === partitions) return former;
  const { after, rewrite } = await switchLog(store, former, { partitions }, say);
  return finishRewrite(store, after, rewrite, say);
}

/** Nobody can rewrite a double-blind trial, or say what of a participant is sealed, without its key. */
export function refuseWithoutKey({ keys }: Pick<Store, 'keys'>, { protocol }: PublishedTrial): void {
  const { trial, blinding } = protocol;
  if (blinding === 'double' && !keys.has(trial))
    throw new CommandFailed(
      `${trial} is double-blind: whether the rewritten log has the same tallies, and what of a participant is sealed, can be said only with its key; give --key FILE or HOLDFAST_KEY`,
    );
}

/** The trial with no rewriting under way: what was switched is finished, what was not is given up. */
export async function settled(store: Store, published: PublishedTrial, say: Say): Promise<PublishedTrial> {
  refuseWithoutKey(store, published);
  const { rewrite } = published;
  if (rewrite?.copied !== undefined) return finishRewrite(store, published, rewrite, say);
  return rewrite === undefined ? published : abandonRewrite(store, published); // it was interrupted
}

export type Switching = {
  readonly partitions: number;
  /** What the new log is to be without; and what the audit log is to say of it. */
  readonly erasing?: { readonly leaving: Leaving; readonly record: object; readonly isRandomised: boolean };
};

/** Copies a trial's log to a new edition, replays it, compares the tallies, and switches to it. */
export async function switchLog(
  store: Store,
  former: PublishedTrial,
  { partitions, erasing }: Switching,
  say: Say,
): Promise<{ readonly after: PublishedTrial; readonly rewrite: RewriteUnderWay }> {
  const { log } = store;
  const { trial } = former.protocol;
  const { leaving = nothing, record, isRandomised = false } = erasing ?? {};
  await removeLeftovers(store, former);

  const begun = await beginRewrite(log, { trial, partitions, erases: erasing !== undefined }, new Date());
  const { edition } = begun;
  const made = inEdition(former, begun);
  await auditRewrite(store, former, {
    step: 'begun',
    edition,
    partitions: { from: former.protocol.partitions, to: partitions },
    ...record,
  });
  await createTopics(log, made.protocol);

  let looked = 0;
  const copy = copyLog({
    log,
    from: former.protocol,
    to: made.protocol,
    leaving,
    onCopied: (records) => {
      looked += records;
      if (looked % 10_000 === 0) say(`${looked} records copied …`);
    },
  });
  const aggregate = aggregateFor(store);
  let compared: Awaited<ReturnType<typeof compareTallies>>;
  try {
    // From the beginning: what is copied is folded meanwhile, and others see that somebody is at it.
    await aggregate.keep(made);
    // Others append meanwhile: each round has less to copy than the one before.
    for (let round = 0; round < mostRounds && (await copy.more()) > fewRecords; round += 1);
    say(`${looked} records copied; folding them …`);
    await aggregate.caughtUp(trial, await log.ends(topicsOf(made.protocol).events.name));
    say('comparing the tallies with those of the former log …');
    compared = await compareTallies(store, { former, made, ends: copy.copied.events, leaving });
  } finally {
    await aggregate.stop();
  }
  if (compared.difference !== undefined) {
    await abandonRewrite(store, { ...former, rewrite: begun });
    throw new CommandFailed(
      `${trial}: the tallies of the rewritten log are not those of the log in force: ${compared.difference}. Nothing was switched, and the copy is removed. Report this: it must never happen`,
    );
  }
  await copy.more();
  const { events, rejected, audit: looks } = copy.copied;
  const leftOut = erasing === undefined ? {} : { leftOut: { ...copy.leftOut } };
  await auditRewrite(store, former, { step: 'compared', edition, tallies: compared.digest, ...leftOut });
  const switched = { step: 'switched', copied: { events, rejected, audit: looks } } as const;
  const after = await recordRewrite(
    log,
    trial,
    begun,
    { ...switched, ...(isRandomised ? { erasedRandomised: true } : {}) },
    new Date(),
  );
  return { after, rewrite: { ...begun, copied: switched.copied } };
}
