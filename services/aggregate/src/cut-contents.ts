import { createHash } from 'node:crypto';
import { contentOf, type Protocol, sha256 } from '@holdfast/events';
import { chained } from './decode.ts';
import { type Envelope, envelopeOf, isParticipants } from './envelope.ts';
import type { RecordSource } from './record-source.ts';
import { type Selection, selectedBy } from './selection.ts';

/** An event of a selection: its envelope, its text as stored, and the SHA-256 of its content. A sealed one stays in its box. */
export type SelectedEvent = { readonly envelope: Envelope; readonly record: string; readonly sha256: string };

/** The participants' events of a selection, as often as they were received. */
export async function* selectedEvents(
  source: RecordSource,
  protocol: Protocol,
  selection: Selection,
): AsyncGenerator<SelectedEvent> {
  const isSelected = selectedBy(selection, protocol);
  for (const partition of source.ends.keys()) {
    for await (const records of source.read(partition)) {
      for (const { key, value } of records) {
        if (key === '') continue;
        const record = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
        const envelope = envelopeOf(record);
        if (isParticipants(envelope) && isSelected(envelope))
          yield { envelope, record, sha256: sha256(contentOf(record)) };
      }
    }
  }
}

export type Contents = {
  /** Different contents. */
  readonly events: number;
  readonly digest: string;
  /** As `digest`, of the open events alone. */
  readonly openDigest: string;
};

/**
 * What a selection holds, whatever its partitions, order and repetitions: SHA-256 over the sorted SHA-256s of its different contents,
 * each on a line.
 */
export async function contentsOf(source: RecordSource, protocol: Protocol, selection: Selection): Promise<Contents> {
  const [all, open] = [new Set<string>(), new Set<string>()];
  for await (const { envelope, sha256: content } of selectedEvents(source, protocol, selection)) {
    all.add(content);
    if (envelope.type !== 'org.holdfast.sealed.v1') open.add(content);
  }
  return { events: all.size, digest: digestOf(all), openDigest: digestOf(open) };
}

function digestOf(contents: ReadonlySet<string>): string {
  const digest = createHash('sha256');
  for (const content of [...contents].sort()) digest.update(`${content}\n`);
  return digest.digest('hex');
}

/** The heads of the partitions' hash chains at the ends of a source; closed, since they depend on what is sealed. */
export async function chainHeads(source: RecordSource): Promise<string[]> {
  const heads: string[] = [];
  for (const partition of source.ends.keys()) {
    let head = '';
    for await (const records of source.read(partition))
      head = chained(
        head,
        records.map(({ value }) => value),
      );
    heads.push(head);
  }
  return heads;
}
