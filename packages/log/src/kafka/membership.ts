import { setTimeout as pause } from 'node:timers/promises';
import type { BatchBounds, GroupMember, Membership } from '../event-log.ts';
import { type PartitionRun, startRun } from '../partition-run.ts';
import { assign, assignedIn, metadataOf, protocol } from './assignment.ts';
import type { Connection } from './connection.ts';
import { feedOf } from './feed.ts';
import { asLogError, isPassing, kafkaErrorType } from './kafka-errors.ts';
import type { Broker } from './kafkajs-parts.ts';
import type { Topic } from './topics.ts';

/** After so long without a heartbeat, others get a member's partitions. */
const sessionMs = 10_000;
/** How soon a member hears that others come or go. */
const heartbeatMs = 300;

/** The group has gone on without us. */
const expelled = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);

/**
 * A member of a consumer group, in Kafka's own protocol for groups. Its heart beats beside its batches, so that a slow batch costs no
 * membership; when partitions move, it gives back those that it loses and keeps working on the others.
 *
 * Who has a partition, in which state:
 * - not in `runs`: not we. Others have it or nobody, also when the group has just told us to take it.
 * - in `runs`, not `stopping`: we, from `assigned` on, and every join says so, whatever the group has told us since.
 * - in `runs` and `stopping`: still we, until the batch in flight and `revoked` are over. Joins still say so; so it goes to no other yet.
 * - given back: out of both, the next join says that we do not have it, and that is what lets the group give it to another.
 * The one exception is time: after a session without an answer (`isGivenUp`) the group gives all of it away unasked. So everything is
 * given back then, and answers that are older begin nothing. It is counted by a clock that nobody sets: a date may leap.
 */
export async function joinGroup(
  connection: Connection,
  groupId: string,
  topic: Topic,
  member: GroupMember,
  most: BatchBounds,
  patienceMs: number,
): Promise<Membership> {
  const feed = feedOf(connection, topic, most, patienceMs, async (partition) => member.resumed?.(partition));
  const runs = new Map<number, PartitionRun>(); // until the partition is given back entirely
  const stopping = new Map<number, Promise<void>>();
  let memberId = '';
  let generationId = -1;
  let coordinator: Broker | undefined;
  let lastAnswer = performance.now();
  let rejoins = false; // something was given back: others may have it
  let wake = new AbortController();
  let leaving: Promise<void> | undefined;
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = (error) => {
      reject(error);
      void leave();
    };
  });
  failed.catch(() => undefined); // nobody has to look
  let admit: () => void = () => undefined;
  const admitted = new Promise<void>((resolve) => {
    admit = resolve;
  });

  const isGivenUp = () => performance.now() - lastAnswer > sessionMs;

  function start(partition: number): void {
    const next = (from: number, stop: AbortSignal) => feed.next(partition, from, stop);
    runs.set(partition, startRun({ topic, partition, member, next, onError: fail }));
  }

  function giveBack(partition: number): Promise<void> {
    const run = runs.get(partition);
    const given =
      stopping.get(partition) ??
      (run ? run.stop() : Promise.resolve()).then(() => {
        feed.drop(partition);
        runs.delete(partition);
        stopping.delete(partition);
        rejoins = true;
        wake.abort();
      });
    stopping.set(partition, given);
    return given;
  }

  async function giveAllBack(): Promise<void> {
    await Promise.all([...runs.keys()].map(giveBack));
  }

  /**
   * One round of sharing: joins with what we have, and goes by what the group's leader says. An answer that was so long under way that
   * the group may have given us up since tells of partitions that others may have by now: nothing is begun on it.
   */
  async function share(): Promise<void> {
    coordinator ??= await connection.coordinator(groupId, topic.name);
    rejoins = false;
    const joined = await coordinator.joinGroup({
      groupId,
      memberId,
      sessionTimeout: sessionMs,
      rebalanceTimeout: sessionMs,
      groupProtocols: [{ name: protocol, metadata: metadataOf(topic.name, runs.keys()) }],
    });
    ({ memberId, generationId } = joined);
    const asked = performance.now();
    const { memberAssignment } = await coordinator.syncGroup({
      groupId,
      generationId,
      memberId,
      groupAssignment: joined.leaderId === memberId ? assign(topic.name, topic.partitions, joined.members) : [],
    });
    lastAnswer = asked; // from then on the group counts
    if (isGivenUp()) {
      rejoins = true;
      return;
    }
    const assigned = assignedIn(topic.name, memberAssignment);
    for (const partition of runs.keys()) if (!assigned.includes(partition)) void giveBack(partition);
    if (!leaving) for (const partition of assigned) if (!runs.has(partition)) start(partition);
    admit();
  }

  /** Beats until sharing anew is due; throws REBALANCE_IN_PROGRESS when others want it. */
  async function beat(): Promise<void> {
    while (!leaving && !rejoins && coordinator) {
      wake = new AbortController();
      await pause(heartbeatMs, undefined, { signal: wake.signal }).catch(() => undefined);
      if (leaving || rejoins) return;
      const asked = performance.now();
      await coordinator.heartbeat({ groupId, groupGenerationId: generationId, memberId });
      lastAnswer = asked;
    }
  }

  /** A request may wait for its answer longer than the group waits for us: by then others have what was ours. */
  const watch = setInterval(() => {
    if (isGivenUp()) void giveAllBack();
  }, heartbeatMs);

  async function live(): Promise<void> {
    while (!leaving) {
      try {
        await share();
        await beat();
      } catch (error) {
        const type = kafkaErrorType(error) ?? '';
        if (type === 'REBALANCE_IN_PROGRESS') continue;
        if (expelled.has(type)) {
          if (type === 'UNKNOWN_MEMBER_ID') memberId = '';
          await giveAllBack();
          continue;
        }
        if (!isPassing(error) || performance.now() - lastAnswer > patienceMs)
          throw asLogError(`stay in group ${groupId}`, error);
        coordinator = undefined;
        await pause(100);
      }
    }
  }

  async function leaveAll(): Promise<void> {
    wake.abort();
    clearInterval(watch);
    await giveAllBack();
    await living; // a round under way may still have given us something
    await giveAllBack();
    if (memberId !== '') await coordinator?.leaveGroup({ groupId, memberId }).catch(() => undefined); // else the group notices
    await feed.close();
    await connection.close();
  }

  function leave(): Promise<void> {
    leaving ??= Promise.resolve().then(leaveAll);
    return leaving;
  }

  const living = live().catch(fail);
  await Promise.race([admitted, failed]);
  return { failed, leave };
}
