import { type CivilDay, civilDay, type Protocol } from '@holdfast/events';
import { identityKey, type Observation } from '@holdfast/outcomes';
import { newestDate, textOf } from './cut-contents.ts';
import { recordDecoder } from './decode.ts';
import { envelopeOf, isParticipants } from './envelope.ts';
import type { RecordSource } from './record-source.ts';
import { clockOf, type Selection, selectedBy } from './selection.ts';

/** What anybody may see of a participant: the open events, and the identities of those that are sealed. */
export type OpenHistory = {
  readonly participant: string;
  readonly open: readonly Observation<'open'>[];
  readonly boxes: ReadonlySet<string>;
};

/** An open event as it came in. */
export type OpenArrival = {
  readonly observation: Observation<'open'>;
  /** When it happened: an RFC 3339 time with the site's own offset. */
  readonly time: string;
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
  const isSelected = selectedBy(selection, protocol);
  for (const partition of source.ends.keys()) {
    const gathered = new Map<string, Gathering>();
    for await (const records of source.read(partition)) {
      for (const record of records) {
        const envelope = envelopeOf(textOf(record.value));
        if (!isParticipants(envelope) || !isSelected(envelope)) continue;
        const { subject: participant = '', time, receivedtime } = envelope;
        let known = gathered.get(participant);
        if (known === undefined) {
          known = { participant, open: [], boxes: new Set(), contents: new Set() };
          gathered.set(participant, known);
        }
        const outcome = decode(record);
        const decoded = outcome instanceof Promise ? await outcome : outcome;
        if (decoded.kind === 'box') known.boxes.add(identityKey(decoded));
        if (decoded.kind !== 'open' || known.contents.has(decoded.observation.sha256)) continue;
        const { observation } = decoded;
        known.contents.add(observation.sha256);
        known.open.push(observation);
        onArrival({ observation, time, receivedtime });
      }
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
