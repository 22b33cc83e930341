import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { opener, openVault, type TrialKey, trialVault } from '@holdfast/access';
import { civilDay, dateOf, fullType, type Protocol } from '@holdfast/events';
import { foldVersion } from '@holdfast/outcomes';
import { openShard } from '@holdfast/shards';
import { addUp, noTallies } from '@holdfast/tallies';
import type { TrialTallies } from '@holdfast/trials';
import { recordDecoder } from './decode.ts';
import { envelopeOf, isParticipants } from './envelope.ts';
import { gather, nothingGathered } from './gather.ts';
import type { RecordSource } from './record-source.ts';
import { clockOf, happenedBy, protocolUpTo, type Selection, selectedBy } from './selection.ts';

/** Participants folded in one transaction. */
const participantsAtOnce = 500;

export type SelectionOptions = {
  readonly source: RecordSource;
  readonly protocol: Protocol;
  readonly selection: Selection;
  /** The newest date that the source says has begun; null: none. */
  readonly newest: string | null;
  /** What opens the boxes; without it only open events are folded, and only open tallies come out. */
  readonly key: TrialKey | undefined;
};

/**
 * The tallies of a selection of a trial's events, folded anew into a shard that lives no longer than this. They are those of the `open`
 * side unless the trial is open-label or its key was given: then they are by arm (`closed`).
 */
export async function selectionTallies({
  source,
  protocol,
  selection,
  newest,
  key,
}: SelectionOptions): Promise<TrialTallies> {
  const isDouble = protocol.blinding === 'double';
  const opened = isDouble ? key : undefined;
  const decode = recordDecoder(opened && opener(opened));
  const isSelected = selectedBy(selection, protocol);
  const isWhole = selection.asOf === undefined && selection.cutOff === undefined;
  const clock = clockOf(protocol, selection, newest === null ? undefined : civilDay(newest));
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-selection-'));
  try {
    const shard = await openShard({
      file: join(folder, 'shard.duckdb'),
      owner: 'selection',
      logId: 'selection',
      logEnd: 0,
      protocol: protocolUpTo(protocol, selection.cutOff),
      vault: opened === undefined ? openVault : trialVault(opened),
    });
    try {
      let nextOffset = 0;
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
        const everybody = [...gathered.arrivals];
        for (let i = 0; i < everybody.length; i += participantsAtOnce) {
          nextOffset += 1;
          const arrivals = new Map(everybody.slice(i, i + participantsAtOnce));
          await shard.apply({ nextOffset, chain: '', arrivals, clock });
        }
      }
      const { open, closed } = await shard.tallies();
      const asOf = clock === undefined ? null : dateOf(clock);
      return {
        tallies: addUp(noTallies, isDouble && opened === undefined ? open : closed),
        positions: source.ends.map((offset) => ({ offset, asOf, protocolVersion: protocol.version, foldVersion })),
        chains: source.ends.map(() => undefined),
        stale: [],
      };
    } finally {
      await shard.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
