import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EventLog } from '@holdfast/log';
import { type KafkaLogOptions, kafkaEventLog } from '@holdfast/log/kafka';
import { registryTopic, rejectedTopic, tokensTopic, topicsOf } from '@holdfast/trials';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type ConfiguredKafka, startConfiguredKafka } from '../infra/native/configured-kafka.mjs';
import { freePorts } from '../infra/native/server.mjs';
import { root } from './acceptance/holdfast.ts';
import { ownKafkaForTests } from './native-servers.ts';

const run = promisify(execFile);
const accounts = ['ingest', 'drop', 'clock', 'aggregate', 'report', 'reader'] as const;
type Account = (typeof accounts)[number];
const passwordOf = (account: string) => `password-of-${account}`;

const own = topicsOf({ trial: 'T-1', partitions: 2 });
const shared = [registryTopic, tokensTopic, rejectedTopic];
/** The trial's own when its log was rewritten. */
const rewritten = topicsOf({ trial: 'T-1', partitions: 2, edition: 2 });
const topics = [...shared, ...Object.values(own), ...Object.values(rewritten)];
const inBothEditions = (names: readonly string[]) =>
  names.flatMap((name) => (name.startsWith('T-1.') ? [name, `${name}.r2`] : [name]));
/** As docs/run-a-cluster.md says it. */
const reads: Record<Account, readonly string[]> = {
  ingest: ['protocols', 'tokens'],
  drop: ['protocols', 'T-1.events'],
  clock: ['protocols', 'T-1.events', 'T-1.tallies.open'],
  aggregate: ['protocols', 'T-1.events', 'T-1.tallies.open', 'T-1.tallies.closed'],
  report: ['protocols', 'T-1.events', 'T-1.tallies.open', 'T-1.tallies.closed'],
  reader: ['protocols', 'T-1.events', 'T-1.rejected', 'T-1.tallies.open'],
};
const writes: Record<Account, readonly string[]> = {
  ingest: ['rejected', 'T-1.events', 'T-1.rejected'],
  drop: ['rejected', 'T-1.events', 'T-1.rejected'],
  clock: ['T-1.events'],
  aggregate: ['T-1.tallies.open', 'T-1.tallies.closed'],
  report: ['T-1.events', 'T-1.audit'],
  reader: [],
};

