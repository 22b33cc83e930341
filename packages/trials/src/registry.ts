import type { PublishedKey } from '@holdfast/access';
import {
  type AmendedProtocol,
  amendedProtocol,
  canonicalJson,
  civilDay,
  dateIn,
  type Protocol,
  type PublishedVersion,
  sha256,
} from '@holdfast/events';
import { type EventLog, recordsBetween } from '@holdfast/log';
import {
  afterRewrite,
  type Copied,
  type Editions,
  firstEdition,
  type RewriteRecord,
  type RewriteUnderWay,
} from './rewrites.ts';
import { registryTopic, type TrialLog, topicsOf } from './topics.ts';

/** A trial as it is published: its protocol, and the public key that closed events are sealed to. */
export type PublishedTrial = {
  /**
   * The newest version, with the schedules that participants keep of the others. `partitions` and `edition` say where its log lies
   * (`topicsOf`): whatever the protocol is handed on to finds it.
   */
  readonly protocol: AmendedProtocol & TrialLog;
  /** All versions as they were published, oldest first. */
  readonly versions: readonly Protocol[];
  /** When versions were published, by their numbers; the first stores did not record it. */
  readonly publishedAt?: ReadonlyMap<number, string>;
  readonly key: PublishedKey | undefined;
  /** The rewriting of its log that is not finished. */
  readonly rewrite?: RewriteUnderWay;
  /** How many participants were randomised and are erased; absent: none. */
  readonly erasedRandomised?: number;
};

/** The published trials, by trial id. */
export type Trials = ReadonlyMap<string, PublishedTrial>;

type RegistryRecord =
  /** `publishedAt` is an instant; records of the first stores have none, and hold for everybody. */
  | { readonly kind: 'protocol'; readonly protocol: Protocol; readonly publishedAt?: string }
  | { readonly kind: 'key'; readonly key: PublishedKey }
  | RewriteRecord;

