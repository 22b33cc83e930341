import { randomUUID } from 'node:crypto';
import { opener, openVault, type TrialKey, trialVault } from '@holdfast/access';
import type { EventLog, GroupMember, LogRecord } from '@holdfast/log';
import {
  makingOf,
  openShard,
  removeShard,
  type Shard,
  ShardUnreadable,
  setAside,
  shardFile,
  shardFolder,
  type TakenIn,
} from '@holdfast/shards';
import { type Claim, type Difference, encodeTallyRecord, inParts } from '@holdfast/tallies';
import { type PublishedTrial, topicsOf } from '@holdfast/trials';
import { type KeptArchive, keepArchive } from './archive-keeper.ts';
import { contradiction, recordDigest, ShardContradicted } from './contradiction.ts';
import { chained, recordDecoder } from './decode.ts';
import type { Folded, ShardListener } from './folded.ts';
import { gatherByKey, nothingGathered } from './gather.ts';
import type { Release } from './open-files.ts';
import { type KeptSnapshots, keepSnapshots, type SnapshotKeeper } from './snapshot-keeper.ts';

/** A double-blind trial can only be folded with its key. */
export class KeyNeeded extends Error {
  readonly code = 'HF_KEY_NEEDED';
  override readonly name = 'KeyNeeded';
}

export type ShardKeeperOptions = {
  readonly log: EventLog;
  readonly protocol: PublishedTrial['protocol'];
  /** The trial's private key; a double-blind trial needs it. */
  readonly key: TrialKey | undefined;
  /** Folder of all trials' shards. */
  readonly shards: string;
  /** Whether shards are dropped when they are first assigned, so that the log refills them. */
  readonly anew: boolean;
  /** Where shards are stored as they go on, to be restored by who gets them next; nowhere by default. */
  readonly snapshots?: KeptSnapshots;
  /** Where the log is archived as it grows; nowhere by default. */
  readonly archive?: KeptArchive;
  /** Resolves when no other thread of this process has a shard's file open. */
  readonly holdFile?: (file: string) => Promise<Release>;
  /** On a log that several machines share: how often it is looked whether a former owner has spoken of a shard since, in ms. */
  readonly watchMs?: number | undefined;
} & ShardListener;

type Held = {
  readonly shard: Shard;
  readonly owner: string;
  readonly snapshots: SnapshotKeeper | undefined;
  readonly release: Release;
  claimAt: number;
  unclaimed: number;
  /** The offsets after our last word on either topic: whatever stands there was said by another. */
  next: readonly [open: number, closed: number] | undefined;
  /** What is done with this shard is done one after the other. */
  turn: Promise<unknown>;
};

/** Differences between two claims: a reader that comes late has no more than these to add. */
const differencesPerClaim = 2_000;

/** How often a claim that another one's disturbed is made again at once; later it is looked at again (`watchMs`). */
const mostClaims = 5;

