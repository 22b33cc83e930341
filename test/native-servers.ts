import { isInstalled } from '../infra/native/cache.mjs';
import { type NativeKafka, startKafka, type Way } from '../infra/native/kafka.mjs';
import { type NativeRedis, redisProgram, startRedis } from '../infra/native/redis.mjs';
import { type NativeS3, startS3 } from '../infra/native/s3.mjs';
import { type NativeToxiproxy, startToxiproxy } from '../infra/native/toxiproxy.mjs';

/**
 * Whether the programs are installed that a real server needs. If not, that is said on standard error, so that a skipped test is seen to be
 * skipped; with `HOLDFAST_REQUIRE_SHARED=1`, which demands everything real, their absence is an error instead.
 */
function areInstalled(server: string, programs: readonly string[]): boolean {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) return true;
  const message = `there is no real ${server} to test with (install ${missing.join(' and ')}; infra/README.md)`;
  if (process.env.HOLDFAST_REQUIRE_SHARED === '1') throw new Error(message);
  console.warn(`SKIPPED: ${message}: the tests that need it do not run`);
  return false;
}

type Server<Access> = { readonly access: Access; stop(): Promise<void> };

/** A Kafka of a test's own, of so many nodes, that it may kill; undefined if there can be none here. */
export function ownKafkaForTests(): ((nodes: number, ways?: readonly Way[]) => Promise<NativeKafka>) | undefined {
  return areInstalled('Kafka', ['java', 'mvn']) ? (nodes, ways = []) => startKafka({ nodes, ways }) : undefined;
}

/** A network on which things go wrong as a test says; undefined if there can be none here. */
export function networkForTests(): (() => Promise<NativeToxiproxy>) | undefined {
  return areInstalled('Toxiproxy', ['go']) ? startToxiproxy : undefined;
}

/** A Kafka for tests: that of `HOLDFAST_KAFKA` (`host:port,…`), else one of our own; undefined if there can be none here. */
export function kafkaForTests(): (() => Promise<Server<readonly string[]>>) | undefined {
  const given = process.env.TESTED_HOLDFAST_KAFKA;
  if (given) return async () => ({ access: given.split(','), stop: async () => undefined });
  const start = ownKafkaForTests();
  return (
    start &&
    (async () => {
      const { brokers, stop } = await start(1);
      return { access: brokers, stop };
    })
  );
}

/** An S3 server of a test's own, which needs these programs besides; undefined if there can be none here. */
export function ownS3ForTests(...programs: readonly string[]): (() => Promise<NativeS3>) | undefined {
  return areInstalled('S3 server', ['go', ...programs]) ? startS3 : undefined;
}

/** An S3 server for tests, as a URL with keys and bucket: that of `HOLDFAST_S3`, else one of our own; undefined if there can be none here. */
export function s3ForTests(): (() => Promise<Server<string>>) | undefined {
  const given = process.env.TESTED_HOLDFAST_S3;
  if (given) return async () => ({ access: given, stop: async () => undefined });
  const start = ownS3ForTests();
  return (
    start &&
    (async () => {
      const { url, stop } = await start();
      return { access: url, stop };
    })
  );
}

/** A Redis of a test's own, that it may kill; undefined if there can be none here. */
export function ownRedisForTests(): ((options?: { readonly policy?: string }) => Promise<NativeRedis>) | undefined {
  return areInstalled('Redis', redisProgram() === undefined ? ['redis-server'] : []) ? startRedis : undefined;
}

/** A Redis for tests, as a URL: that of `HOLDFAST_REDIS`, else one of our own; undefined if there can be none here. */
export function redisForTests(): (() => Promise<Server<string>>) | undefined {
  const given = process.env.TESTED_HOLDFAST_REDIS;
  if (given) return async () => ({ access: given, stop: async () => undefined });
  const start = ownRedisForTests();
  return (
    start &&
    (async () => {
      const { url, stop } = await start();
      return { access: url, stop };
    })
  );
}
