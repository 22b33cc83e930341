import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CellTally } from './cell.ts';
import { type ShardView, takeIn, unseenShard } from './shard-view.ts';
import { addUp, cellsOf, noTallies } from './tallies.ts';
import type { TallyRecord } from './tally-record.ts';

const cells: fc.Arbitrary<CellTally[]> = fc.array(
  fc.record(
    {
      measure: fc.constant('m'),
      kind: fc.constantFrom('abstinent', 'assessable'),
      window: fc.constant(7),
      policy: fc.constant('observed-only'),
      item: fc.constant(''),
      of: fc.constant(0),
      axis: fc.constant('study'),
      arm: fc.constantFrom('a', 'b'),
      site: fc.constant('S1'),
      group: fc.constantFrom('', '[["stratum","mild"]]'),
      days: fc.tuple(fc.nat(3), fc.integer({ min: -2, max: 2 })).map((pair) => [...pair]),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 4 },
);

/** What the owners of a shard do, one after the other. `lost` is a part that never reaches the log; 9 is the whole word. */
type Deed =
  | { readonly does: 'takes over' | 'claims'; readonly parts: number; readonly lost: number | undefined }
  | { readonly does: 'counts'; readonly parts: number; readonly lost: number | undefined; readonly cells: CellTally[] };

/** What stands in the log besides, before a record: it must change nothing. */
type Noise = { readonly kind: 'repeat' | 'late word'; readonly pick: number; readonly cells: CellTally[] };

const lost = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 2, 9) },
);
const parts = fc.integer({ min: 1, max: 3 });
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('takes over', 'claims'), parts, lost }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('counts'), parts, lost, cells }) },
);
const noise: fc.Arbitrary<Noise> = fc.record({ kind: fc.constantFrom('repeat', 'late word'), pick: fc.nat(), cells });
/** Most records stand alone, some among one or two that do not matter. */
const noises = fc.array(
  fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(noise, { maxLength: 2 }) }),
  {
    minLength: 60,
    maxLength: 60,
  },
);

/** What a reader must hold: the shard's own numbers at the sequence that it has come to. */
type Held = { readonly owner: string; readonly sequence: number; readonly tallies: string; readonly stale: boolean };

const text = (tallies: readonly CellTally[]) => JSON.stringify(tallies);

/** One word of an owner, in parts. Where a shard is, is told by its sequence, so that the position can be compared too. */
function word(
  kind: TallyRecord['kind'],
  owner: string,
  sequence: number,
  said: readonly CellTally[],
  count: number,
): TallyRecord[] {
  return Array.from({ length: count }, (_, part) => ({
    kind,
    owner,
    sequence,
    offset: sequence * 10,
    asOf: '2026-03-02',
    protocolVersion: 1,
    foldVersion: 1,
    chain: `${sequence}`,
    cells: said.filter((__, index) => index % count === part),
    part,
    parts: count,
  }));
}

/**
 * The log of a shard, and the naive model of its reader. The model sees only what the owners mean: whose claim came through last,
 * how far its differences came through since. `undefined` where a claim of a new owner is under way: until it is there, the former
 * owner's late words still count.
 */
