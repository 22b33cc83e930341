import { hash } from 'node:crypto';
import type { Opener, SealedBox } from '@holdfast/access';
import {
  type CivilDay,
  canonicalJson,
  civilDay,
  contentOf,
  eventSchemas,
  type HoldfastEvent,
  instantOf,
  isOwnRecord,
  maySendArms,
  parseEvent,
  sha256,
  shortType,
  trialOf,
  type Upcasts,
  upcasts,
} from '@holdfast/events';
import type { LogRecord } from '@holdfast/log';
import { type Observation, storedObservation } from '@holdfast/outcomes';
import { loggedEvent } from './logged-event.ts';

/** A log record, as the fold sees it. */
export type Decoded =
  | {
      readonly kind: 'open';
      readonly participant: string;
      readonly observation: Observation<'open'>;
      /** When it happened, as the site wrote it, and when it was received; undefined where nothing stamped it. */
      readonly time: string;
      readonly receivedtime: string | undefined;
    }
  | { readonly kind: 'sealed'; readonly participant: string; readonly observation: Observation<'sealed'> }
  /** A box that no fold can read: it is set aside on the closed list and never stops a shard. */
  | {
      readonly kind: 'unreadable';
      readonly participant: string;
      readonly source: string;
      readonly id: string;
      /** Of the sealed event as it stands in the log. */
      readonly sha256: string;
      readonly reason: string;
    }
  /** A box, seen by somebody without the key. */
  | { readonly kind: 'box'; readonly participant: string; readonly source: string; readonly id: string }
  | { readonly kind: 'clock'; readonly day: CivilDay }
  /** Where a data cut ends: no fact depends on it. */
  | { readonly kind: 'mark' }
  /** No event: somebody else wrote it to the trial's topic. It is set aside and never stops a shard. */
  | { readonly kind: 'foreign'; readonly sha256: string };

type SealedEvent = HoldfastEvent & { readonly subject: string };

const decoder = new TextDecoder();

function observed(event: HoldfastEvent, side: 'open' | 'sealed', content: string): Observation {
  const { type, source, id, time, recordedtime, data } = event;
  return {
    side,
    type: shortType(type),
    source,
    id,
    sha256: sha256(content),
    recordedAt: Date.parse(recordedtime),
    day: civilDay(time),
    data,
  } as Observation;
}

/**
 * Reads log records of one trial; with the trial's key (an opener) it also opens what is sealed. What is of an older version is
 * read in the current one, under the SHA-256 of what was received.
 */
export function recordDecoder(
  opener: Opener | undefined,
  older: Upcasts = upcasts,
): (record: LogRecord) => Promise<Decoded> | Decoded {
  const unreadableBox = ({ subject, source, id }: SealedEvent, text: string, reason: string): Decoded => ({
    kind: 'unreadable',
    participant: subject,
    source,
    id,
    sha256: sha256(contentOf(text)),
    reason,
  });

  const opened = (event: SealedEvent, bytes: Uint8Array, text: string): Decoded => {
    const { subject, source, id, receivedtime: _, ...envelope } = event;
    const unreadable = (reason: string) => unreadableBox(event, text, reason);
    let inner: unknown;
    try {
      inner = JSON.parse(decoder.decode(bytes));
    } catch {
      return unreadable('the box holds no JSON');
    }
    const whole = { ...envelope, subject, source, id, ...(inner as object) };
    const parsed = parseEvent(whole, older);
    if (!parsed.ok)
      return unreadable(`the box holds no valid event: ${parsed.problems.map(({ path }) => path).join(', ')}`);
    if (parsed.value.type === 'org.holdfast.sealed.v1') return unreadable('the box holds another box');
    // The door saw the envelope alone, and a site may seal what it likes.
    if (assignsArm(parsed.value) && !maySendArms(source))
      return unreadable('the box holds an arm that a site sent; arms come from the randomisation service alone');
    const observation = observed(parsed.value, 'sealed', canonicalJson(whole)) as Observation<'sealed'>;
    return { kind: 'sealed', participant: subject, observation };
  };

  const unseal = (event: SealedEvent, text: string): Promise<Decoded> | Decoded => {
    const { source, id, subject } = event;
    if (opener === undefined) return { kind: 'box', participant: subject, source, id };
    const identity = { trial: trialOf(source), source, id, subject };
    const box = event.data as SealedBox;
    const failed = (error: unknown) =>
      unreadableBox(event, text, error instanceof Error ? error.message : String(error));
    try {
      const known = opener.openKnown(identity, box);
      if (known !== undefined) return opened(event, known, text);
    } catch (error) {
      return failed(error);
    }
    return opener.open(identity, box).then((bytes) => opened(event, bytes, text), failed);
  };

  return ({ value }) => {
    const text = decoder.decode(value);
    const read = readRecord(text, older);
    if (read !== undefined) return read;
    const event = loggedEvent(text, older);
    if (event === undefined) return { kind: 'foreign', sha256: sha256(text) };
    if (event.type === 'org.holdfast.day-turned.v1') return { kind: 'clock', day: civilDay(event.data.date) };
    if (event.type === 'org.holdfast.cut-marked.v1') return { kind: 'mark' };
    if (event.type === 'org.holdfast.sealed.v1') return unseal(event, text);
    const observation = observed(event, 'open', contentOf(text)) as Observation<'open'>;
    const { subject: participant, time, receivedtime } = event;
    return { kind: 'open', participant, observation, time, receivedtime };
  };
}