/** A group member that keeps one trial's shards: decodes, folds, commits, publishes. */
export function keeperOf(options: ShardKeeperOptions): GroupMember {
  const {
    log,
    protocol,
    key,
    shards,
    anew,
    watchMs,
    snapshots: stored,
    holdFile = async () => () => undefined,
    ...told
  } = options;
  const { trial, blinding } = protocol;
  const sealed = blinding === 'double';
  if (sealed && key === undefined) {
    throw new KeyNeeded(
      `${trial} is double-blind: its events can be folded only with its key; give --key FILE or HOLDFAST_KEY`,
    );
  }
  const { events, openTallies, closedTallies } = topicsOf(protocol);
  const vault = sealed && key !== undefined ? trialVault(key) : openVault;
  const decode = recordDecoder(sealed && key !== undefined ? opener(key) : undefined);
  const held = new Map<number, Held>();
  const seen = new Set<number>();
  const archive = options.archive && keepArchive(log, options.archive, protocol, (one) => told.onArchived?.(one));

  /** Publishes on both topics; answers whether another owner had spoken since our last word. */
  const publish = async (
    partition: number,
    keeping: Held,
    open: Claim | Difference,
    closed: Claim | Difference,
  ): Promise<boolean> => {
    const records = (whole: Claim | Difference) =>
      inParts(whole).map((part) => ({ key: String(partition), value: encodeTallyRecord(part), partition }));
    const offsets = await Promise.all([
      log.append(openTallies.name, records(open)),
      log.append(closedTallies.name, records(closed)),
    ]);
    const before = keeping.next;
    const [openNext = 0, closedNext = 0] = offsets.map((written) => (written.at(-1) ?? 0) + 1);
    keeping.next = [openNext, closedNext];
    return offsets.some((written, side) => {
      const [first = 0, last = 0] = [written[0], written.at(-1)];
      // Before our word, or between its parts. (A part that was appended twice looks the same, and costs a claim.)
      return first > (before?.[side] ?? first) || last - first >= written.length;
    });
  };

  const tell = (partition: number, { shard, owner }: Held, batch: Folded['batch']): void => {
    const { offset, sequence } = shard.position;
    told.onFolded?.({ trial, partition, offset, owner, sequence, batch });
  };

  const claim = async (partition: number, keeping: Held, batch?: Folded['batch']): Promise<void> => {
    const { shard, owner } = keeping;
    const { open, closed } = await shard.tallies();
    const { chain, ...position } = shard.position;
    const head = { kind: 'claim', owner, ...position } as const;
    const say = () => publish(partition, keeping, { ...head, cells: open }, { ...head, chain, cells: closed });
    // A claim in which another one's stands is none to readers. Who still speaks stops soon: it hears that the shard is not its any more.
    for (let times = 0; (await say()) && times < mostClaims; times += 1);
    keeping.unclaimed = 0;
    keeping.claimAt = 0;
    tell(partition, keeping, batch);
  };

  const take = async (partition: number, keeping: Held, records: readonly LogRecord[]): Promise<void> => {
    const { shard } = keeping;
    const { offset: next } = shard.position;
    const fresh = records.filter(({ offset }) => offset >= next);
    const last = fresh.at(-1);
    if (last === undefined) return;
    const started = performance.now();
    const gathered = nothingGathered();
    const differences = await shard.apply({
      nextOffset: last.offset + 1,
      lastRecord: recordDigest(last.value),
      chain: chained(
        shard.position.chain,
        fresh.map(({ value }) => value),
      ),
      arrivals: gatherByKey(gathered, fresh, decode),
      get clock() {
        return gathered.clock;
      },
    });
    const done = () => ({
      first: fresh[0]?.offset ?? next,
      records: fresh.length,
      foreign: gathered.foreign,
      milliseconds: Math.round(performance.now() - started),
    });
    if (keeping.claimAt > 0) {
      if (shard.position.offset >= keeping.claimAt) await claim(partition, keeping, done());
    } else {
      const isDisturbed = await publish(partition, keeping, differences.open, differences.closed);
      tell(partition, keeping, done());
      keeping.unclaimed += 1;
      if (isDisturbed || keeping.unclaimed >= differencesPerClaim) await claim(partition, keeping);
    }
    archive?.folded(partition, fresh);
    await keeping.snapshots?.folded(shard);
  };

  /** After the batch that is under way, and only if the shard is still ours by then. */
  const inTurn = <T>(keeping: Held, work: () => Promise<T>): Promise<T> => {
    const done = keeping.turn.then(work);
    keeping.turn = done.catch(() => undefined);
    return done;
  };

  /**
   * A former owner that had stood still does not know yet that the shard is another's, and may speak once more: readers would stand on
   * an old claim until the next one. So whoever still has the shard then claims again.
   */
  const look = async (): Promise<void> => {
    const [openEnds, closedEnds] = await Promise.all([log.ends(openTallies.name), log.ends(closedTallies.name)]);
    for (const [partition, keeping] of held) {
      const isForeign = () =>
        keeping.next !== undefined &&
        ((openEnds[partition] ?? 0) > keeping.next[0] || (closedEnds[partition] ?? 0) > keeping.next[1]);
      if (!isForeign()) continue;
      await inTurn(keeping, async () => {
        if (held.get(partition) === keeping && keeping.claimAt === 0 && isForeign()) await claim(partition, keeping);
      });
    }
  };
  let looking: NodeJS.Timeout | undefined;
  const watch = (): void => {
    if (watchMs === undefined) return;
    looking = setTimeout(async () => {
      await look().catch(() => undefined); // what cannot be read is looked at again; what cannot be said, the next batch fails by
      if (held.size > 0) watch();
    }, watchMs).unref();
  };

  return {
    async assigned(partition) {
      told.onTaken?.(trial, partition);
      const owner = randomUUID();
      const file = shardFile(shardFolder(shards, protocol), partition, protocol.version);
      const logEnd = (await log.ends(events.name))[partition] ?? 0;
      const logId = await log.topicId(events.name);
      const contradictionOf = (takenIn: TakenIn) => contradiction(log, events.name, partition, takenIn);
      const isOfLog = async (takenIn: TakenIn): Promise<boolean> => {
        const why = await contradictionOf(takenIn);
        if (why !== undefined) told.onContradicted?.({ trial, partition, offset: takenIn.offset, why });
        return why === undefined;
      };
      const making = makingOf(protocol, logId);
      const snapshots = stored && keepSnapshots(file, stored, { trial, partition, making, contradictionOf });
      const release = await holdFile(file);
      let shard: Shard;
      try {
        if (anew && !seen.has(partition)) await removeShard(file);
        else await snapshots?.restore(isOfLog);
        seen.add(partition);
        shard = await openShard({ file, owner, logId, logEnd, isOfLog, protocol, vault });
      } catch (error) {
        // On a cluster a file that nobody can read is in the way of the snapshot or the log that make it anew, when it is opened next.
        if (error instanceof ShardUnreadable && watchMs !== undefined) await setAside(file, 'unreadable');
        release();
        throw error;
      }
      // A shard that is refilled from the log says nothing before it has caught up: readers keep the last claim until then.
      // So does one that comes from elsewhere: whoever had it last has claimed more than a snapshot, or an old file here, has.
      const isShared = snapshots !== undefined || watchMs !== undefined;
      const sayFrom = isShared ? Math.max(shard.refillTo, logEnd) : shard.refillTo;
      const isBehind = shard.position.offset < sayFrom;
      const claimAt = isBehind ? sayFrom : 0;
      const keeping: Held = {
        shard,
        owner,
        snapshots,
        release,
        claimAt,
        unclaimed: 0,
        next: undefined,
        turn: Promise.resolve(),
      };
      try {
        if (!isBehind) await inTurn(keeping, () => claim(partition, keeping));
      } catch (error) {
        // Nobody takes back what was not taken on: the file would stay open beside whoever opens it next.
        await shard.close().finally(release);
        throw error;
      }
      if (held.size === 0) watch();
      held.set(partition, keeping);
      archive?.assigned(partition, shard.position.offset);
      return shard.position.offset;
    },

    async batch(partition, records) {
      const keeping = held.get(partition);
      if (keeping === undefined) throw new Error(`no shard is open for partition ${partition} of ${protocol.trial}`);
      await inTurn(keeping, () => take(partition, keeping, records));
    },

    async resumed(partition) {
      const keeping = held.get(partition);
      if (keeping === undefined) return;
      const { takenIn } = keeping.shard;
      const why = await contradiction(log, events.name, partition, takenIn);
      if (why === undefined) return;
      told.onContradicted?.({ trial, partition, offset: takenIn.offset, why });
      throw new ShardContradicted(`the shard of partition ${partition} of ${trial} holds what its log has not: ${why}`);
    },

    async revoked(partition) {
      const keeping = held.get(partition);
      held.delete(partition);
      if (held.size === 0) clearTimeout(looking);
      if (keeping !== undefined) {
        const { shard, snapshots } = keeping;
        await Promise.all([archive?.revoked(partition), snapshots?.stop()]);
        await inTurn(keeping, () => shard.close());
        await snapshots?.givenBack(shard.takenIn);
        keeping.release();
      }
      told.onGiven?.(trial, partition);
    },
  };
}
