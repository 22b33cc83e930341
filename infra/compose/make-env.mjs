// `node infra/compose/make-env.mjs [--brokers 3] [FILE]`: writes the settings that docker-compose.yml asks for, with random secrets, into FILE (.env).
// What is there is never overwritten: the secrets in it belong to the volumes.
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { brokers: { type: 'string', default: '1' } },
  allowPositionals: true,
});
if (!['1', '3'].includes(values.brokers)) {
  console.error(`make-env: --brokers is 1 or 3, not '${values.brokers}'`);
  process.exit(2);
}
const hosts = ['kafka', 'kafka-2', 'kafka-3'].slice(0, Number(values.brokers));
const file = resolve(positionals[0] ?? '.env');
const secret = () => randomBytes(24).toString('base64url'); // no character that a URL or Kafka's configuration reads as its own

const accounts = ['broker', 'admin', 'ingest', 'aggregate', 'clock', 'drop', 'report', 'reader'];
const s3Accounts = ['ingest', 'aggregate', 'clock', 'drop', 'report']; // and who has S3_KEY
const settings = {
  KAFKA_CLUSTER_ID: randomBytes(16).toString('base64url'),
  KAFKA_VOTERS: hosts.map((host, i) => `${i + 1}@${host}:9093`).join(','),
  KAFKA_COPIES: hosts.length,
  KAFKA_MIN_INSYNC: Math.max(1, hosts.length - 1),
  HOLDFAST_KAFKA: hosts.map((host) => `${host}:9092`).join(','),
  ...Object.fromEntries(accounts.map((account) => [`KAFKA_PASSWORD_${account.toUpperCase()}`, secret()])),
  S3_KEY: randomBytes(10).toString('hex'),
  S3_SECRET: secret(),
  ...Object.fromEntries(s3Accounts.map((account) => [`S3_SECRET_${account.toUpperCase()}`, secret()])),
  REDIS_PASSWORD: secret(),
  GRAFANA_PASSWORD: secret(),
  LINK_SECRET: secret(),
  CLOSED_LINK_SECRET: secret(),
  HOLDFAST_KEYS: join(dirname(file), 'holdfast-keys'),
  COMPOSE_PROFILES: hosts.length === 3 ? 'three-brokers' : '',
};
const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
try {
  writeFileSync(file, lines.join(''), { flag: 'wx', mode: 0o600 });
} catch (error) {
  console.error(
    error.code === 'EEXIST'
      ? `make-env: ${file} is there already, and its secrets belong to what was started with it; it is left as it is`
      : `make-env: ${error.message}`,
  );
  process.exit(1);
}
// The folder of private keys is of the user that the services run as. Whoever may not give it away leaves it readable, so that services start.
const serviceUser = 10001;
const isRoot = process.getuid?.() === 0;
mkdirSync(settings.HOLDFAST_KEYS, { recursive: true, mode: 0o755 });
if (isRoot) {
  chownSync(settings.HOLDFAST_KEYS, serviceUser, serviceUser);
  chmodSync(settings.HOLDFAST_KEYS, 0o700);
}
console.log(`make-env: ${file} written; private keys of double-blind trials go to ${settings.HOLDFAST_KEYS}`);
if (!isRoot)
  console.log(
    `make-env: before the first key: sudo chown ${serviceUser} ${settings.HOLDFAST_KEYS} && sudo chmod 700 ${settings.HOLDFAST_KEYS}`,
  );
