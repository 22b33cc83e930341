import type { PublishedKey } from '@holdfast/access';
import { canonicalJson, type Protocol } from '@holdfast/events';
import type { EventLog } from '@holdfast/log';
import { registryTopic, topicsOf } from './topics.ts';

/** A trial as it is published: the newest version of its protocol, and the public key that closed events are sealed to. */
export type PublishedTrial = {
  readonly protocol: Protocol;
  /** All versions, oldest first. */
  readonly versions: readonly Protocol[];
  readonly key: PublishedKey | undefined;
};

/** The published trials, by trial id. */
export type Trials = ReadonlyMap<string, PublishedTrial>;

type RegistryRecord =
  | { readonly kind: 'protocol'; readonly protocol: Protocol }
  | { readonly kind: 'key'; readonly key: PublishedKey };

/** Publishing was refused: the message says why and what to do. */
export class PublishRefused extends Error {
  readonly code = 'HF_PUBLISH_REFUSED';
  override readonly name = 'PublishRefused';
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const batch = { records: 1_000, bytes: 4_000_000 };

type Registry = { readonly versions: Map<string, Protocol[]>; readonly keys: Map<string, PublishedKey> };

async function readRegistry(log: EventLog): Promise<Registry> {
  const registry: Registry = { versions: new Map(), keys: new Map() };
  if (!(await log.topics()).some(({ name }) => name === registryTopic.name)) return registry;
  for (let from = 0; ; ) {
    const records = await log.read(registryTopic.name, 0, from, batch);
    const last = records.at(-1);
    if (last === undefined) break;
    for (const { value } of records) {
      const record = JSON.parse(decoder.decode(value)) as RegistryRecord;
      if (record.kind === 'key') registry.keys.set(record.key.trial, record.key);
      else {
        const { trial } = record.protocol;
        registry.versions.set(trial, [...(registry.versions.get(trial) ?? []), record.protocol]);
      }
    }
    from = last.offset + 1;
  }
  return registry;
}

/** The trials that a store knows; none if nothing was ever published in it. */
export async function readTrials(log: EventLog): Promise<Trials> {
  const { versions, keys } = await readRegistry(log);
  return new Map(
    [...versions].flatMap(([trial, all]) => {
      const protocol = all.at(-1);
      return protocol === undefined ? [] : [[trial, { protocol, versions: all, key: keys.get(trial) }]];
    }),
  );
}

async function record(log: EventLog, trial: string, content: RegistryRecord): Promise<void> {
  await log.createTopic(registryTopic);
  await log.append(registryTopic.name, [{ key: trial, value: encoder.encode(JSON.stringify(content)) }]);
}

/**
 * Publishes a protocol and creates the trial's topics. The same version with the same content again changes nothing; a version
 * that exists with other content, goes back, or changes what is fixed for the life of a trial is refused.
 */
export async function publishProtocol(log: EventLog, protocol: Protocol): Promise<'published' | 'already published'> {
  const known = (await readTrials(log)).get(protocol.trial);
  if (known !== undefined) {
    const same = known.versions.find(({ version }) => version === protocol.version);
    if (same !== undefined && canonicalJson(same) === canonicalJson(protocol)) {
      await createTopics(log, protocol);
      return 'already published';
    }
    refuseIf(
      same !== undefined,
      protocol,
      'is already published with other content; raise `version` to publish an amendment',
    );
    checkAmendment(protocol, known.protocol);
  }
  await createTopics(log, protocol);
  await record(log, protocol.trial, { kind: 'protocol', protocol });
  return 'published';
}

/** A store whose closed part was lost gets its topics back by publishing again. */
async function createTopics(log: EventLog, protocol: Protocol): Promise<void> {
  for (const topic of Object.values(topicsOf(protocol))) await log.createTopic(topic);
}

/** What events already in the log were written, sealed and counted by cannot be amended away under them. */
function checkAmendment(protocol: Protocol, newest: Protocol): void {
  refuseIf(
    protocol.version < newest.version,
    protocol,
    `would go back: version ${newest.version} is published; raise \`version\` above it`,
  );
  for (const fixed of ['partitions', 'blinding', 'clock'] as const) {
    refuseIf(
      protocol[fixed] !== newest[fixed],
      protocol,
      `changes \`${fixed}\` from ${newest[fixed]} to ${protocol[fixed]}, which is fixed for the life of a trial; put ${newest[fixed]} back`,
    );
  }
  const closed = [...newest.closed].sort().join(', ');
  refuseIf(
    [...protocol.closed].sort().join(', ') !== closed,
    protocol,
    `changes \`closed\`, which is fixed for the life of a trial: events already lie sealed or open by it; put [${closed}] back`,
  );
  const ids = (p: Protocol) => ({
    arm: p.arms.map(({ id }) => id),
    site: p.sites,
    measure: p.measures.map(({ id }) => id),
  });
  const [before, after] = [ids(newest), ids(protocol)];
  for (const what of ['arm', 'site', 'measure'] as const) {
    const gone = before[what].find((id) => !after[what].includes(id));
    refuseIf(
      gone !== undefined,
      protocol,
      `leaves out ${what} "${gone}", which participants may count under; keep it, and add others beside it`,
    );
  }
}

function refuseIf(condition: boolean, { trial, version }: Protocol, why: string): void {
  if (condition) throw new PublishRefused(`version ${version} of ${trial} ${why}`);
}

/** Publishes the public half of a trial's key. A trial has one key; another one is refused, also before its protocol is there. */
export async function publishKey(log: EventLog, key: PublishedKey): Promise<void> {
  const published = (await readRegistry(log)).keys.get(key.trial);
  if (published !== undefined && published.keyId !== key.keyId) {
    throw new PublishRefused(
      `${key.trial} already has key ${published.keyId}; what is sealed to it would be lost to another one`,
    );
  }
  if (published === undefined) await record(log, key.trial, { kind: 'key', key });
}
