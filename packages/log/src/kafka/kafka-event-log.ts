import { defaultBatch, type EventLog } from '../event-log.ts';
import { checkBounds, checkGroup, checkOffset, checkPartition } from '../limits.ts';
import { untilClosed } from '../until-closed.ts';
import { appendTo } from './appender.ts';
import { connect } from './connection.ts';
import { isPassingForNew, kafkaErrorType, persist } from './kafka-errors.ts';
import type { ClusterOptions } from './kafkajs-parts.ts';
import { joinGroup } from './membership.ts';
import { endsOf, readFrom } from './reader.ts';
import { topicsOn } from './topics.ts';

export type KafkaLogOptions = Pick<ClusterOptions, 'brokers' | 'clientId' | 'ssl' | 'sasl'> & {
  /** Copies of each topic that is made (3; 1 on a single broker): an append is acknowledged by all but one of them at least. */
  readonly replication?: number | undefined;
  /** How long to try while brokers do not answer or leaders move (30,000 ms). */
  readonly patienceMs?: number;
};

/**
 * A log on a Kafka cluster, for as many processes on as many machines as there are partitions. Beyond the port's promises: an append is
 * acknowledged only when all replicas in sync have it, and no acknowledged record is lost when a broker dies (of three copies).
 */
export function kafkaEventLog(options: KafkaLogOptions): EventLog {
  const { brokers, clientId, ssl, sasl, replication, patienceMs = 30_000 } = options;
  // A broker that is silent so long is left: within patience another can still be asked.
  const requestTimeout = Math.min(15_000, patienceMs / 2);
  // A copy: KafkaJS writes a function into it, and then what says where the log is could be told to no thread.
  const client = { brokers, clientId, requestTimeout, ...(ssl && { ssl }), ...(sasl && { sasl: { ...sasl } }) };
  const connection = connect(client);
  const topics = topicsOn(connection, { replication, isSingle: brokers.length === 1 }, patienceMs);
  const leaves = new Set<() => Promise<void>>();
  const { use, refuseIfClosing, close } = untilClosed(`on Kafka (${brokers})`, {
    leaveGroups: () => Promise.all([...leaves].map((leave) => leave())),
    release: () => connection.close(),
  });

  /** Kafka's name of a group: of a topic, so that what may be done with a trial's topics and its groups can be granted by one prefix. */
  const groupIdOf = (group: string, topic: string) => `${topic}:${group}`;

  return {
    createTopic: (spec) =>
      use(async () => {
        const topic = await topics.make(spec);
        // Until every partition answers, an append to many would be refused by some and repeated to all.
        await endsOf(connection, topic, patienceMs, isPassingForNew);
      }),
    topics: () => use(() => topics.all()),
    removeTopic: (name) => use(() => topics.remove(name)),
    topicId: (name) => use(async () => (await topics.look(name)).id),
    append: (name, records) => use(async () => appendTo(connection, await topics.named(name), records, patienceMs)),
    ends: (name) => use(async () => endsOf(connection, await topics.named(name), patienceMs)),
    read: (name, partition, from, most) =>
      use(async () => {
        const topic = await topics.named(name);
        checkPartition(topic, partition);
        checkOffset(topic, partition, from);
        checkBounds(most);
        return readFrom(connection, topic, partition, from, most, patienceMs);
      }),
    join: (group, name, member, most) =>
      use(async () => {
        refuseIfClosing();
        const bounds = { ...defaultBatch, ...most };
        checkGroup(group);
        checkBounds(bounds);
        const topic = await topics.named(name);
        // Connections of its own: a broker answers one after the other, and it may be long before a group has come to terms.
        const membership = await joinGroup(connect(client), groupIdOf(group, name), topic, member, bounds, patienceMs);
        const leave = async () => {
          await membership.leave();
          leaves.delete(leave);
        };
        leaves.add(leave);
        return { failed: membership.failed, leave };
      }),
    isJoined: (group, name) =>
      use(async () => {
        const groupId = groupIdOf(group, (await topics.named(name)).name);
        return persist(`ask about group ${groupId}`, patienceMs, async () => {
          try {
            const { groups } = await (await connection.coordinator(groupId, name)).describeGroups({
              groupIds: [groupId],
            });
            return groups.some(({ members }) => members.length > 0);
          } catch (error) {
            if (kafkaErrorType(error) === 'GROUP_ID_NOT_FOUND') return false;
            throw error;
          }
        });
      }),
    close,
  };
}
