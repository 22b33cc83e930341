import { isClosed, type Sealer, sealer } from '@holdfast/access';
import {
  canonicalEvent,
  canonicalJson,
  type HoldfastEvent,
  isOwnRecord,
  type Problem,
  parseEvent,
  protocolCheck,
  trialOf,
  type Upcasts,
} from '@holdfast/events';
import type { EventLog, NewRecord } from '@holdfast/log';
import { type PublishedTrial, type Trials, topicsOf } from '@holdfast/trials';

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

/** A rejected input, as it is kept: where it came from, and why it was rejected. */
export type Rejection = {
  readonly trial: string;
  /** File and line, or whatever lets the sender find it again. */
  readonly where: string;
  readonly problems: readonly Problem[];
  readonly input: unknown;
};

/** The one way into the log. */
export interface Door {
  judge(input: unknown): Verdict;
  /** Stamps, seals what is closed, and appends; resolves when all of it is durable. */
  admit(accepted: readonly Extract<Verdict, { accepted: true }>[]): Promise<void>;
  /** Writes a trial's clock to every partition: the date that has begun. */
  turnDay(trial: string, date: string): Promise<void>;
  /** Writes to every partition where a data cut ends; answers the marks, by partition: what lies before them is in the cut. */
  markCut(trial: string, cut: string): Promise<readonly number[]>;
  /** Keeps rejected inputs of published trials, so that none is lost. */
  keepRejected(rejections: readonly Rejection[]): Promise<void>;
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
/** How much is kept of the reasons of one rejection: an input may have any number of fields, with names of any length. */
const mostReasons = 50;
const longestReason = 1_500;

/** At least a sixth of the bytes that a valid event's data take as JSON (a character takes six at most). */
function weight(value: unknown): number {
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

function shortened(problems: readonly Problem[]): readonly Problem[] {
  const cut = (text: string) => (text.length > longestReason ? `${text.slice(0, longestReason)} …` : text);
  const shown = problems.slice(0, mostReasons).map(({ path, message }) => ({ path: cut(path), message: cut(message) }));
  const more = problems.length - shown.length;
  return more > 0 ? [...shown, { path: '', message: `has ${more} problems more` }] : shown;
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
  const recordOf = (
    { event, received, trial }: Extract<Verdict, { accepted: true }>,
    receivedtime: string,
  ): NewRecord & { partition?: number } => {
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

  const everyPartition = (record: NewRecord, partitions: number): NewRecord[] =>
    Array.from({ length: partitions }, (_, partition) => ({ ...record, partition }));

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
      const problems = check(event);
      return problems.length > 0
        ? { accepted: false, problems }
        : { accepted: true, event, received: input as HoldfastEvent, trial };
    },

    async admit(accepted) {
      const receivedtime = now().toISOString();
      const byTrial = new Map<string, NewRecord[]>();
      for (const one of accepted) {
        const { event, trial } = one;
        const records = byTrial.get(trial) ?? [];
        byTrial.set(trial, records);
        // A replayed log says when each event first came: what was known when must not become today.
        const received = ownRecords ? (event.receivedtime ?? receivedtime) : receivedtime;
        const record = recordOf(one, received);
        if (isOwnRecord(event.type)) records.push(...everyPartition(record, published(trial).protocol.partitions));
        else records.push(record);
      }
      for (const [trial, records] of byTrial)
        await log.append(topicsOf(published(trial).protocol).events.name, records);
    },

    async turnDay(trial, date) {
      const { protocol } = published(trial);
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
      await log.append(topicsOf(protocol).events.name, everyPartition(record, protocol.partitions));
    },

    async markCut(trial, cut) {
      const { protocol } = published(trial);
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
      return log.append(topicsOf(protocol).events.name, everyPartition(record, protocol.partitions));
    },

    async keepRejected(rejections) {
      const byTrial = new Map<string, NewRecord[]>();
      for (const { trial, where, problems, input } of rejections) {
        const { protocol } = published(trial);
        const { rejected } = topicsOf(protocol);
        const receivedtime = now().toISOString();
        // A rejected event of a double-blind trial may hold anything, an arm in the wrong field included: it is kept sealed.
        const identity = { trial, source: `/trials/${trial}/rejected`, id: where, subject: '' };
        const kept = (text: string | undefined): object => {
          if (text === undefined) return { omitted: 'larger or deeper than any event; find it where it came from' };
          if (protocol.blinding === 'open') return { input };
          return { sealed: sealerOf(trial).seal(identity, bytesOf(text)) };
        };
        const reasons = { where, problems: shortened(problems), receivedtime };
        const content = input === undefined ? reasons : { ...reasons, ...kept(smallText(input)) };
        const value = bytesOf(JSON.stringify(content));
        byTrial.set(rejected.name, [...(byTrial.get(rejected.name) ?? []), { key: where, value }]);
      }
      for (const [topic, records] of byTrial) await log.append(topic, records);
    },
  };
}
