import type { Opener } from '@holdfast/access';
import { dateOf, fullType, type Protocol } from '@holdfast/events';
import type { Arrivals } from '@holdfast/shards';
import { recordDecoder } from './decode.ts';
import { envelopeOf, isParticipants } from './envelope.ts';
import { gather, nothingGathered } from './gather.ts';
import type { RecordSource } from './record-source.ts';
import { happenedBy, type Selection, selectedBy } from './selection.ts';

/** What one partition holds of a selection. */
export type Selected = {
  readonly arrivals: ReadonlyMap<string, Arrivals>;
  /** How many sealed events could not be opened; of these nobody knows when they happened. */
  readonly unreadable: number;
};

/** What a selection holds of its participants, a partition at a time. Without an opener only open events are seen. */
export async function* selectedArrivals(
  source: RecordSource,
  protocol: Protocol,
  selection: Selection,
  opener: Opener | undefined,
): AsyncGenerator<Selected> {
  const decode = recordDecoder(opener);
  const isSelected = selectedBy(selection, protocol);
  const isWhole = selection.asOf === undefined && selection.cutOff === undefined;
  for (const partition of source.ends.keys()) {
    const gathered = nothingGathered();
    for await (const records of source.read(partition)) {
      const wanted = records.filter(({ value }) => {
        if (isWhole) return true;
        const envelope = envelopeOf(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
        return isParticipants(envelope) && isSelected(envelope);
      });
      // What was sealed shows only now when it happened.
      await gather(
        gathered,
        wanted,
        decode,
        ({ side, type, day }) => side === 'open' || happenedBy(selection.cutOff, fullType(type), dateOf(day)),
      );
    }
    yield { arrivals: gathered.arrivals, unreadable: gathered.unreadable.length };
  }
}
