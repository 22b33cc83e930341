import { type CivilDay, civilDay, type Protocol } from '@holdfast/events';
import { identityKey, type Observation } from '@holdfast/outcomes';
import { newestDate, selectedEvents } from './cut-contents.ts';
import { recordDecoder } from './decode.ts';
import type { RecordSource } from './record-source.ts';
import { clockOf, type Selection } from './selection.ts';

/** What anybody may see of a participant: the open events, and the identities of those that are sealed. */
export type OpenHistory = {
  readonly participant: string;
  readonly open: readonly Observation<'open'>[];
  readonly boxes: ReadonlySet<string>;
};

/** An open event as it came in. */
export type OpenArrival = {
  readonly observation: Observation<'open'>;
  /** When it happened, in milliseconds. */
  readonly time: number;
  /** An RFC 3339 time; undefined where nothing stamped it. */
  readonly receivedtime: string | undefined;
};

type Gathering = {
  readonly participant: string;
  readonly open: Observation<'open'>[];
  readonly boxes: Set<string>;
  readonly contents: Set<string>;
};

/**
 * Participants' open events of a selection, without any key, with no more than a partition in memory. Each event is shown to
 * `onArrival` once, at its first coming, whatever was sent again.
 */
export async function* openHistories(
  source: RecordSource,
  protocol: Protocol,
  selection: Selection,
  onArrival: (arrival: OpenArrival) => void,
): AsyncGenerator<OpenHistory> {
  const decode = recordDecoder(undefined);
  for (const [partition, end] of source.ends.entries()) {
    const alone: RecordSource = { ends: [end], read: () => source.read(partition) };
    const gathered = new Map<string, Gathering>();
    for await (const { envelope, record, sha256 } of selectedEvents(alone, protocol, selection)) {
      const { subject: participant = '', time, receivedtime } = envelope;
      const known = gathered.get(participant) ?? { participant, open: [], boxes: new Set(), contents: new Set() };
      gathered.set(participant, known);
      if (known.contents.has(sha256)) continue;
      known.contents.add(sha256);
      const outcome = decode({ partition, offset: 0, key: participant, value: Buffer.from(record, 'utf8') });
      const decoded = outcome instanceof Promise ? await outcome : outcome;
      if (decoded.kind === 'box') known.boxes.add(identityKey(decoded));
      if (decoded.kind !== 'open') continue;
      const { observation } = decoded;
      known.open.push(observation);
      onArrival({ observation, time: Date.parse(time), receivedtime });
    }
    yield* gathered.values();
  }
}

/** The clock of a selection of a trial's events. */
export async function clockOfSelection(
  source: RecordSource,
  protocol: Protocol,
  selection: Selection,
): Promise<CivilDay | undefined> {
  const newest = await newestDate(source);
  return clockOf(protocol, selection, newest === undefined ? undefined : civilDay(newest));
}
