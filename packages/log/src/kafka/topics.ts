import { randomBytes } from 'node:crypto';
import type { TopicSpec } from '../event-log.ts';
import { checkTopic } from '../limits.ts';
import { LogUnavailable, NoSuchTopic, TopicMismatch } from '../log-errors.ts';
import type { Connection } from './connection.ts';
import { isPassingForNew, kafkaErrorType, persist } from './kafka-errors.ts';

/** A topic of ours, and what tells it from any other, also from one of the same name before or after it. */
export type Topic = TopicSpec & { readonly id: string };

export type Topics = {
  make(spec: TopicSpec): Promise<Topic>;
  remove(name: string): Promise<void>;
  all(): Promise<readonly TopicSpec[]>;
  /** What is known of a topic; asked once. */
  named(name: string): Promise<Topic>;
  /** The same, asked anew. */
  look(name: string): Promise<Topic>;
};

/**
 * Where a topic carries its identity and access. KafkaJS cannot ask for the id that Kafka gives a topic, and any other topic or file
 * that we kept it in could disagree with the topic. A setting comes and goes with the topic itself, in one step; this one says how long
 * compaction keeps its marks, and our topics are never compacted. Ours is a random number larger than any that is meant for a time;
 * its last bit says whether the topic is closed.
 */
const identity = 'delete.retention.ms';
const ours = 1n << 62n;

const topicResource = 2;

function newIdentity(access: TopicSpec['access']): string {
  const dice = BigInt(`0x${randomBytes(7).toString('hex')}`);
  return String(ours + (dice << 1n) + (access === 'closed' ? 1n : 0n));
}

/** Settings that lose nothing: no record is ever deleted or compacted, and no leader is chosen that lacks some. */
const settings = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'unclean.leader.election.enable': 'false',
};

/** How many copies there are to be; unsaid, and where a single broker is known to us: whether it is all that there is decides. */
type Copies = { readonly replication: number | undefined; readonly isSingle: boolean };

export function topicsOn(connection: Connection, { replication, isSingle }: Copies, patienceMs: number): Topics {
  /** Of several brokers all but one may be dead just now: that one is alone must be said by who names them, too. */
  async function copies(): Promise<number> {
    if (replication !== undefined || !isSingle) return replication ?? 3;
    return (await connection.metadata([])).brokers.length === 1 ? 1 : 3;
  }

  const known = new Map<string, Topic>(); // what a topic is never changes

  /** Those of the named topics that are ours. */
  async function describe(names: readonly string[]): Promise<readonly Topic[]> {
    const { clusterId, topicMetadata } = await connection.metadata(names);
    const configNames = [identity, ...Object.keys(settings)];
    const resources = topicMetadata.map(({ topic }) => ({ type: topicResource, name: topic, configNames }));
    const answer =
      resources.length > 0 ? (await (await connection.anyBroker()).describeConfigs({ resources })).resources : [];
    return topicMetadata.flatMap(({ topic: name, partitionMetadata }) => {
      const entries = answer.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
      const values = new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
      const id = BigInt(values.get(identity) ?? 0);
      if (id < ours) return [];
      // Whoever asks for all of them uses none yet: one trial's topic is no trouble of the others.
      for (const [setting, value] of Object.entries(names.length === 0 ? {} : settings))
        if (values.get(setting) !== value)
          throw new LogUnavailable(
            `topic ${name} on Kafka has ${setting}=${values.get(setting)}, with which records get lost: set it to ${value}`,
          );
      const access = id % 2n === 1n ? 'closed' : 'open';
      return [{ name, partitions: partitionMetadata.length, access, id: `${clusterId}/${id}` }];
    });
  }

  const describeSurely = (names: readonly string[], mayPass?: (error: unknown) => boolean) =>
    persist('describe topics', patienceMs, () => describe(names), mayPass);

  async function look(name: string): Promise<Topic> {
    const [topic] = await describeSurely([name]);
    if (!topic) throw new NoSuchTopic(`topic ${name} on Kafka was not made by Holdfast: use another name`);
    known.set(name, topic);
    return topic;
  }

  async function lookForNew(name: string): Promise<Topic> {
    const [topic] = await describeSurely([name], isPassingForNew);
    if (!topic)
      throw new TopicMismatch(`topic ${name} exists on Kafka, but Holdfast did not make it: use another name`);
    known.set(name, topic);
    return topic;
  }

  function asSpecified(found: Topic, { name, partitions, access }: TopicSpec): Topic {
    if (found.partitions === partitions && found.access === access) return found;
    throw new TopicMismatch(
      `topic ${name} exists with ${found.partitions} partitions and access '${found.access}', not with ${partitions} and '${access}': ` +
        'that cannot be changed; use it as it is, or rewrite it into a topic of another name',
    );
  }

  return {
    async make(spec) {
      checkTopic(spec);
      const found = known.get(spec.name);
      if (found) return asSpecified(found, spec);
      const replicationFactor = await persist('count brokers', patienceMs, copies);
      const topic = {
        topic: spec.name,
        numPartitions: spec.partitions,
        replicationFactor,
        configEntries: Object.entries({
          ...settings,
          [identity]: newIdentity(spec.access),
          // Brokers refuse what is stamped an hour ahead of them, and a client's clock may be wrong.
          'message.timestamp.type': 'LogAppendTime',
          // An append is acknowledged by so many: with three copies one broker may be away.
          'min.insync.replicas': String(Math.max(1, replicationFactor - 1)),
        }).map(([name, value]) => ({ name, value })),
      };
      await persist(`make topic ${spec.name}`, patienceMs, async () => {
        try {
          await (await connection.anyBroker()).createTopics({ topics: [topic], timeout: 5_000 });
        } catch (error) {
          if (kafkaErrorType(error) !== 'TOPIC_ALREADY_EXISTS') throw error;
        }
      });
      return asSpecified(await lookForNew(spec.name), spec);
    },
    async remove(name) {
      known.delete(name);
      const isThere = async () => (await connection.metadata([])).topicMetadata.some(({ topic }) => topic === name);
      await persist(`remove topic ${name}`, patienceMs, async () => {
        if (!(await isThere())) return;
        try {
          await (await connection.anyBroker()).deleteTopics({ topics: [name], timeout: 5_000 });
        } catch (error) {
          if (kafkaErrorType(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
        }
        if (await isThere()) throw new Error(`topic ${name} is being removed`);
      });
      connection.forget(name);
    },
    async all() {
      const topics = await describeSurely([]);
      return topics
        .map(({ name, partitions, access }) => ({ name, partitions, access }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    named: async (name) => known.get(name) ?? look(name),
    look,
  };
}
