import type { CellTally } from './cell.ts';

/** How far a shard had come: what its numbers include. */
export type Position = {
  /** The offset of the next event: everything before it is included. */
  readonly offset: number;
  /** The newest date known to have begun, `YYYY-MM-DD`; null before the first. */
  readonly asOf: string | null;
  readonly protocolVersion: number;
  readonly foldVersion: number;
};

type Common = Position & {
  /** Names an opening of the shard by its owner. */
  readonly owner: string;
  /** Counts the batches of the shard; the differences after a claim continue from the claim's sequence. */
  readonly sequence: number;
  /** Head of the hash chain at the offset; on the closed topic only. */
  readonly chain?: string;
  readonly cells: readonly CellTally[];
};

/** Integer differences of one batch. They count only after this owner's claim, in sequence. */
export type Difference = Common & { readonly kind: 'difference' };

/** A shard's complete tallies at a sequence. It replaces whatever a reader holds of the shard. */
export type Claim = Common & { readonly kind: 'claim' };

/** What travels on a trial's tallies topics, in parts that count together; the records of a shard lie in the partition of its number. */
export type TallyRecord = (Difference | Claim) & { readonly part: number; readonly parts: number };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeTallyRecord(record: TallyRecord): Uint8Array {
  return encoder.encode(JSON.stringify(record));
}

export function decodeTallyRecord(value: Uint8Array): TallyRecord {
  return JSON.parse(decoder.decode(value)) as TallyRecord;
}

/** Numbers (and keys, as so many numbers) in a part: well below a broker's default limit of a megabyte. */
const numbersPerPart = 40_000;
const numbersPerKey = 40;

/** A claim or difference in parts of bounded size; one without cells is a part too, since it moves the position. */
export function inParts(whole: Difference | Claim): TallyRecord[] {
  const groups: CellTally[][] = [[]];
  let weight = 0;
  for (const cell of whole.cells) {
    const more = cell.days.length + numbersPerKey;
    if (weight > 0 && weight + more > numbersPerPart) {
      groups.push([]);
      weight = 0;
    }
    groups.at(-1)?.push(cell);
    weight += more;
  }
  return groups.map((cells, part) => ({ ...whole, cells, part, parts: groups.length }));
}
