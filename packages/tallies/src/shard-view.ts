import { addUp, noTallies, type Tallies } from './tallies.ts';
import type { Position, TallyRecord } from './tally-record.ts';

/** What a reader holds of one shard. Undefined tallies: no complete claim was seen yet. */
export type ShardView = {
  readonly tallies: Tallies | undefined;
  readonly position: Position | undefined;
  /** Head of the hash chain at the position; on the closed topic only. */
  readonly chain: string | undefined;
  readonly owner: string | undefined;
  readonly sequence: number;
  /** A difference is missing: the numbers are true at their position, but no longer move until the next claim. */
  readonly stale: boolean;
  /** Parts of a claim or difference that is not complete yet. */
  readonly parts: readonly TallyRecord[];
};

export const unseenShard: ShardView = {
  tallies: undefined,
  position: undefined,
  chain: undefined,
  owner: undefined,
  sequence: -1,
  stale: false,
  parts: [],
};

function continues(parts: readonly TallyRecord[], record: TallyRecord): boolean {
  const [first] = parts;
  if (record.part !== parts.length) return false;
  return (
    first === undefined ||
    (first.kind === record.kind &&
      first.owner === record.owner &&
      first.sequence === record.sequence &&
      first.parts === record.parts)
  );
}

/** Whether a record can ever count: a claim always; a difference only as its claim's owner's next word, or as proof of a gap. */
function matters(view: ShardView, record: TallyRecord): boolean {
  return (
    record.kind === 'claim' ||
    (view.tallies !== undefined && record.owner === view.owner && record.sequence > view.sequence)
  );
}

/**
 * Takes in the next record of a shard's partition. Fencing is by order in the log: after a claim only that owner's next
 * sequence is added, so repeats, restarts and the late words of a former owner change nothing.
 */
export function takeIn(view: ShardView, record: TallyRecord): ShardView {
  if (!matters(view, record)) return view;
  if (record.kind === 'difference' && (view.stale || record.sequence > view.sequence + 1))
    return { ...view, stale: true, parts: [] };
  const begun = record.part === 0 ? [] : view.parts;
  // A part out of its place is the late word of a former owner: whatever is being gathered goes on without it.
  if (!continues(begun, record)) return view;
  const parts = [...begun, record];
  if (parts.length < record.parts) return { ...view, parts };
  const { offset, asOf, protocolVersion, foldVersion } = record;
  return {
    tallies: addUp(
      record.kind === 'claim' ? noTallies : (view.tallies ?? noTallies),
      ...parts.map((part) => part.cells),
    ),
    position: { offset, asOf, protocolVersion, foldVersion },
    chain: record.chain,
    owner: record.owner,
    sequence: record.sequence,
    stale: false,
    parts: [],
  };
}