function* story(
  deeds: readonly Deed[],
  noisesBefore: readonly (readonly Noise[])[],
): Generator<[TallyRecord, Held | undefined]> {
  let shard: CellTally[] = [];
  let sequence = 0;
  let owners = 0;
  let held: Held | undefined;
  const known: { owner: string; records: TallyRecord[] }[] = [];
  let slot = 0;
  let brokenAt = '';

  for (const act of deeds) {
    if (act.does === 'takes over' || owners === 0) owners += 1;
    const owner = `owner-${owners}`;
    if (act.does === 'counts') {
      sequence += 1;
      shard = cellsOf(addUp(noTallies, shard, act.cells));
    }
    const kind = act.does === 'counts' ? 'difference' : 'claim';
    const all = word(kind, owner, sequence, act.does === 'counts' ? act.cells : shard, act.parts);
    // A claim that is said again at the same sequence is the same word: of two halves a reader makes a whole, and rightly.
    const lostPart = kind === 'claim' && brokenAt === `${owner} ${sequence}` ? undefined : act.lost;
    const records = all.filter(({ part }) => lostPart !== 9 && part !== lostPart);
    const whole = records.length === all.length;
    if (kind === 'claim' && !whole) brokenAt = `${owner} ${sequence}`;
    const takingOver = kind === 'claim' && owner !== held?.owner && held !== undefined && whole;
    const said: TallyRecord[] = [];

    for (const record of records) {
      for (const { kind: what, pick, cells: more } of noisesBefore[slot % noisesBefore.length] ?? []) {
        // Repeats are of the present owner's words that came through, or of the word under way. A word that was lost in part may not
        // be mended by the repeat of what was lost, because that never was in the log.
        const repeatable = [
          ...(known.find((one) => one.owner === held?.owner)?.records ?? []),
          ...(takingOver ? [] : said),
        ];
        const repeated = repeatable[pick % Math.max(1, repeatable.length)];
        const former = Array.from({ length: owners - 1 }, (_, n) => `owner-${n + 1}`).filter(
          (name) => takingOver || name !== held?.owner,
        );
        const late = former[pick % Math.max(1, former.length)];
        const lateSequence = sequence - 1 + (pick % 4);
        const count = 1 + (pick % 3);
        const lateWord = late === undefined ? [] : word('difference', late, lateSequence, more, count);
        const chosen = what === 'repeat' ? repeated : lateWord[(pick >> 2) % count];
        if (chosen !== undefined) yield [chosen, takingOver ? undefined : held];
      }
      slot += 1;
      said.push(record);
      const complete = whole && said.length === all.length;
      if (kind === 'claim' && complete) held = { owner, sequence, tallies: text(shard), stale: false };
      else if (kind === 'difference' && held?.owner === owner) {
        if (held.stale || sequence > held.sequence + 1) held = { ...held, stale: true };
        else if (complete) held = { owner, sequence, tallies: text(shard), stale: false };
      }
      yield [record, takingOver && !complete ? undefined : held];
    }
    const mine = known.find((one) => one.owner === owner);
    if (whole && mine !== undefined) mine.records.push(...records);
    else if (whole) known.push({ owner, records: [...records] });
  }
}

const history = fc.tuple(fc.array(deed, { minLength: 1, maxLength: 20 }), noises);

function heldBy(view: ShardView): Held | undefined {
  const { tallies, owner, sequence, stale, position, chain } = view;
  if (tallies === undefined || owner === undefined) return undefined;
  expect([position?.offset, chain]).toEqual([sequence * 10, `${sequence}`]);
  return { owner, sequence, tallies: text(cellsOf(tallies)), stale };
}

const readAll = (records: readonly TallyRecord[]) => records.reduce(takeIn, unseenShard);

