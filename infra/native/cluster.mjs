// `npm run cluster [-- --nodes 3]`: Kafka, an S3 server and Redis on this machine, without Docker, until Ctrl-C. Their endpoints go to standard output, one
// a line, ready for a shell or an env file; what they hold is gone when they stop.
import { parseArgs } from 'node:util';
import { startKafka } from './kafka.mjs';
import { redisProgram, startRedis } from './redis.mjs';
import { startS3 } from './s3.mjs';

const { values } = parseArgs({ options: { nodes: { type: 'string', default: '1' } } });
const nodes = Number(values.nodes);
if (![1, 3].includes(nodes)) {
  console.error(`cluster: --nodes is 1 or 3, not '${values.nodes}'`);
  process.exit(2);
}

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
console.log(`HOLDFAST_KAFKA=${kafka.brokers.join(',')}`);
console.log(`HOLDFAST_S3=${s3.url}`);
if (redis) console.log(`HOLDFAST_REDIS=${redis.url}`);
console.error(
  `cluster: ready in ${((Date.now() - started) / 1000).toFixed(1)} s; Ctrl-C stops it and removes what it holds`,
);
