import { isClosed, type Sealer, sealer } from '@holdfast/access';
import {
  canonicalEvent,
  canonicalJson,
  type HoldfastEvent,
  isOwnRecord,
  type Problem,
  type Protocol,
  parseEvent,
  protocolCheck,
  trialOf,
  type Upcasts,
} from '@holdfast/events';
import type { EventLog, NewRecord } from '@holdfast/log';
import {
  type AppendedTo,
  appendToTrial,
  type PublishedTrial,
  rejectedTopic,
  type TrialLog,
  type Trials,
  type TrialTopics,
  trialLogs,
} from '@holdfast/trials';
import { type Appended, placesOf } from './appended.ts';
import { boxIdentity, type KeptContent } from './kept-content.ts';
import { identityOf, isBlind, problemsInClear, type Rejection } from './rejections.ts';

/** What the door says of one event. It depends on schema and protocol alone: never on a sealed value or a participant's past. */
export type Verdict =
  | {
      readonly accepted: true;
      /** In its type's current version. */
      readonly event: HoldfastEvent;
      /** As it came, in whatever version: this is what the log keeps, lest an upcast change an event's identity. */
      readonly received: HoldfastEvent;
      readonly trial: string;
    }
  | { readonly accepted: false; readonly problems: readonly Problem[] };
export type Accepted = Extract<Verdict, { accepted: true }>;

/** The one way into the log. */
export interface Door {
  judge(input: unknown): Verdict;
  /** Stamps, seals what is closed, and appends; resolves when all of it is durable, with where it went. */
  admit(accepted: readonly Accepted[]): Promise<readonly Appended[]>;
  /** Writes a trial's clock to every partition: the date that has begun. */
  turnDay(trial: string, date: string): Promise<void>;
  /** Writes to every partition where a data cut ends; answers the marks, by partition, and in which log: what lies before them is in the cut. */
  markCut(trial: string, cut: string): Promise<{ readonly marks: readonly number[]; readonly at: TrialLog }>;
  /** Keeps rejected inputs, so that none is lost. */
  keepRejected(rejections: readonly Rejection[]): Promise<void>;
  /** Notes that a full export of a mapping's tables was taken in, begun at `since`: what it rejected before then is outdated. */
  exported(mapping: string, since: Date): Promise<void>;
}

/** A double-blind trial has no public key yet: nothing of it can be sealed, so nothing may come in. */
export class NoTrialKey extends Error {
  readonly code = 'HF_NO_TRIAL_KEY';
  override readonly name = 'NoTrialKey';
}

/** `Buffer.from` is several times faster than a TextEncoder on the short texts that records are. */
const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8');

/** Bytes of the largest event: well below what a log takes of one record, since sealing makes it longer by a third. */
const largestEvent = 400_000;
/** At least a sixth of the bytes that a valid event's data take as JSON (a character takes six at most). */
export function weight(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  let sum = 2;
  for (const key in value) sum += key.length + 4 + weight(Reflect.get(value, key));
  return sum;
}

