import type { PublishedKey } from '@holdfast/access';
import {
  type AmendedProtocol,
  amendedProtocol,
  canonicalJson,
  civilDay,
  dateIn,
  type Protocol,
  type PublishedVersion,
} from '@holdfast/events';
import { type EventLog, recordsBetween } from '@holdfast/log';
import { registryTopic, topicsOf } from './topics.ts';

/** A trial as it is published: its protocol, and the public key that closed events are sealed to. */
export type PublishedTrial = {
  /** The newest version, with the schedules that participants keep of the others. */
  readonly protocol: AmendedProtocol;
  /** All versions, oldest first. */
  readonly versions: readonly Protocol[];
  readonly key: PublishedKey | undefined;
};

/** The published trials, by trial id. */
export type Trials = ReadonlyMap<string, PublishedTrial>;

type RegistryRecord =
  /** `publishedAt` is an instant; records of the first stores have none, and hold for everybody. */
  | { readonly kind: 'protocol'; readonly protocol: Protocol; readonly publishedAt?: string }
  | { readonly kind: 'key'; readonly key: PublishedKey };

/** Publishing was refused: the message says why and what to do. */
export class PublishRefused extends Error {
  readonly code = 'HF_PUBLISH_REFUSED';
  override readonly name = 'PublishRefused';
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A record that does not count, since another one before it does: of two processes that publish at once one comes first. */
export type IgnoredRecord = { readonly trial: string; readonly what: string; readonly reason: string };

type Registry = {
  readonly versions: Map<string, PublishedVersion[]>;
  readonly keys: Map<string, PublishedKey>;
  readonly ignored: IgnoredRecord[];
};

/**
 * Takes in the next record. Whoever publishes looks first and appends then, and another one may have come between: so each
 * record is judged again in the order of the log, by what counts before it, and everybody who reads comes to the same.
 */
function takeRecord({ versions, keys, ignored }: Registry, record: RegistryRecord): void {
  if (record.kind === 'key') {
    const { trial, keyId } = record.key;
    const known = keys.get(trial);
    if (known === undefined) keys.set(trial, record.key);
    else if (known.keyId !== keyId)
      ignored.push({ trial, what: `key ${keyId}`, reason: `key ${known.keyId} was published before it` });
    return;
  }
  const { protocol, publishedAt } = record;
  const { trial, version } = protocol;
  const before = versions.get(trial) ?? [];
  const same = before.find((known) => known.protocol.version === version);
  if (same !== undefined && canonicalJson(same.protocol) === canonicalJson(protocol)) return;
  try {
    checkVersion(
      protocol,
      before.map((known) => known.protocol),
    );
  } catch (error) {
    if (!(error instanceof PublishRefused)) throw error;
    ignored.push({ trial, what: `version ${version}`, reason: error.message });
    return;
  }
  const publishedOn =
    publishedAt === undefined ? undefined : civilDay(dateIn(protocol.timeZone, new Date(publishedAt)));
  before.push({ protocol, publishedOn });
  versions.set(trial, before);
}

async function readRegistry(log: EventLog): Promise<Registry> {
  const registry: Registry = { versions: new Map(), keys: new Map(), ignored: [] };
  if (!(await log.topics()).some(({ name }) => name === registryTopic.name)) return registry;
  for await (const records of recordsBetween(log, registryTopic.name, 0)) {
    for (const { value } of records) takeRecord(registry, JSON.parse(decoder.decode(value)) as RegistryRecord);
  }
  return registry;
}

/** The trials that a store knows; none if nothing was ever published in it. */
export async function readTrials(log: EventLog): Promise<Trials> {
  const { versions, keys } = await readRegistry(log);
  return new Map(
    [...versions].flatMap(([trial, all]) => {
      const protocol = amendedProtocol(all);
      const published = all.map((version) => version.protocol);
      return protocol === undefined ? [] : [[trial, { protocol, versions: published, key: keys.get(trial) }]];
    }),
  );
}

/** The registry's records that do not count, with their reasons. */
export async function readIgnored(log: EventLog): Promise<readonly IgnoredRecord[]> {
  return (await readRegistry(log)).ignored;
}

/** A trial as it was when a version was its newest: what tallies made by that version stand on. */
export async function readTrialAt(log: EventLog, trial: string, version: number): Promise<PublishedTrial | undefined> {
  const { versions, keys } = await readRegistry(log);
  const then = (versions.get(trial) ?? []).filter(({ protocol }) => protocol.version <= version);
  const protocol = amendedProtocol(then);
  if (protocol?.version !== version) return undefined;
  return { protocol, versions: then.map((each) => each.protocol), key: keys.get(trial) };
}

async function record(log: EventLog, trial: string, content: RegistryRecord): Promise<void> {
  await log.createTopic(registryTopic);
  await log.append(registryTopic.name, [{ key: trial, value: encoder.encode(JSON.stringify(content)) }]);
}

/**
 * Publishes a protocol and creates the trial's topics. The same version with the same content again changes nothing; a version
 * that exists with other content, goes back, or changes what is fixed for the life of a trial is refused; so is one that another
 * process came before. `now` is the instant of publication.
 */
export async function publishProtocol(
  log: EventLog,
  protocol: Protocol,
  now: Date = new Date(),
): Promise<'published' | 'already published'> {
  const versions = async () => (await readTrials(log)).get(protocol.trial)?.versions ?? [];
  const isAmong = (known: readonly Protocol[]) =>
    known.some((one) => one.version === protocol.version && canonicalJson(one) === canonicalJson(protocol));
  const before = await versions();
  const known = isAmong(before);
  if (!known) checkVersion(protocol, before);
  await createTopics(log, protocol);
  if (known) return 'already published';
  await record(log, protocol.trial, { kind: 'protocol', protocol, publishedAt: now.toISOString() });
  const after = await versions();
  if (!isAmong(after)) {
    checkVersion(protocol, after);
    refuseIf(true, protocol, 'was not taken in; publish it again');
  }
  return 'published';
}

/** Refuses a version that cannot follow those that are published, oldest first. */
function checkVersion(protocol: Protocol, published: readonly Protocol[]): void {
  refuseIf(
    published.some(({ version }) => version === protocol.version),
    protocol,
    'is already published with other content; raise `version` to publish an amendment',
  );
  const newest = published.at(-1);
  if (newest !== undefined) checkAmendment(protocol, newest);
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
  if (published !== undefined) return;
  await record(log, key.trial, { kind: 'key', key });
  const counting = (await readRegistry(log)).keys.get(key.trial);
  if (counting?.keyId !== key.keyId)
    throw new PublishRefused(
      `${key.trial} has key ${counting?.keyId}: another process published it at the same time; remove the key file just made`,
    );
}
