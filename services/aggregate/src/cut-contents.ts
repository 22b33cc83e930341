import { createHash } from 'node:crypto';
import { contentOf, type Protocol, sha256 } from '@holdfast/events';
import type { LogRecord } from '@holdfast/log';
import { chained } from './decode.ts';
import { type Envelope, envelopeOf, isParticipants } from './envelope.ts';
import { loggedEvent } from './logged-event.ts';
import type { RecordSource } from './record-source.ts';
import { type Selection, selectedBy } from './selection.ts';

/** An event of a selection: its envelope, its text as stored, and the SHA-256 of its content. A sealed one stays in its box. */
export type SelectedEvent = { readonly envelope: Envelope; readonly record: string; readonly sha256: string };

/** A record as text. */
export const textOf = (value: Uint8Array) =>
  Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');

/** The participants' events of a selection, as often as they were received. */
export async function* selectedEvents(
  source: RecordSource,
  protocol: Protocol,
  selection: Selection,
): AsyncGenerator<SelectedEvent> {
  const isSelected = selectedBy(selection, protocol);
  for (const partition of source.ends.keys()) {
    for await (const records of source.read(partition)) {
      for (const { value } of records) {
        const event = eventIn(textOf(value), isSelected);
        if (event !== undefined) yield event;
      }
    }
  }
}

function eventIn(record: string, isSelected: (envelope: Envelope) => boolean): SelectedEvent | undefined {
  const envelope = envelopeOf(record);
  if (!isParticipants(envelope) || !isSelected(envelope)) return undefined;
  return { envelope, record, sha256: sha256(contentOf(record)) };
}

export type Contents = {
  /** Different contents. */
  readonly events: number;
  /**
   * Over what is held, whatever its partitions, order and repetitions: SHA-256 of the sorted SHA-256s of the different contents, each on
   * a line. What is sealed enters as its box, so this is closed in a double-blind trial.
   */
  readonly digest: string;
  /** As `digest`, over the open events alone. */
  readonly openDigest: string;
  /** The newest date that any partition says has begun. */
  readonly newest: string | undefined;
  /** Heads of the partitions' hash chains at the ends of the source; closed too. */
  readonly heads: readonly string[];
};

/** Reads a source once and says what a selection of it holds. */
export async function contentsOf(source: RecordSource, protocol: Protocol, selection: Selection): Promise<Contents> {
  const isSelected = selectedBy(selection, protocol);
  const [all, open, heads] = [new Set<string>(), new Set<string>(), [] as string[]];
  let newest: string | undefined;
  for (const partition of source.ends.keys()) {
    let head = '';
    for await (const records of source.read(partition)) {
      head = chained(
        head,
        records.map(({ value }) => value),
      );
      for (const record of records) {
        newest = laterDate(newest, dateTurned(record));
        const event = eventIn(textOf(record.value), isSelected);
        if (event === undefined) continue;
        all.add(event.sha256);
        if (event.envelope.type !== 'org.holdfast.sealed.v1') open.add(event.sha256);
      }
    }
    heads.push(head);
  }
  return { events: all.size, digest: digestOf(all), openDigest: digestOf(open), newest, heads };
}

function digestOf(contents: ReadonlySet<string>): string {
  const digest = createHash('sha256');
  for (const content of [...contents].sort()) digest.update(`${content}\n`);
  return digest.digest('hex');
}

/** The newest date that any partition of a source says has begun. */
export async function newestDate(source: RecordSource): Promise<string | undefined> {
  let newest: string | undefined;
  for (const partition of source.ends.keys())
    for await (const records of source.read(partition))
      for (const record of records) newest = laterDate(newest, dateTurned(record));
  return newest;
}

/** The date that a record of Holdfast's own says has begun; undefined of all other records. */
function dateTurned({ key, value }: LogRecord): string | undefined {
  if (key !== '') return undefined;
  const event = loggedEvent(textOf(value));
  return event?.type === 'org.holdfast.day-turned.v1' ? event.data.date : undefined;
}

function laterDate(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}
