import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CellTally } from './cell.ts';
import { isNewer, standingGeneration, takeInto, viewsOf } from './generations.ts';
import { addUp, cellsOf, noTallies } from './tallies.ts';
import { decodeTallyRecord, encodeTallyRecord, type TallyRecord } from './tally-record.ts';

const shards = 3;
const generations = [
  { protocolVersion: 1, foldVersion: 1 },
  { protocolVersion: 1, foldVersion: 2 },
  { protocolVersion: 2, foldVersion: 1 },
  { protocolVersion: 2, foldVersion: 2 },
] as const;

/** What happens in one shard: its owner claims in `parts`, of which `kept` reach the log, or counts `n` more on day 1. */
type Deed = { readonly shard: number; readonly generation: number } & (
  | { readonly does: 'claims'; readonly parts: number; readonly kept: number }
  | { readonly does: 'counts'; readonly n: number }
);

const common = { shard: fc.nat(shards - 1), generation: fc.nat(generations.length - 1) };
const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.oneof(
    fc.record({
      ...common,
      does: fc.constant('claims'),
      parts: fc.integer({ min: 1, max: 3 }),
      kept: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({ ...common, does: fc.constant('counts'), n: fc.integer({ min: 1, max: 9 }) }),
  ) as fc.Arbitrary<Deed>,
  { maxLength: 40 },
);

const cell = (site: string, n: number): CellTally => ({
  measure: 'm',
  kind: 'events',
  window: 7,
  policy: '',
  item: '',
  of: 0,
  axis: 'study',
  arm: 'a',
  site,
  group: '',
  days: n === 0 ? [] : [1, n],
});

/** Lets the deeds happen in their order; answers the records as the shards' partitions have them, and what each generation has come to. */
function happen(all: readonly Deed[]) {
  const log: TallyRecord[][] = Array.from({ length: shards }, () => []);
  /** By shard and generation: what the shard itself holds, and what of it a reader can know. */
  const truth = new Map<string, { held: number; told: number | undefined; owner: number; sequence: number }>();
  for (const [time, deed] of all.entries()) {
    const { shard } = deed;
    const generation = generations[deed.generation] ?? generations[0];
    const key = `${shard} ${deed.generation}`;
    const state = truth.get(key) ?? { held: 0, told: undefined, owner: 0, sequence: 0 };
    truth.set(key, state);
    const word = (kind: TallyRecord['kind'], cells: CellTally[], part = 0, parts = 1): TallyRecord => ({
      kind,
      owner: `${key} ${state.owner}`,
      sequence: state.sequence,
      offset: state.sequence,
      asOf: null,
      ...generation,
      cells,
      part,
      parts,
    });
    if (deed.does === 'claims') {
      state.owner = time;
      const said = Array.from({ length: deed.parts }, (_, part) =>
        word('claim', part === 0 ? [cell(`S${shard}`, state.held)] : [], part, deed.parts),
      ).slice(0, deed.kept);
      log[shard]?.push(...said);
      if (said.length === deed.parts) state.told = state.held;
      // An owner that was killed within its claim says nothing more: its differences would follow nothing.
      else state.owner = -1;
    } else if (state.owner > 0 || state.told !== undefined) {
      if (state.owner === -1) continue;
      state.held += deed.n;
      state.sequence += 1;
      log[shard]?.push(word('difference', [cell(`S${shard}`, deed.n)]));
      state.told = state.held;
    }
  }
  return { log, truth };
}

describe('generations of shards', () => {
  test('a reader stands on the newest that every shard has claimed in full, and adds up no other', () => {
    fc.assert(
      fc.property(deeds, (all) => {
        const { log, truth } = happen(all);
        const read = log.map((records) =>
          records.reduce((seen, record) => takeInto(seen, decodeTallyRecord(encodeTallyRecord(record))), new Map()),
        );
        const whole = generations.filter((_, g) =>
          Array.from({ length: shards }).every((__, shard) => truth.get(`${shard} ${g}`)?.told !== undefined),
        );
        const standing = standingGeneration(read);
        if (whole.length === 0) return;
        expect(standing).toEqual(whole.reduce((a, b) => (isNewer(b, a) ? b : a)));
        const g = generations.findIndex((each) => JSON.stringify(each) === JSON.stringify(standing));
        const views = viewsOf(read, standing);
        for (const [shard, view] of views.entries()) {
          expect(view.position).toMatchObject(standing ?? {});
          const told = truth.get(`${shard} ${g}`)?.told ?? 0;
          expect(cellsOf(view.tallies ?? noTallies)).toEqual(cellsOf(addUp(noTallies, [cell(`S${shard}`, told)])));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('where no generation is whole, that of the most shards is shown, and the others say nothing', () => {
    const { log } = happen([
      { shard: 0, generation: 0, does: 'claims', parts: 1, kept: 1 },
      { shard: 1, generation: 0, does: 'claims', parts: 1, kept: 1 },
      { shard: 0, generation: 2, does: 'claims', parts: 1, kept: 1 },
    ]);
    const read = log.map((records) => records.reduce(takeInto, new Map()));
    const standing = standingGeneration(read);
    expect(standing).toEqual(generations[0]);
    expect(viewsOf(read, standing).map(({ tallies }) => tallies !== undefined)).toEqual([true, true, false]);
  });

  test('of nothing there is none', () => {
    expect(standingGeneration([new Map(), new Map()])).toBeUndefined();
  });
});
