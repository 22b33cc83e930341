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
  /** Parts of a claim that is not complete yet, and of the owner's next difference: neither disturbs the other. */
  readonly gathered: Readonly<Record<TallyRecord['kind'], readonly TallyRecord[]>>;
};

export const unseenShard: ShardView = {
  tallies: undefined,
  position: undefined,
  chain: undefined,
  owner: undefined,
  sequence: -1,
  stale: false,
  gathered: { claim: [], difference: [] },
};

function isOfSameWord(a: TallyRecord | undefined, b: TallyRecord): boolean {
  return a !== undefined && a.owner === b.owner && a.sequence === b.sequence && a.parts === b.parts;
}

/**
 * Whether a record can still count. All that the owner said up to the sequence is known, its claims included: an old one that
 * comes again takes nothing back. Of others only claims count.
 */
function matters({ owner, sequence }: ShardView, record: TallyRecord): boolean {
  return record.owner === owner ? record.sequence > sequence : record.kind === 'claim';
}

/** What is gathered of a word, with its next part. A part that comes again, or after one that is missing, changes nothing. */
function withPart(gathered: readonly TallyRecord[], record: TallyRecord): readonly TallyRecord[] {
  if (isOfSameWord(gathered[0], record)) return record.part === gathered.length ? [...gathered, record] : gathered;
  return record.part === 0 ? [record] : gathered;
}

/**
 * Takes in the next record of a shard's partition. Fencing is by order in the log: after a claim only that owner's next
 * sequence is added, so repeats, restarts and the late words of a former owner change nothing. Of claims that overlap the one
 * that was begun last counts.
 */
export function takeIn(view: ShardView, record: TallyRecord): ShardView {
  if (!matters(view, record)) return view;
  const { kind, offset, asOf, protocolVersion, foldVersion, chain, owner, sequence } = record;
  if (kind === 'difference' && (view.stale || sequence > view.sequence + 1)) {
    return { ...view, stale: true, gathered: { ...view.gathered, difference: [] } };
  }
  const parts = withPart(view.gathered[kind], record);
  if (parts === view.gathered[kind]) return view;
  if (parts.length < record.parts) return { ...view, gathered: { ...view.gathered, [kind]: parts } };
  const before = kind === 'claim' ? noTallies : (view.tallies ?? noTallies);
  return {
    tallies: addUp(before, ...parts.map(({ cells }) => cells)),
    position: { offset, asOf, protocolVersion, foldVersion },
    chain,
    owner,
    sequence,
    stale: false,
    gathered: kind === 'claim' ? unseenShard.gathered : { ...view.gathered, difference: [] },
  };
}
