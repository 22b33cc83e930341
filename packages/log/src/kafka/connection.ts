import { NoSuchTopic } from '../log-errors.ts';
import { kafkaErrorType } from './kafka-errors.ts';
import { type Broker, type ClusterOptions, type Metadata, newCluster } from './kafkajs-parts.ts';

/** Connections to the brokers of a cluster, and who leads what. Every method may throw what KafkaJS throws: callers try again. */
export type Connection = {
  /** Any broker. */
  anyBroker(): Promise<Broker>;
  /** What the cluster says of topics (of none in particular: of all); `NoSuchTopic` if one of them does not exist. */
  metadata(topics: readonly string[]): Promise<Metadata>;
  /** The numbers of the brokers that lead a topic's partitions, as far as is known; `nobody` or nothing for one without a leader. */
  leaders(topic: string): Promise<ReadonlyMap<number, number>>;
  /** A broker by its number. */
  broker(nodeId: number, topic: string): Promise<Broker>;
  /** The leaders of partitions, each with those that it leads: all of them or none. */
  byLeader(topic: string, partitions: readonly number[]): Promise<ReadonlyMap<Broker, readonly number[]>>;
  /** The broker that coordinates a group on a topic. */
  coordinator(groupId: string, topic: string): Promise<Broker>;
  /** Leaders may have changed. */
  forget(topic: string): void;
  /** How many connections were made so far. While it stays, a broker that answers is the process that answered before. */
  made(): number;
  close(): Promise<void>;
};

/** A broker that we do not know, or that is not where we know it: it may have come back under another address. */
const isElsewhere = new Set(['KafkaJSBrokerNotFound', 'KafkaJSConnectionError']);

/** The number of no broker. */
export const nobody = -1;

export function connect(options: ClusterOptions): Connection {
  const cluster = newCluster(options);
  const pool = cluster.brokerPool;
  const leaders = new Map<string, ReadonlyMap<number, number>>();
  const doubted = new Set<string>(); // topics whose leaders may have changed

  async function metadata(topics: readonly string[]): Promise<Metadata> {
    try {
      return await (await pool.findConnectedBroker()).metadata(topics);
    } catch (error) {
      if (kafkaErrorType(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
      throw new NoSuchTopic(`there is no topic ${topics.join(', ')} on Kafka: check the name, or create it first`, {
        cause: error,
      });
    }
  }

  async function leadersOf(topic: string): Promise<ReadonlyMap<number, number>> {
    const known = leaders.get(topic);
    if (known && !doubted.has(topic)) return known;
    try {
      const { topicMetadata } = await metadata([topic]);
      const partitions = topicMetadata.find((one) => one.topic === topic)?.partitionMetadata ?? [];
      const found = new Map(partitions.map(({ partitionId, leader }) => [partitionId, leader]));
      leaders.set(topic, found);
      doubted.delete(topic);
      return found;
    } catch (error) {
      // While one partition has no leader KafkaJS tells of none: those of the others are where they were, as far as anybody knows.
      if (known && kafkaErrorType(error) === 'LEADER_NOT_AVAILABLE') return known;
      throw error;
    }
  }

  async function brokerNumbered(nodeId: number, topic: string): Promise<Broker> {
    try {
      return await pool.findBroker({ nodeId });
    } catch (error) {
      if (!(error instanceof Error) || !isElsewhere.has(error.name)) throw error;
      await pool.refreshMetadata([topic]); // which tells of all brokers, and where they are now
      return pool.findBroker({ nodeId });
    }
  }

  const forget = (topic: string) => void doubted.add(topic);

  return {
    anyBroker: () => pool.findConnectedBroker(),
    metadata,
    leaders: leadersOf,
    broker: brokerNumbered,
    async byLeader(topic, partitions) {
      const of = await leadersOf(topic);
      const found = new Map<Broker, number[]>();
      for (const partition of partitions) {
        const leader = of.get(partition);
        if (leader === undefined) throw new Error(`Kafka names no leader of partition ${partition} of topic ${topic}`);
        const broker = await brokerNumbered(leader, topic).catch((error: unknown) => {
          forget(topic); // whoever cannot be reached may lead no more
          throw error;
        });
        found.set(broker, [...(found.get(broker) ?? []), partition]);
      }
      return found;
    },
    async coordinator(groupId, topic) {
      const { coordinator } = await (await pool.findConnectedBroker()).findGroupCoordinator({
        groupId,
        coordinatorType: 0,
      });
      return brokerNumbered(coordinator.nodeId, topic);
    },
    forget,
    made: () => cluster.made(),
    close: () => cluster.disconnect(),
  };
}
