// Apache Kafka in KRaft mode, as many nodes as asked for, each broker and controller in one.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cached, demand, run } from './cache.mjs';
import { freePorts, newDataFolder, startServer } from './server.mjs';

export const kafkaVersion = '4.3.1';

// The adapter's client, for the question whether the brokers are ready; it is a dependency of that package only.
const { Kafka, logLevel } = createRequire(new URL('../../packages/log/package.json', import.meta.url))('kafkajs');

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>holdfast</groupId>
  <artifactId>kafka-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${kafkaVersion}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${kafkaVersion}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

/** Any sixteen bytes in URL-safe base64: the nodes of a cluster must agree on it. */
const clusterId = 'SG9sZGZhc3QtbmF0aXZlLQ';

/** The folder of Kafka's jars. */
export function jars() {
  demand('java', 'Kafka', 'install Java 17 or newer (Debian: openjdk-17-jre-headless)');
  return cached(`kafka-${kafkaVersion}`, async (folder) => {
    demand('mvn', 'fetching Kafka', 'install Maven (Debian: maven)');
    writeFileSync(join(folder, 'pom.xml'), pom);
    const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
    await run('mvn', ['--batch-mode', '--quiet', copy, '-DincludeScope=runtime', '-DoutputDirectory=.'], {
      cwd: folder,
    });
  });
}

/** `ways`: further listeners, each with the address that it tells clients to come to. */
function properties({ id, voters, port, ways, controllerPort, data, nodes }) {
  const copies = Math.min(3, nodes);
  const own = `127.0.0.1:${port}`;
  const open = [{ name: 'PLAINTEXT', at: own, told: own }, ...ways];
  const plain = [...open.map(({ name }) => name), 'CONTROLLER'].map((name) => `${name}:PLAINTEXT`);
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': voters,
    'controller.listener.names': 'CONTROLLER',
    listeners: [...open.map(({ name, at }) => `${name}://${at}`), `CONTROLLER://127.0.0.1:${controllerPort}`],
    'advertised.listeners': open.map(({ name, told }) => `${name}://${told}`),
    'listener.security.protocol.map': plain,
    'log.dirs': data,
    'auto.create.topics.enable': false,
    'default.replication.factor': copies,
    'min.insync.replicas': Math.min(2, nodes),
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // A dead broker is noticed in three seconds instead of nine.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    // Its own memory is 128 MB otherwise; nothing here is compacted but Kafka's offsets.
    'log.cleaner.dedupe.buffer.size': 4 * 1024 * 1024,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** How a program of Kafka's is run: small, and saying only what goes wrong. */
export const java = (lib, main, ...args) => [
  ...['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', '-Djava.awt.headless=true'],
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', // so that what went wrong is not followed by how it all was shut down
  ...['-cp', join(lib, '*'), main, ...args],
];

/** How many brokers a client is told of that connects to some of them. */
export async function brokersSeen(access) {
  const quiet = { clientId: 'holdfast-native', retry: { retries: 0 }, logLevel: logLevel.NOTHING };
  const kafka = new Kafka({ ...access, ...quiet });
  const admin = kafka.admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length;
  } finally {
    await admin.disconnect();
  }
}

/**
 * Starts Kafka. `brokers` is what clients connect to; a node, by its number from 0, can be killed and started again with its data (which lie in its `folder`), or frozen and thawed;
 * `stop` ends all and removes their data. A broker tells clients where all brokers are, so whoever is to reach them by another way (a line
 * on which things go wrong) needs listeners that tell so: for each of `ways` there is one a broker.
 */
export async function startKafka({ nodes = 1, ways = [] } = {}) {
  const lib = await jars();
  const ports = await freePorts(nodes * (2 + ways.length));
  const portsOf = (n) => ports.slice(n * nodes, (n + 1) * nodes);
  const [clientPorts, controllerPorts] = [portsOf(0), portsOf(1)];
  const listeners = await Promise.all(
    ways.map((way, w) =>
      Promise.all(
        portsOf(2 + w).map(async (port, id) => {
          const at = `127.0.0.1:${port}`;
          return { name: `WAY${w}`, at, told: await way(at, id) };
        }),
      ),
    ),
  );
  const voters = controllerPorts.map((port, i) => `${i}@127.0.0.1:${port}`).join(',');
  const brokers = clientPorts.map((port) => `127.0.0.1:${port}`);
  const data = newDataFolder('kafka');
  function start(id) {
    return startServer({
      name: `Kafka node ${id}`,
      command: 'java',
      args: java(lib, 'kafka.Kafka', join(data, `${id}.properties`)),
      data,
      isReady: async () => (await brokersSeen({ brokers: [brokers[id]] })) === nodes,
      patienceMs: 180_000, // several of them on a machine that has other work
    });
  }

  const folderOf = (id) => join(data, `${id}`);
  const prepare = async (id) => {
    const [port, controllerPort] = [clientPorts[id], controllerPorts[id]];
    const folder = folderOf(id);
    mkdirSync(folder);
    const file = join(data, `${id}.properties`);
    const own = listeners.map((of) => of[id]);
    writeFileSync(file, properties({ id, voters, port, ways: own, controllerPort, data: folder, nodes }));
    await run('java', java(lib, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file));
  };
  await Promise.all(clientPorts.map((_, id) => prepare(id)));
  const running = await Promise.all(clientPorts.map((_, id) => start(id)));
  return {
    brokers,
    ways: listeners.map((of) => of.map(({ told }) => told)),
    folder: folderOf,
    kill: (id) => running[id].kill(),
    freeze: (id) => running[id].freeze(),
    thaw: (id) => running[id].thaw(),
    async restart(id) {
      running[id] = await start(id);
    },
    async stop() {
      await Promise.all(running.map((node) => node.stop()));
    },
  };
}
