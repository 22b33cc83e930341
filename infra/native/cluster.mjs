// `npm run cluster [-- --nodes 3] [--serve [--workers 2] [--key FILE]]`: Kafka, an S3 server and Redis on this machine, without Docker, until Ctrl-C; with
// `--serve` all services on them too, each a process of its own. Their endpoints go to standard output, one a line, ready for a shell or an
// env file; what they hold is gone when they stop.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startKafka } from './kafka.mjs';
import { redisProgram, startRedis } from './redis.mjs';
import { startS3 } from './s3.mjs';
import { newDataFolder } from './server.mjs';
import { startService } from './services.mjs';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1' },
    serve: { type: 'boolean', default: false },
    workers: { type: 'string', default: '2' },
    key: { type: 'string' },
    port: { type: 'string', default: '8080' },
  },
});
function refuse(why) {
  console.error(`cluster: ${why}`);
  process.exit(2);
}
const [nodes, workers, port] = [values.nodes, values.workers, values.port].map(Number);
if (![1, 3].includes(nodes)) refuse(`--nodes is 1 or 3, not '${values.nodes}'`);
if (!(workers >= 1 && workers <= 32)) refuse(`--workers is a number from 1 to 32, not '${values.workers}'`);
if (!(port >= 1 && port <= 65_535)) refuse(`--port is a number from 1 to 65535, not '${values.port}'`);

let stop = async () => undefined;
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    void stop().then(() => process.exit(0)); // what is only starting ends with us
  });

const started = Date.now();
const starts = [startKafka({ nodes }), startS3()];
if (redisProgram() === undefined)
  console.error('cluster: no Redis here (install redis-server or valkey); going on without');
else starts.push(startRedis());
const outcomes = await Promise.allSettled(starts);
const servers = outcomes.flatMap(({ value }) => value ?? []);
stop = () => Promise.all(servers.map((server) => server.stop()));

const failed = outcomes.find(({ status }) => status === 'rejected');
if (failed) {
  await stop();
  console.error(`cluster: ${failed.reason.message}`);
  process.exit(1);
}
const [kafka, s3, redis] = servers;
const settings = {
  HOLDFAST_KAFKA: kafka.brokers.join(','),
  HOLDFAST_S3: s3.url,
  ...(redis && { HOLDFAST_REDIS: redis.url }),
};
const seconds = () => ((Date.now() - started) / 1000).toFixed(1);
const services = [];
if (values.serve) {
  const logs = newDataFolder('logs');
  const start = async (service, name = service, more = {}) => {
    const log = join(logs, `${name}.log`);
    const own = values.key === undefined ? settings : { ...settings, HOLDFAST_KEY: resolve(values.key) };
    const running = await startService(service, ['aggregate', 'report'].includes(service) ? own : settings, {
      ...more,
      log,
    });
    services.push({ ...running, name, log });
  };
  const stopServers = stop;
  let isStopping = false;
  stop = async () => {
    isStopping = true;
    await Promise.all(services.map((service) => service.stop()));
    await stopServers();
  };
  try {
    await Promise.all([
      start('ingest', 'ingest', { port }),
      start('clock'),
      ...(redis ? [start('report')] : []),
      ...Array.from({ length: workers }, (_, n) => start('aggregate', `aggregate-${n + 1}`)),
    ]);
  } catch (error) {
    await stop();
    console.error(`cluster: ${error.message}`);
    process.exit(1);
  }
  for (const { name, ended, log } of services)
    void ended.then((said) => isStopping || console.error(`cluster: ${name} has ended; its log was ${log}\n${said}`));
}
for (const [name, value] of Object.entries(settings)) console.log(`${name}=${value}`);
const door = services.find(({ service }) => service === 'ingest');
if (door) console.log(`HOLDFAST_URL=${door.url}`);
for (const { name, url, log } of services)
  console.error(`cluster: ${name} on ${url} (readyz, metrics), logs to ${log}`);
console.error(`cluster: ready in ${seconds()} s; Ctrl-C stops it and removes what it holds`);
