import { createRequire } from 'node:module';
import type { LogPlace } from '@holdfast/log';
import type { ObjectsPlace } from '@holdfast/objects';
import type { NativeKafka } from '../../../infra/native/kafka.mjs';
import type { Line } from '../../../infra/native/toxiproxy.mjs';
import { networkForTests, ownKafkaForTests, ownS3ForTests } from '../../native-servers.ts';
import { type FailingS3, failingS3 } from './failing-s3.ts';

/** The servers that all runs share. */
export type Cluster = {
  readonly kafka: NativeKafka;
  /** One before each broker, for who comes by `kafka.ways[0]`. */
  readonly lines: readonly Line[];
  readonly s3: FailingS3;
  readonly log: LogPlace;
  readonly objects: ObjectsPlace;
  /** The broker that leads a partition. */
  leaderOf(topic: string, partition: number): Promise<number>;
  /** Messages of whoever else may write to a topic, with his own client and without a key. */
  sendForeign(topic: string, partition: number, values: readonly (Buffer | null)[]): Promise<void>;
  /** Deletes all topics: the next trial is the only one that there is. */
  wipe(): Promise<void>;
  stop(): Promise<void>;
};

/** What we use of KafkaJS, which is a dependency of the log's package only. */
type Client = {
  admin(): {
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    listTopics(): Promise<string[]>;
    deleteTopics(what: { topics: string[]; timeout: number }): Promise<void>;
    fetchTopicMetadata(what: {
      topics: string[];
    }): Promise<{ topics: { partitions: { partitionId: number; leader: number }[] }[] }>;
  };
  producer(): {
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    send(what: { topic: string; messages: { partition: number; key: null; value: Buffer | null }[] }): Promise<unknown>;
  };
};
const { Kafka, logLevel } = createRequire(new URL('../../../packages/log/package.json', import.meta.url))(
  'kafkajs',
) as {
  Kafka: new (options: object) => Client;
  logLevel: { NOTHING: number };
};

/** How a cluster of so many brokers is started; undefined where the programs are missing that it needs. */
export function faultyCluster(): ((nodes: number) => Promise<Cluster>) | undefined {
  const [startNetwork, startKafka, startS3] = [networkForTests(), ownKafkaForTests(), ownS3ForTests()];
  if (startNetwork === undefined || startKafka === undefined || startS3 === undefined) return undefined;
  return async (nodes) => {
    const [network, s3Server] = await Promise.all([startNetwork(), startS3()]);
    const lines: Line[] = [];
    const way = async (address: string, node: number) => {
      const line = await network.line(address);
      lines[node] = line;
      return line.address;
    };
    const [kafka, s3] = await Promise.all([startKafka(nodes, [way]), failingS3(s3Server.url)]);
    const { brokers } = kafka;
    const client = new Kafka({ brokers, clientId: 'somebody-else', logLevel: logLevel.NOTHING });
    const admin = client.admin();
    await admin.connect();
    return {
      kafka,
      lines,
      s3,
      log: { kind: 'kafka', clientId: 'holdfast-test', brokers },
      objects: { kind: 's3', url: s3Server.url, below: 'open' },
      async leaderOf(topic, partition) {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        return topics[0]?.partitions.find(({ partitionId }) => partitionId === partition)?.leader ?? 0;
      },
      async sendForeign(topic, partition, values) {
        const producer = client.producer();
        await producer.connect();
        await producer.send({ topic, messages: values.map((value) => ({ partition, key: null, value })) });
        await producer.disconnect();
      },
      async wipe() {
        const topics = (await admin.listTopics()).filter((topic) => !topic.startsWith('__'));
        if (topics.length > 0) await admin.deleteTopics({ topics, timeout: 20_000 });
        while ((await admin.listTopics()).some((topic) => !topic.startsWith('__')));
      },
      async stop() {
        await admin.disconnect();
        await Promise.all([kafka.stop(), s3.stop()]);
        await Promise.all([network.stop(), s3Server.stop()]);
      },
    };
  };
}