describe('a reader of a shard', () => {
  test('holds at every moment what the present owner’s shard held at that sequence; after a gap it says that it is stale', () => {
    fc.assert(
      fc.property(history, ([deeds, noisesBefore]) => {
        let view = unseenShard;
        for (const [record, expected] of story(deeds, noisesBefore)) {
          const before = JSON.stringify([view, view.tallies && cellsOf(view.tallies)]);
          const next = takeIn(view, record);
          expect(JSON.stringify([view, view.tallies && cellsOf(view.tallies)])).toBe(before);
          view = next;
          if (expected !== undefined) expect(heldBy(view)).toEqual(expected);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('may begin to read anywhere before the last claim: it comes to the same', () => {
    fc.assert(
      fc.property(history, fc.nat(), ([deeds, noisesBefore], pick) => {
        const records = [...story(deeds, noisesBefore)].map(([record]) => record);
        const whole = readAll(records);
        const from = pick % records.length;
        const later = readAll(records.slice(from));
        if (later.tallies === undefined || later.sequence < whole.sequence || later.owner !== whole.owner) return;
        expect(heldBy(later)).toEqual(heldBy(whole));
      }),
    );
  });

  test('takes every record in as often as it comes: twice in a row is once', () => {
    fc.assert(
      fc.property(history, ([deeds, noisesBefore]) => {
        let once = unseenShard;
        for (const [record] of story(deeds, noisesBefore)) {
          once = takeIn(once, record);
          expect(takeIn(once, record)).toEqual(once);
        }
      }),
    );
  });
});

describe('by example', () => {
  const one: CellTally = {
    measure: 'm',
    kind: 'abstinent',
    window: 7,
    policy: '',
    item: '',
    of: 0,
    axis: 'study',
    arm: '',
    site: 'S',
    group: '',
    days: [1, 1],
  };
  const two: CellTally = { ...one, days: [2, 1] };
  const claim = (owner: string, sequence: number, said: CellTally[], count = 1) =>
    word('claim', owner, sequence, said, count);
  const difference = (owner: string, sequence: number, said: CellTally[], count = 1) =>
    word('difference', owner, sequence, said, count);
  const seen = (...records: TallyRecord[][]) => {
    const { tallies, owner, sequence, stale } = readAll(records.flat());
    return { days: tallies && cellsOf(tallies).map(({ days }) => days), owner, sequence, stale };
  };

  test('a shard that nobody claimed is unseen, whatever differences there are', () => {
    expect(readAll(difference('A', 1, [one]))).toEqual(unseenShard);
  });

  test('half a claim is none', () => {
    expect(seen(claim('A', 5, [one, two], 2).slice(0, 1)).days).toBeUndefined();
    expect(seen(claim('A', 5, [one, two], 2).slice(1)).days).toBeUndefined();
  });

  test('a claim replaces what was held, and only its owner’s next sequences are added', () => {
    expect(
      seen(claim('A', 5, [one]), claim('B', 5, [two]), difference('A', 6, [one]), difference('B', 6, [two])),
    ).toEqual({
      days: [[2, 2]],
      owner: 'B',
      sequence: 6,
      stale: false,
    });
  });

  test('a late word of the former owner between the parts of a claim does not break the claim', () => {
    const [first = [], second = []] = claim('B', 6, [one, two], 2).map((part) => [part]);
    for (const late of [
      difference('A', 6, [two]),
      difference('A', 6, [one, two], 2).slice(0, 1),
      difference('A', 9, [two]),
    ]) {
      expect(seen(claim('A', 5, [one]), first, late, second)).toEqual({
        days: [[1, 1, 2, 1]],
        owner: 'B',
        sequence: 6,
        stale: false,
      });
    }
  });

  test('of two claims under way at once the one begun last is the owner’s', () => {
    const [a, b] = [claim('A', 5, [one, one], 2), claim('B', 5, [two, two], 2)];
    const [a0, a1, b0, b1] = [a.slice(0, 1), a.slice(1), b.slice(0, 1), b.slice(1)];
    expect(seen(a0, b0, a1, b1)).toMatchObject({ days: [[2, 2]], owner: 'B' });
    expect(seen(a0, b0, b1, a1)).toMatchObject({ days: [[2, 2]], owner: 'B' });
  });

  test('a part that comes twice, even late, leaves the others in their place', () => {
    const [first = [], second = [], third = []] = difference('A', 6, [two, two, two], 3).map((part) => [part]);
    expect(seen(claim('A', 5, [one]), first, second, first, third)).toMatchObject({
      days: [[1, 1, 2, 3]],
      sequence: 6,
      stale: false,
    });
  });

  test('an old claim that is repeated takes nothing back, and heals no gap', () => {
    const old = claim('A', 5, [one]);
    expect(seen(old, difference('A', 6, [two]), old, difference('A', 7, [two]))).toMatchObject({
      days: [[1, 1, 2, 2]],
      sequence: 7,
      stale: false,
    });
    expect(seen(old, difference('A', 7, [two]), old)).toMatchObject({ days: [[1, 1]], sequence: 5, stale: true });
  });

  test('after a gap the numbers stay, stale, until the next claim', () => {
    expect(seen(claim('A', 5, [one]), difference('A', 7, [two]), difference('A', 8, [two]))).toEqual({
      days: [[1, 1]],
      owner: 'A',
      sequence: 5,
      stale: true,
    });
    expect(
      seen(claim('A', 5, [one]), difference('A', 7, [two]), claim('A', 8, [one, two]), difference('A', 9, [two])),
    ).toEqual({
      days: [[1, 1, 2, 2]],
      owner: 'A',
      sequence: 9,
      stale: false,
    });
  });

  test('a difference without numbers moves the position all the same', () => {
    expect(readAll([...claim('A', 5, [one]), ...difference('A', 6, [])]).position?.offset).toBe(60);
  });
});
