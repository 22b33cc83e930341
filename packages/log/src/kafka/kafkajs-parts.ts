/**
 * The parts of KafkaJS that we use, and all that is known of its insides: its cluster (connections, metadata) and the requests of a
 * broker. They lie below its producer, which reports success for messages that it never sent when a leader dies, and below its consumer,
 * which hands partitions on before a member has given them back. The version is pinned and its last release is from 2023.
 */
import type { Socket } from 'node:net';
import kafkajs, { type SASLOptions } from 'kafkajs';
// @ts-expect-error: KafkaJS has no types for what lies below its surface
import UntypedCluster from 'kafkajs/src/cluster/index.js';
// @ts-expect-error
import { createLogger } from 'kafkajs/src/loggers/index.js';
// @ts-expect-error
import createSocketFactory from 'kafkajs/src/network/socketFactory.js';
// @ts-expect-error
import Decoder from 'kafkajs/src/protocol/decoder.js';
// @ts-expect-error
import decodeMessages from 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js';
// @ts-expect-error
import sharedPromiseTo from 'kafkajs/src/utils/sharedPromiseTo.js';
import { type ReadBatches, readBatches } from './record-batches.ts';

export type { SASLOptions };

export type Message = { readonly key: Buffer | null; readonly value: Buffer | null };

/** What a broker's answer holds of a partition, and where the log ended there. */
export type Fetched = ReadBatches & { readonly partition: number; readonly end: number };

export type Metadata = {
  readonly clusterId: string;
  readonly brokers: readonly { readonly nodeId: number }[];
  readonly controllerId: number;
  readonly topicMetadata: readonly {
    readonly topic: string;
    readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[];
  }[];
};

type OfTopic<Partition> = { readonly topic: string; readonly partitions: readonly Partition[] };

export interface Broker {
  metadata(topics: readonly string[]): Promise<Metadata>;
  createTopics(request: {
    topics: readonly {
      topic: string;
      numPartitions: number;
      replicationFactor: number;
      configEntries: readonly { name: string; value: string }[];
    }[];
    timeout: number;
  }): Promise<unknown>;
  deleteTopics(request: { topics: readonly string[]; timeout: number }): Promise<unknown>;
  describeConfigs(request: {
    resources: readonly { type: number; name: string; configNames: readonly string[] }[];
  }): Promise<{
    readonly resources: readonly {
      readonly resourceName: string;
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[];
    }[];
  }>;
  produce(request: {
    topicData: readonly OfTopic<{ partition: number; messages: readonly Message[] }>[];
    acks: number;
    timeout: number;
    compression: number;
  }): Promise<{
    readonly topics: readonly { readonly partitions: readonly { partition: number; baseOffset: string }[] }[];
  }>;
  fetch(request: {
    topics: readonly OfTopic<{ partition: number; fetchOffset: string; maxBytes: number }>[];
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    isolationLevel: number;
  }): Promise<{
    readonly responses: readonly { readonly partitions: readonly Fetched[] }[];
  }>;
  listOffsets(request: { topics: readonly OfTopic<{ partition: number; timestamp: number }>[] }): Promise<{
    readonly responses: readonly OfTopic<{ partition: number; offset: string }>[];
  }>;
  findGroupCoordinator(request: { groupId: string; coordinatorType: number }): Promise<{
    readonly coordinator: { readonly nodeId: number };
  }>;
  joinGroup(request: {
    groupId: string;
    memberId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    groupProtocols: readonly { name: string; metadata: Buffer }[];
  }): Promise<{
    readonly generationId: number;
    readonly leaderId: string;
    readonly memberId: string;
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
  }>;
  syncGroup(request: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[];
  }): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  describeGroups(request: { groupIds: readonly string[] }): Promise<{
    readonly groups: readonly { readonly members: readonly unknown[] }[];
  }>;
}

export interface Cluster {
  disconnect(): Promise<void>;
  /** How many connections were made so far, to whichever broker. */
  made(): number;
  readonly brokerPool: {
    /** Learns the brokers, by asking about topics. */
    refreshMetadata(topics: readonly string[]): Promise<void>;
    findConnectedBroker(): Promise<Broker>;
    findBroker(request: { nodeId: number }): Promise<Broker>;
  };
}

export type ClusterOptions = {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: boolean | import('node:tls').ConnectionOptions;
  readonly sasl?: SASLOptions;
  readonly requestTimeout: number;
};

