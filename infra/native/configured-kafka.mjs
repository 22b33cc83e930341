// A broker of Kafka as a container of its image would be one: set up from the environment by the program that the image runs first.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './cache.mjs';
import { brokersSeen, jars, java } from './kafka.mjs';
import { newDataFolder, startServer } from './server.mjs';

/**
 * Starts a broker with the variables that a container is given (`KAFKA_…`, `CLUSTER_ID`); `access` is how a client of Kafka that may do everything
 * finds it and logs in. `tools` is a folder with the commands of Kafka that scripts call.
 */
export async function startConfiguredKafka(variables, access) {
  const lib = await jars();
  const data = newDataFolder('kafka-configured');
  const [defaults, mounted, final, tools] = ['defaults', 'mounted', 'config', 'tools'].map((name) => join(data, name));
  for (const folder of [defaults, mounted, final, tools]) mkdirSync(folder);
  // The image has files of its own for what is logged.
  for (const name of ['log4j2.yaml', 'tools-log4j2.yaml'])
    writeFileSync(join(defaults, name), 'Configuration:\n  Loggers:\n    Root:\n      level: WARN\n');
  const env = { ...process.env, ...variables, KAFKA_LOG_DIRS: join(data, 'log') };
  const folders = ['--default-configs-dir', defaults, '--mounted-configs-dir', mounted, '--final-configs-dir', final];
  await run('java', java(lib, 'kafka.docker.KafkaDockerWrapper', 'setup', ...folders), { env });
  const words = java(lib, 'org.apache.kafka.tools.AclCommand').map((word) => `'${word}'`);
  writeFileSync(join(tools, 'kafka-acls.sh'), `#!/bin/sh\nexec java ${words.join(' ')} "$@"\n`, { mode: 0o755 });
  const server = await startServer({
    name: 'Kafka as it is configured',
    command: 'java',
    args: java(lib, 'kafka.Kafka', join(final, 'server.properties')),
    data,
    isReady: async () => (await brokersSeen(access)) === 1,
  });
  return { tools, stop: server.stop };
}
