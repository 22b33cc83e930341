import { type CivilDay, civilDay, fullType, type Protocol } from '@holdfast/events';
import type { LogRecord } from '@holdfast/log';
import { identityKey, type Observation } from '@holdfast/outcomes';
import { newestDate, textOf } from './cut-contents.ts';
import { recordDecoder } from './decode.ts';
import { envelopeOf } from './envelope.ts';
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
  const isBoxSelected = ({ value }: LogRecord) => isSelected(envelopeOf(textOf(value)));
  for (const partition of source.ends.keys()) {
    for (const [participant, records] of await recordsByParticipant(source.read(partition))) {
      const [open, boxes, contents] = [[] as Observation<'open'>[], new Set<string>(), new Set<string>()];
      for (const record of records) {
        const outcome = decode(record);
        const decoded = outcome instanceof Promise ? await outcome : outcome;
        if (decoded.kind === 'box' && isBoxSelected(record)) boxes.add(identityKey(decoded));
        if (decoded.kind !== 'open') continue;
        const { observation, time, receivedtime } = decoded;
        if (contents.has(observation.sha256) || !isSelected({ type: fullType(observation.type), time, receivedtime }))
          continue;
        contents.add(observation.sha256);
        open.push(observation);
        onArrival({ observation, time, receivedtime });
      }
      if (open.length > 0 || boxes.size > 0) yield { participant, open, boxes };
    }
  }
}

/** Kept as they are read: decoding one participant at a time leaves little for the garbage collector to carry along. */
async function recordsByParticipant(
  batches: AsyncIterable<readonly LogRecord[]>,
): Promise<ReadonlyMap<string, readonly LogRecord[]>> {
  const gathered = new Map<string, LogRecord[]>();
  for await (const records of batches) {
    for (const record of records) {
      // Holdfast's own records have no participant for a key.
      if (record.key === '') continue;
      const known = gathered.get(record.key);
      if (known === undefined) gathered.set(record.key, [record]);
      else known.push(record);
    }
  }
  return gathered;
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