/** The value as JSON; undefined if it is larger than any event, or nested deeper than can be written. */
function smallText(value: unknown): string | undefined {
  try {
    const text = JSON.stringify(value);
    return Buffer.byteLength(text) > largestEvent ? undefined : text;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const dayMs = 86_400_000;

/**
 * Times that have not come yet: in a live trial nothing is known of tomorrow. A day is left for clocks that go wrong and for zones
 * that were mistaken.
 */
function notYet(event: HoldfastEvent, { clock }: Protocol, now: Date): Problem[] {
  if (clock !== 'live') return [];
  const times: [string, string][] = [
    ['time', event.time],
    ['recordedtime', event.recordedtime],
  ];
  if (event.type === 'org.holdfast.correction.v1') times.push(['data.event.time', event.data.event.time]);
  const latest = now.getTime() + dayMs;
  return times
    .filter(([, time]) => Date.parse(time) > latest)
    .map(([path]) => ({
      path,
      message: 'lies more than a day in the future; correct the date, or the clock it came from',
    }));
}

export type DoorOptions = {
  readonly log: EventLog;
  readonly trials: Trials;
  readonly now: () => Date;
  /** Whether Holdfast's own records may come from outside: only when a log is replayed from a file. */
  readonly ownRecords?: boolean;
  /** Older versions of types that may be sent; by default those that Holdfast knows. */
  readonly upcasts?: Upcasts;
};

export async function openDoor({ log, trials, now, ownRecords = false, upcasts }: DoorOptions): Promise<Door> {
  const checks = new Map([...trials].map(([trial, { protocol }]) => [trial, protocolCheck(protocol)]));
  const sealers = new Map<string, Sealer>();
  for (const [trial, { protocol, key }] of trials) {
    if (protocol.blinding === 'double' && key !== undefined) sealers.set(trial, await sealer(key));
  }
  const sealerOf = (trial: string): Sealer => {
    const found = sealers.get(trial);
    if (found === undefined) {
      throw new NoTrialKey(
        `${trial} is double-blind and has no key; run \`holdfast keys create --trial ${trial} --out FILE\` first`,
      );
    }
    return found;
  };
  const published = (trial: string): PublishedTrial => {
    const found = trials.get(trial);
    if (found === undefined) throw new Error(`trial ${trial} is not published`);
    return found;
  };

  /** As it stands in the log: stamped, closed content sealed, canonical. */
  const recordOf = ({ event, received, trial }: Accepted, receivedtime: string): NewRecord & { partition?: number } => {
    const { protocol } = published(trial);
    const subject = 'subject' in event ? event.subject : '';
    const seal = protocol.blinding === 'open' ? undefined : sealerOf(trial).seal;
    const isOpen =
      seal === undefined ||
      event.type === 'org.holdfast.sealed.v1' ||
      !isClosed(event.type, event.data, protocol.closed);
    if (isOpen) {
      return { key: subject, value: bytesOf(canonicalEvent(received, receivedtime)) };
    }
    const content = bytesOf(canonicalJson({ type: received.type, data: received.data }));
    const { source, id } = event;
    const data = seal({ trial, source, id, subject }, content);
    const sealed = { ...event, type: 'org.holdfast.sealed.v1', data } as HoldfastEvent;
    return { key: subject, value: bytesOf(canonicalEvent(sealed, receivedtime)) };
  };

  const logs = trialLogs(log);
  /** Where a trial's log lay at the last append; the publications that the door was hung by may be older. */
  const places = new Map<string, TrialLog>();
  const append = async (
    trial: string,
    topic: keyof TrialTopics,
    records: (at: TrialLog) => readonly NewRecord[],
  ): Promise<AppendedTo> => {
    const appended = await appendToTrial(log, logs, places.get(trial) ?? published(trial).protocol, topic, records);
    places.set(trial, appended.at);
    return appended;
  };
  const everyPartition = (record: NewRecord, partitions: number): NewRecord[] =>
    Array.from({ length: partitions }, (_, partition) => ({ ...record, partition }));

  /**
   * A rejected input, in the form in which it may be kept. Of a double-blind trial it may hold anything, an arm in the wrong field
   * included: it is sealed. What names no published trial may be of any: it is sealed to each of those that are double-blind.
   */
  const kept = (
    protocol: Protocol | undefined,
    where: string,
    input: unknown,
    text: string | undefined,
  ): KeptContent => {
    if (text === undefined) return { omitted: 'larger or deeper than any event; find it where it came from' };
    const sealedFor = (trial: string, sealing: Sealer) => sealing.seal(boxIdentity(trial, where), bytesOf(text));
    if (protocol?.blinding === 'double') {
      return { sealed: sealedFor(protocol.trial, sealerOf(protocol.trial)) };
    }
    if (protocol !== undefined || !isBlind(protocol, trials)) return { input };
    if (sealers.size === 0) return { omitted: 'no trial’s key is published to seal it to; find it where it came from' };
    return { sealedForEach: [...sealers].map(([trial, sealing]) => sealedFor(trial, sealing)) };
  };

  return {
    judge(input) {
      const parsed = parseEvent(input, upcasts);
      if (!parsed.ok) return { accepted: false, problems: parsed.problems };
      const event = parsed.value;
      const trial = trialOf(event.source);
      const check = checks.get(trial);
      if (check === undefined) {
        const message = `trial ${trial} is not published here; publish its protocol (\`holdfast protocol publish FILE\`) or correct the source`;
        return { accepted: false, problems: [{ path: 'source', message }] };
      }
      if (isOwnRecord(event.type) && !ownRecords) {
        const message =
          'is written by Holdfast alone; leave it out, or use `holdfast ingest --replay` to replay a log from a file';
        return { accepted: false, problems: [{ path: 'type', message }] };
      }
      if (6 * weight(event.data) > largestEvent && smallText(event.data) === undefined) {
        const message = `is larger than ${largestEvent} bytes, and no event is; send it in several`;
        return { accepted: false, problems: [{ path: 'data', message }] };
      }
      if (event.type === 'org.holdfast.sealed.v1') {
        const sealedTo = published(trial).key?.keyId;
        const { blinding } = published(trial).protocol;
        if (blinding === 'open') {
          return {
            accepted: false,
            problems: [{ path: 'type', message: 'is sealed, but the trial is open-label; send the event in clear' }],
          };
        }
        if (event.data.keyId !== sealedTo) {
          const message = `is not the trial’s key (${sealedTo ?? 'none is published'}), so nobody could open the box; seal to that one`;
          return { accepted: false, problems: [{ path: 'data.keyId', message }] };
        }
      }
      const problems = [...check(event), ...(ownRecords ? [] : notYet(event, published(trial).protocol, now()))];
      return problems.length > 0
        ? { accepted: false, problems }
        : { accepted: true, event, received: input as HoldfastEvent, trial };
    },

    async admit(accepted) {
      const receivedtime = now().toISOString();
      const byTrial = new Map<string, { readonly isOwn: boolean; readonly record: NewRecord }[]>();
      for (const one of accepted) {
        const { event, trial } = one;
        const records = byTrial.get(trial) ?? [];
        byTrial.set(trial, records);
        // A replayed log says when each event first came: what was known when must not become today.
        const received = ownRecords ? (event.receivedtime ?? receivedtime) : receivedtime;
        const record = recordOf(one, received);
        records.push({ isOwn: isOwnRecord(event.type), record });
      }
      const went: Appended[] = [];
      for (const [trial, all] of byTrial) {
        const records = ({ partitions }: TrialLog) =>
          all.flatMap(({ isOwn, record }) => (isOwn ? everyPartition(record, partitions) : [record]));
        const { at, offsets } = await append(trial, 'events', records);
        went.push(...placesOf(trial, at.partitions, records(at), offsets));
      }
      return went;
    },

    async turnDay(trial, date) {
      const time = `${date}T00:00:00+00:00`;
      const event = {
        specversion: '1.0',
        id: `day-turned-${date}`,
        source: `/trials/${trial}/holdfast`,
        type: 'org.holdfast.day-turned.v1',
        time,
        recordedtime: time,
        receivedtime: now().toISOString(),
        data: { date },
      };
      const record = { key: '', value: bytesOf(canonicalJson(event)) };
      await append(trial, 'events', ({ partitions }) => everyPartition(record, partitions));
    },

    async markCut(trial, cut) {
      const time = now().toISOString();
      const event = {
        specversion: '1.0',
        // A cut that was not finished is marked again by whoever repeats it.
        id: `cut-marked-${cut}-${time}`,
        source: `/trials/${trial}/holdfast`,
        type: 'org.holdfast.cut-marked.v1',
        time,
        recordedtime: time,
        receivedtime: time,
        data: { cut },
      };
      const record = { key: '', value: bytesOf(canonicalJson(event)) };
      const { at, offsets } = await append(trial, 'events', ({ partitions }) => everyPartition(record, partitions));
      return { marks: offsets, at };
    },

    async keepRejected(rejections) {
      /** By trial; undefined: of none that is published. */
      const byTrial = new Map<string | undefined, NewRecord[]>();
      const receivedtime = now().toISOString();
      for (const { trial, where, problems, input, mapping, from, isAmbiguous } of rejections) {
        const protocol = trial === undefined ? undefined : published(trial).protocol;
        const text = input === undefined ? undefined : smallText(input);
        const content = {
          where,
          problems: problemsInClear(problems, protocol, trials),
          receivedtime,
          ...(mapping === undefined ? {} : { mapping }),
          ...(from === undefined ? {} : { from }),
          ...(isAmbiguous ? { isAmbiguous } : {}),
          ...(text === undefined ? {} : { of: identityOf(input, isBlind(protocol, trials), protocol) }),
          ...(input === undefined ? {} : kept(protocol, where, input, text)),
        };
        const records = byTrial.get(trial) ?? [];
        byTrial.set(trial, records);
        records.push({ key: where, value: bytesOf(JSON.stringify(content)) });
      }
      for (const [trial, records] of byTrial) {
        if (trial !== undefined) {
          await append(trial, 'rejected', () => records);
          continue;
        }
        await log.createTopic(rejectedTopic);
        await log.append(rejectedTopic.name, records);
      }
    },

    async exported(mapping, since) {
      const value = bytesOf(JSON.stringify({ exported: mapping, since: since.toISOString() }));
      for (const trial of trials.keys()) await append(trial, 'rejected', () => [{ key: mapping, value }]);
    },
  };
}