/** Publishing was refused: the message says why and what to do. */
export class PublishRefused extends Error {
  readonly code = 'HF_PUBLISH_REFUSED';
  override readonly name = 'PublishRefused';
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A record that does not count, since another one before it does: of two processes that publish at once one comes first. */
export type IgnoredRecord = { readonly trial: string; readonly what: string; readonly reason: string };

type DatedVersion = PublishedVersion & { readonly publishedAt: string | undefined };

type Registry = {
  readonly versions: Map<string, DatedVersion[]>;
  readonly keys: Map<string, PublishedKey>;
  readonly logs: Map<string, Editions>;
  readonly ignored: IgnoredRecord[];
};

/**
 * Takes in the next record. Whoever publishes looks first and appends then, and another one may have come between: so each
 * record is judged again in the order of the log, by what counts before it, and everybody who reads comes to the same.
 */
function takeRecord({ versions, keys, logs, ignored }: Registry, record: RegistryRecord): void {
  if (record.kind === 'rewrite') {
    const [first] = versions.get(record.trial) ?? [];
    if (first === undefined) return;
    const known = logs.get(record.trial) ?? firstEdition;
    logs.set(record.trial, afterRewrite(known, record, first.protocol.partitions));
    return;
  }
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
  before.push({ protocol, publishedOn, publishedAt });
  versions.set(trial, before);
}

const nothingPublished = (): Registry => ({ versions: new Map(), keys: new Map(), logs: new Map(), ignored: [] });

async function readRegistry(log: EventLog): Promise<Registry> {
  const registry = nothingPublished();
  if (!(await log.topics()).some(({ name }) => name === registryTopic.name)) return registry;
  for await (const records of recordsBetween(log, registryTopic.name, 0)) {
    for (const { value } of records) takeRecord(registry, JSON.parse(decoder.decode(value)) as RegistryRecord);
  }
  return registry;
}

/** The trials that a store knows; none if nothing was ever published in it. */
export async function readTrials(log: EventLog): Promise<Trials> {
  const registry = await readRegistry(log);
  return new Map(
    [...registry.versions].flatMap(([trial, all]) => {
      const published = publishedTrial(registry, trial, all);
      return published === undefined ? [] : [[trial, published]];
    }),
  );
}

function publishedTrial(
  { keys, logs }: Registry,
  trial: string,
  versions: readonly DatedVersion[],
): PublishedTrial | undefined {
  const protocol = amendedProtocol(versions);
  if (protocol === undefined) return undefined;
  const { edition, partitions = protocol.partitions, underWay, erasedRandomised } = logs.get(trial) ?? firstEdition;
  return {
    protocol: edition === 1 ? protocol : { ...protocol, partitions, edition },
    versions: versions.map((version) => version.protocol),
    publishedAt: new Map(
      versions.flatMap(({ protocol: { version }, publishedAt }) =>
        publishedAt === undefined ? [] : [[version, publishedAt] as const],
      ),
    ),
    key: keys.get(trial),
    ...(underWay === undefined ? {} : { rewrite: underWay }),
    ...(erasedRandomised === 0 ? {} : { erasedRandomised }),
  };
}

/** What a protocol says, whatever became of its log: two stores have the same where the same was published. */
export function protocolDigest({ protocol, versions }: PublishedTrial): string {
  const { edition: _, ...said } = protocol;
  return sha256(canonicalJson({ ...said, partitions: versions.at(-1)?.partitions ?? said.partitions }));
}

/** Where the logs of trials lie. Whoever appends looks again when it is done: only then does it know that it appended to the right one. */
export interface TrialLogs {
  /** As the registry stands now; undefined of a trial that is not published. */
  look(trial: string): Promise<TrialLog | undefined>;
}

export function trialLogs(log: EventLog): TrialLogs {
  const registry = nothingPublished();
  let from = 0;
  let exists = false;
  const read = async (): Promise<void> => {
    exists ||= (await log.topics()).some(({ name }) => name === registryTopic.name);
    if (!exists) return;
    const [end = 0] = await log.ends(registryTopic.name);
    if (end <= from) return;
    for await (const records of recordsBetween(log, registryTopic.name, 0, { from, end })) {
      for (const { value, offset } of records) {
        takeRecord(registry, JSON.parse(decoder.decode(value)) as RegistryRecord);
        from = offset + 1;
      }
    }
  };
  let reading: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  /** A look that begins now or later, shared by all who ask before it has begun. */
  const lookAgain = (): Promise<void> => {
    waiting ??= reading
      .catch(() => undefined)
      .then(() => {
        waiting = undefined;
        reading = read();
        return reading;
      });
    return waiting;
  };
  return {
    async look(trial) {
      await lookAgain();
      const newest = registry.versions.get(trial)?.at(-1)?.protocol;
      if (newest === undefined) return undefined;
      const { edition, partitions = newest.partitions } = registry.logs.get(trial) ?? firstEdition;
      return { trial, partitions, edition };
    },
  };
}

/** A step of a rewriting was refused: another process came before, or the trial is gone. */
export class RewriteRefused extends Error {
  readonly code = 'HF_REWRITE_REFUSED';
  override readonly name = 'RewriteRefused';
}

/** The number that the log of a trial gets if it is rewritten next. Each is given once, also to what is abandoned. */
export async function nextEdition(log: EventLog, trial: string): Promise<number> {
  return ((await readRegistry(log)).logs.get(trial) ?? firstEdition).last + 1;
}

/** Records that a rewriting begins, under the next number; refused if one is under way, also if it began at the same time. */
export async function beginRewrite(
  log: EventLog,
  begun: { readonly trial: string; readonly partitions: number; readonly erases: boolean },
  now: Date,
): Promise<RewriteUnderWay> {
  const { trial, partitions, erases } = begun;
  const edition = await nextEdition(log, trial);
  const step: RewriteRecord = {
    kind: 'rewrite',
    step: 'begun',
    trial,
    edition,
    at: now.toISOString(),
    partitions,
    ...(erases ? { erases } : {}),
  };
  await record(log, trial, step);
  const underWay = (await readTrials(log)).get(trial)?.rewrite;
  const isOurs = underWay?.edition === edition && underWay.begunAt === step.at && underWay.copied === undefined;
  if (isOurs) return underWay;
  throw new RewriteRefused(
    `another process is rewriting the log of ${trial}; wait until it ends, or abandon what it began (\`holdfast rewrite --trial ${trial} --abandon\`)`,
  );
}

/** Records a step of the rewriting under way; answers how the trial stands after it. Refused if that rewriting is no longer under way. */
export async function recordRewrite(
  log: EventLog,
  trial: string,
  { edition }: RewriteUnderWay,
  step:
    | { readonly step: 'abandoned' | 'finished' }
    | { readonly step: 'switched'; readonly copied: Copied; readonly erasedRandomised?: true },
  now: Date,
): Promise<PublishedTrial> {
  await record(log, trial, { kind: 'rewrite', trial, edition, at: now.toISOString(), ...step });
  const after = (await readTrials(log)).get(trial);
  const isUnderWay = after?.rewrite?.edition === edition;
  const counted = step.step === 'switched' ? isUnderWay && after?.rewrite?.copied !== undefined : !isUnderWay;
  if (after !== undefined && counted) return after;
  throw new RewriteRefused(
    `the rewriting of ${trial} that was under way here is under way no more: another process abandoned or finished it`,
  );
}

/** The registry's records that do not count, with their reasons. */
export async function readIgnored(log: EventLog): Promise<readonly IgnoredRecord[]> {
  return (await readRegistry(log)).ignored;
}

/** A trial as it was when a version was its newest: what tallies made by that version stand on. */
export async function readTrialAt(log: EventLog, trial: string, version: number): Promise<PublishedTrial | undefined> {
  const registry = await readRegistry(log);
  const then = (registry.versions.get(trial) ?? []).filter(({ protocol }) => protocol.version <= version);
  const published = publishedTrial(registry, trial, then);
  return published?.protocol.version === version ? published : undefined;
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
  const published = async () => (await readTrials(log)).get(protocol.trial);
  const versions = async () => (await published())?.versions ?? [];
  const isAmong = (known: readonly Protocol[]) =>
    known.some((one) => one.version === protocol.version && canonicalJson(one) === canonicalJson(protocol));
  const before = await versions();
  const known = isAmong(before);
  if (!known) checkVersion(protocol, before);
  await createTopics(log, (await published())?.protocol ?? protocol);
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
export async function createTopics(log: EventLog, at: TrialLog): Promise<void> {
  for (const topic of Object.values(topicsOf(at))) await log.createTopic(topic);
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