function assignsArm({ type, data }: HoldfastEvent): boolean {
  const said = type === 'org.holdfast.correction.v1' ? data.event.type : type;
  return said === 'org.holdfast.arm-assigned.v1';
}

/**
 * The envelope of a record as the door writes it: canonical JSON, fields in order of their names, `data` first. Reading it so leaves
 * the data unparsed, which most events never need; what does not look exactly like this is parsed as a whole. Only the door stamps when it
 * received an event.
 */
const envelope =
  /^,"id":"([^"\\]+)","receivedtime":"([^"]+)","recordedtime":"([^"]+)","source":"([^"]+)","specversion":"1\.0","subject":"([^"]+)","time":"([^"]+)","type":"org\.holdfast\.([a-z-]+)\.v1"\}$/;

function readRecord(text: string, older: Upcasts): Decoded | undefined {
  const at = text.lastIndexOf(',"id":"');
  // Data are an object; between it and the `id` may stand a `datacontenttype`.
  const fields = text[at - 1] !== '}' || !text.startsWith('{"data":') ? null : envelope.exec(text.slice(at));
  if (fields === null) return undefined;
  const [, id = '', receivedtime = '', recordedtime = '', source = '', participant = '', time = '', is = ''] = fields;
  const type = readTypes.get(is);
  if (type === undefined) return undefined;
  if (older.size > 0 && (type === 'correction' || older.has(`org.holdfast.${type}.v1`))) return undefined;
  // The content, as `contentOf` gives it: where the time of receipt stands is known here.
  const received = at + ',"id":""'.length + id.length;
  const content = text.slice(0, received) + text.slice(received + ',"receivedtime":""'.length + receivedtime.length);
  const observation = storedObservation(
    {
      side: 'open',
      type,
      source,
      id,
      sha256: sha256(content),
      recordedAt: instantOf(recordedtime),
      day: civilDay(time),
    },
    text.slice('{"data":'.length, at),
  );
  return { kind: 'open', participant, observation, time, receivedtime };
}

/** The types of participants' open events by their short names: texts that all events of a type then share. */
const readTypes: ReadonlyMap<string, Observation['type']> = new Map(
  Object.keys(eventSchemas)
    .filter((type) => type !== 'sealed' && !isOwnRecord(`org.holdfast.${type}.v1`))
    .map((type) => [type, type as Observation['type']]),
);

let scratch = Buffer.alloc(4_096);

/** The head of a partition's hash chain after records as stored: for each one h = SHA-256(previous h, record), from `previous` (hex; empty at the start). */
export function chained(previous: string, values: Iterable<Uint8Array>): string {
  let head = previous;
  for (const value of values) {
    const headBytes = head.length / 2;
    const size = headBytes + value.length;
    if (size > scratch.length) scratch = Buffer.alloc(2 * size);
    // A hash as text costs half of one as a buffer.
    scratch.write(head, 'hex');
    scratch.set(value, headBytes);
    head = hash('sha256', scratch.subarray(0, size), 'hex');
  }
  return head;
}