describe.skipIf(!ownKafkaForTests())('the broker of the compose file, with the rights of grant.sh', () => {
  let folder: string;
  let kafka: ConfiguredKafka;
  let port: number;
  let tlsPort: number;
  const logs: EventLog[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hf-access-'));
    // Who signs the broker's certificate, and the certificate, with its key as Kafka reads it.
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
    const ca = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem';
    openssl(...ca.split(' '));
    const signed =
      'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=broker -addext subjectAltName=IP:127.0.0.1 -CA ca.pem -CAkey ca.key -keyout b.key -out b.pem';
    openssl(...signed.split(' '));
    execFileSync('sh', ['-c', 'cat b.key b.pem ca.pem > broker.pem'], { cwd: folder });

    const [clients = 0, controller = 0, tls = 0] = await freePorts(3);
    [port, tlsPort] = [clients, tls];
    const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true });
    const given: Record<string, string> = {
      KAFKA_CLUSTER_ID: 'SG9sZGZhc3QtbmF0aXZlLQ',
      KAFKA_VOTERS: '1@kafka:9093',
      KAFKA_COPIES: '1',
      KAFKA_MIN_INSYNC: '1',
    };
    /** As the compose file has it, but for where it listens. */
    const here = (value: string) =>
      value
        .replace(/\$\{KAFKA_PASSWORD_(\w+)(:\?[^}]*)?\}/g, (_, account: string) => passwordOf(account.toLowerCase()))
        .replace(/\$\{(\w+)(:\?[^}]*)?\}/g, (_, name: string) => given[name] ?? '')
        .replaceAll('kafka:', '127.0.0.1:')
        .replaceAll('://:', '://127.0.0.1:')
        .replaceAll(':9092', `:${clients}`)
        .replaceAll(':9093', `:${controller}`);
    const { environment } = compose.services.kafka as { environment: Record<string, string | number> };
    const variables = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, here(`${value}`)]));
    const and = (name: string, more: string) => ({ [name]: `${variables[name]},${more}` });
    kafka = await startConfiguredKafka(
      {
        ...variables,
        // And, as the page says how, a listener with TLS.
        ...and('KAFKA_LISTENERS', `TLS://127.0.0.1:${tls}`),
        ...and('KAFKA_ADVERTISED_LISTENERS', `TLS://127.0.0.1:${tls}`),
        ...and('KAFKA_LISTENER_SECURITY_PROTOCOL_MAP', 'TLS:SASL_SSL'),
        KAFKA_LISTENER_NAME_TLS_PLAIN_SASL_JAAS_CONFIG:
          variables.KAFKA_LISTENER_NAME_CLIENTS_PLAIN_SASL_JAAS_CONFIG ?? '',
        KAFKA_LISTENER_NAME_TLS_SSL_KEYSTORE_TYPE: 'PEM',
        KAFKA_LISTENER_NAME_TLS_SSL_KEYSTORE_LOCATION: join(folder, 'broker.pem'),
      },
      access('admin'),
    );
    const admin = logOf('admin');
    for (const topic of topics.filter(({ name }) => name !== rejectedTopic.name)) await admin.createTopic(topic);
    const grant = (...trials: string[]) =>
      run('sh', [join(root, 'infra/kafka/grant.sh'), ...trials], {
        env: {
          ...process.env,
          PATH: `${kafka.tools}:${process.env.PATH}`,
          KAFKA: `127.0.0.1:${port}`,
          KAFKA_PASSWORD_ADMIN: passwordOf('admin'),
        },
      });
    await grant();
    await grant('T-1');
    await grant('T-1/2');
  }, 240_000);
  afterAll(async () => {
    await Promise.all(logs.map((log) => log.close()));
    await kafka?.stop();
    await rm(folder, { recursive: true });
  });

  const access = (account: string) => ({
    brokers: [`127.0.0.1:${port}`],
    sasl: { mechanism: 'plain' as const, username: account, password: passwordOf(account) },
  });
  function logOf(account: string, more: Partial<KafkaLogOptions> = {}): EventLog {
    const log = kafkaEventLog({ clientId: account, replication: 1, patienceMs: 2_000, ...access(account), ...more });
    logs.push(log);
    return log;
  }
  const record = { key: 'k', value: Buffer.from('v'), partition: 0 };
  const may = (work: Promise<unknown>) =>
    work.then(
      () => true,
      () => false,
    );
  const readsFrom = (log: EventLog, name: string) => may(log.read(name, 0, 0, { records: 1, bytes: 1_000 }));

  test('lets each service do what the page says, and nothing else', async () => {
    const logOfAccount = new Map(accounts.map((account) => [account, logOf(account)]));
    // The door makes the one topic that it may make.
    expect(await may(logOf('reader').createTopic(rejectedTopic))).toBe(false);
    await logOf('ingest').createTopic(rejectedTopic);
    for (const [account, log] of logOfAccount) {
      const names = topics.map(({ name }) => name);
      const written: string[] = [];
      for (const name of names) if (await may(log.append(name, [record]))) written.push(name);
      const read: string[] = [];
      for (const name of names) if (await readsFrom(log, name)) read.push(name);
      expect({ account, written, read: read.sort() }).toEqual({
        account,
        written: names.filter((name) => inBothEditions(writes[account]).includes(name)),
        read: inBothEditions(reads[account]).sort(),
      });
    }
    const member = { assigned: async () => 0, batch: async () => undefined, revoked: async () => undefined };
    for (const account of ['aggregate', 'reader'] as const) {
      const joined = logOfAccount.get(account)?.join('aggregate', own.events.name, member);
      expect([account, await may(joined?.then(({ leave }) => leave()) ?? Promise.reject())]).toEqual([
        account,
        account === 'aggregate',
      ]);
    }
  }, 120_000);

  test('is used by what can be told to a thread, afterwards too', async () => {
    const place = access('clock');
    expect(await readsFrom(logOf('clock', place), 'protocols')).toBe(true);
    expect(structuredClone(place)).toEqual(access('clock'));
  });

  test('lets nobody in without the right password', async () => {
    expect(
      await readsFrom(logOf('ingest', { sasl: { ...access('ingest').sasl, password: 'wrong' } }), 'protocols'),
    ).toBe(false);
  });

  test('is reached by TLS by who knows who signed its certificate', async () => {
    const ca = readFileSync(join(folder, 'ca.pem'), 'utf8');
    const brokers = [`127.0.0.1:${tlsPort}`];
    const log = logOf('clock', { brokers, ssl: { ca } });
    expect(await log.append(own.events.name, [record])).toHaveLength(1);
    expect(await readsFrom(log, own.events.name)).toBe(true);
    const system = await readsFrom(logOf('clock', { brokers, ssl: true }), own.events.name);
    const plain = await readsFrom(logOf('clock', { brokers }), own.events.name);
    expect({ system, plain }).toEqual({ system: false, plain: false });
  });
});