/** A cluster that tries everything once and logs nothing: trying again and telling is ours. */
export function newCluster(options: ClusterOptions): Cluster {
  const logger = createLogger({ level: 0, logCreator: () => () => undefined });
  const openSocket = createSocketFactory();
  const cluster = new UntypedCluster({
    ...options,
    logger,
    // Each request that fails disconnects, and KafkaJS listens anew each time: when a broker dies it is many at once.
    socketFactory: (destination: unknown) => openSocket(destination).setMaxListeners(0),
    connectionTimeout: Math.min(5_000, options.requestTimeout), // also for its first answer
    authenticationTimeout: 10_000,
    reauthenticationThreshold: 10_000,
    enforceRequestTimeout: true,
    metadataMaxAge: 300_000,
    allowAutoTopicCreation: false,
    retry: { retries: 0 },
  });
  let made = 0;
  const builder = cluster.connectionPoolBuilder;
  const build = builder.build;
  builder.build = async (destination: unknown) => {
    const connections = await build(destination);
    for (const connection of connections.pool) {
      const [connect, send] = [connection.connect.bind(connection), connection.send.bind(connection)];
      // KafkaJS opens a socket for every request that finds none open, and loses all but the last: here the others wait for the first.
      connection.connect = sharedPromiseTo(async () => {
        // KafkaJS takes what a broken connection left half received for the beginning of what the next one receives.
        if (!connection.isConnected()) Object.assign(connection, { chunks: [], bytesBuffered: 0, bytesNeeded: 4 });
        const isConnected = await connect();
        made += 1;
        return isConnected;
      });
      // KafkaJS keeps using a broker that accepts requests and answers none. Here its silence is a broken connection, as its death would be.
      connection.send = async (request: Request) => {
        try {
          return await send(request.request.apiName === 'Fetch' ? withOurDecoder(request) : request);
        } catch (error) {
          if (!(error instanceof Error) || error.name !== 'KafkaJSRequestTimeoutError') throw error;
          const broken = new kafkajs.KafkaJSConnectionError(error, { broker: connection.broker });
          for (const one of connections.pool) await cut(one, broken);
          throw broken;
        }
      };
    }
    return connections;
  };
  return Object.assign(cluster, { made: () => made });
}

type Request = {
  readonly request: { readonly apiName: string; readonly apiVersion: number };
  readonly response: {
    decode(payload: Buffer): Promise<{ readonly responses: readonly OfTopic<FetchedMessages>[] }>;
    parse(decoded: unknown): Promise<unknown>;
  };
};

type FetchedMessage = Message & { readonly offset: string; readonly isControlRecord?: boolean };

type FetchedMessages = {
  readonly partition: number;
  readonly highWatermark: string;
  readonly messages: readonly FetchedMessage[];
};

/** What we read of the records of a partition as KafkaJS decodes them. */
function readMessages(partition: number, messages: readonly FetchedMessage[]): ReadBatches {
  const records = messages
    .filter((message) => !message.isControlRecord)
    .map(({ offset, key, value }) => ({
      partition,
      offset: Number(offset),
      key: key?.toString() ?? '',
      value: value ?? new Uint8Array(),
    }));
  return { records, next: Number(messages.at(-1)?.offset ?? -1) + 1 };
}

/** The version of fetches that brokers have spoken since 2.3 (of 2019), and the last that KafkaJS speaks. */
const fetchVersion = 11;

/** Whatever of an answer our decoder does not know is left to that of KafkaJS. */
function withOurDecoder(fetch: Request): unknown {
  const { request, response } = fetch;
  async function decodeAsKafkaJS(payload: Buffer): Promise<unknown> {
    const answer = await response.decode(payload);
    const fetchedOf = ({ partition, highWatermark, messages }: FetchedMessages): Fetched => ({
      partition,
      end: Number(highWatermark),
      ...readMessages(partition, messages),
    });
    const responses = answer.responses.map((of) => ({ ...of, partitions: of.partitions.map(fetchedOf) }));
    return { ...answer, responses };
  }
  const decode = request.apiVersion === fetchVersion ? decodeFetch : decodeAsKafkaJS;
  return { ...fetch, response: { decode, parse: response.parse } };
}

type FetchAnswer = {
  readonly throttleTime: number;
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly sessionId: number;
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly (Fetched & { readonly errorCode: number })[];
  }[];
};

/** An answer of that version, as KafkaJS decodes it, but for what nobody asks for. */
export async function decodeFetch(payload: Buffer): Promise<FetchAnswer> {
  const decoder = new Decoder(payload);
  const [clientSideThrottleTime, errorCode, sessionId] = [
    decoder.readInt32(),
    decoder.readInt16(),
    decoder.readInt32(),
  ];
  const responses = await decoder.readArrayAsync(async () => ({
    topicName: decoder.readString(),
    partitions: await decoder.readArrayAsync(async () => {
      const [partition, errorCode] = [decoder.readInt32(), decoder.readInt16()];
      const end = Number(decoder.readInt64());
      decoder.forward(2 * 8); // where transactions are over, and where the log begins
      decoder.readArray(() => decoder.forward(2 * 8)); // transactions, of which we use none
      decoder.forward(4); // a replica to read from
      const sized = payload.subarray(decoder.offset);
      const bytes = decoder.readBytes() ?? Buffer.alloc(0);
      const read =
        (await readBatches(partition, bytes)) ?? readMessages(partition, await decodeMessages(new Decoder(sized)));
      return { partition, errorCode, end, ...read };
    }),
  }));
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
}

/** Ends a connection without waiting for what is under way, nor for the other end. */
async function cut(
  connection: { socket?: Socket; rejectRequests(error: Error): void; disconnect(): Promise<unknown> },
  error: Error,
): Promise<void> {
  const { socket } = connection;
  connection.rejectRequests(error);
  await connection.disconnect();
  socket?.destroy();
}
