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

export type OpenHistories = {
  readonly histories: readonly OpenHistory[];
  readonly clock: CivilDay | undefined;
};

/**
 * Participants' open events of a selection, without any key: each event is shown once, at its first coming, whatever was sent again.
 */
export async function openHistories(
  source: RecordSource,
  protocol: Protocol,
  selection: Selection,
  onArrival: (arrival: OpenArrival) => void,
): Promise<OpenHistories> {
  const decode = recordDecoder(undefined);
  const histories = new Map<
    string,
    { participant: string; open: Observation<'open'>[]; boxes: Set<string>; seen: Set<string> }
  >();
  for await (const { envelope, record, sha256 } of selectedEvents(source, protocol, selection)) {
    const participant = envelope.subject ?? '';
    const history = histories.get(participant) ?? { participant, open: [], boxes: new Set(), seen: new Set() };
    histories.set(participant, history);
    if (history.seen.has(sha256)) continue;
    history.seen.add(sha256);
    const decoded = await decode({ partition: 0, offset: 0, key: participant, value: Buffer.from(record, 'utf8') });
    if (decoded.kind === 'box') history.boxes.add(identityKey(decoded));
    if (decoded.kind !== 'open') continue;
    const { observation } = decoded;
    history.open.push(observation);
    onArrival({ observation, time: Date.parse(envelope.time), receivedtime: envelope.receivedtime });
  }
  const newest = await newestDate(source);
  return {
    histories: [...histories.values()],
    clock: clockOf(protocol, selection, newest === undefined ? undefined : civilDay(newest)),
  };
}
