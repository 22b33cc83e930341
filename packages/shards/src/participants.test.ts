import { type Follower, follower, type History } from '@holdfast/outcomes';
import type { Cell } from '@holdfast/tallies';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbCorrected, arbReplay, arrivedBy, type Replay } from '../../../test/reference/arbitrary-replays.ts';
import type { Arrivals } from './arrivals.ts';
import { BatchDifference, type ChangedDay } from './batch-difference.ts';
import type { Evidence } from './evidence.ts';
import { Participants } from './participants.ts';
import { factTally } from './put-facts.ts';

const names = ['P-1', 'P-2', 'P-3', 'P-4'];

/** Evidence as a shard keeps it, without a database. */
function evidenceInMemory(): Evidence {
  const kept = new Map<string, History>();
  return {
    async keep(handOver) {
      const handed: History[] = [];
      const write = () => {
        for (const { participant, open, sealed } of handed.splice(0)) {
          const before = kept.get(participant) ?? { participant, open: [], sealed: [] };
          kept.set(participant, {
            participant,
            open: [...before.open, ...open],
            sealed: [...before.sealed, ...sealed],
          });
        }
      };
      await handOver((fresh) => handed.push(fresh), write);
      write();
    },
    of: async (wanted) => new Map([...kept].filter(([name]) => wanted.includes(name))),
    async openEvents(wanted) {
      return new Map(
        [...wanted].map(([name, identities]) => [
          name,
          (kept.get(name)?.open ?? []).filter((one) =>
            identities.some(({ source, id }) => one.source === source && one.id === id),
          ),
        ]),
      );
    },
  };
}

/** Arrivals of everybody, handed over whole or one observation at a time. */
async function* handedOver({ open, sealed }: Arrivals, bitByBit: boolean): AsyncGenerator<readonly [string, Arrivals]> {
  const parts = bitByBit
    ? [
        ...open.map((one): Arrivals => ({ open: [one], sealed: [] })),
        ...sealed.map((one): Arrivals => ({ open: [], sealed: [one] })),
      ]
    : [{ open, sealed }];
  for (const part of parts) {
    if (part.open.length + part.sealed.length > 0) for (const name of names) yield [name, part];
  }
}

/** What all batches of a trial come to in the tallies, with so many days in each, where participants are remembered up to so many bytes. */
async function tallied(
  replay: Replay,
  begin: Follower,
  mostRemembered: number,
  daysEach: readonly number[],
  bitByBit = false,
): Promise<string[]> {
  const { protocol, firstClock, lastClock } = replay;
  const evidence = evidenceInMemory();
  const known = new Set<string>();
  const cells: Cell[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (cell: Cell) => {
    const text = JSON.stringify(cell, Object.keys(cell).sort());
    const number = numbers.get(text) ?? cells.push(cell) - 1;
    numbers.set(text, number);
    return number;
  };
  const participants = new Participants({
    follow: begin,
    evidence,
    tallyOf: factTally({ protocol, armToken: (arm) => arm, numberOf }),
    isKnown: (name) => known.has(name),
    mostRemembered,
  });
  const sums = new Map<string, number>();
  const add = (changes: readonly ChangedDay[]) => {
    const texts = [...numbers.keys()];
    for (const [cell, day, n] of changes)
      sums.set(`${texts[cell]} ${day}`, (sums.get(`${texts[cell]} ${day}`) ?? 0) + n);
  };
  let before: History | undefined;
  let clock: number | undefined;
  for (let batch = 0; clock !== lastClock; batch += 1) {
    const next: number = Math.min(lastClock, (clock ?? firstClock - 1) + (daysEach[batch % daysEach.length] ?? 1));
    const now = arrivedBy(replay, next);
    const open = now.open.filter((one) => before?.open.includes(one) !== true);
    const sealed = now.sealed.filter((one) => before?.sealed.includes(one) !== true);
    before = now;
    const difference = new BatchDifference();
    const touched = await participants.take(handedOver({ open, sealed }, bitByBit), clock);
    for (const name of touched.keys()) known.add(name);
    if (next === clock) participants.count(touched, clock, difference);
    else await participants.turn([...known], touched, [clock, next], difference);
    add(difference.changes());
    clock = next;
  }
  return [...sums].flatMap(([where, n]) => (n === 0 ? [] : [`${where}: ${n}`])).sort();
}

test('a shard that forgets whom it cannot hold tallies what one tallies that remembers everybody', async () => {
  let told = 0;
  await fc.assert(
    fc.asyncProperty(arbReplay(), fc.constantFrom(1, 20_000, 60_000), async (replay, mostRemembered) => {
      const begin = follower(replay.protocol);
      const all = await tallied(replay, begin, Number.POSITIVE_INFINITY, [1]);
      told += all.length;
      expect(await tallied(replay, begin, mostRemembered, [1])).toEqual(all);
    }),
    { numRuns: 60 },
  );
  expect(told).toBeGreaterThan(100);
}, 120_000);

test('whom a day does not move is passed over, and everybody is tallied as if all had come on the last day', async () => {
  let passed = 0;
  const daysEach = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(arbReplay(), arbCorrected()),
      daysEach.filter((days) => days.some((n) => n > 0)),
      fc.constantFrom(1, Number.POSITIVE_INFINITY),
      async (replay, days, mostRemembered) => {
        const follow = follower(replay.protocol);
        let asked = 0;
        const counting: Follower = (history) => {
          const followed = follow(history);
          const factsAt = followed.factsAt.bind(followed);
          followed.factsAt = (clock) => {
            asked += 1;
            return factsAt(clock);
          };
          return followed;
        };
        const bit = await tallied(replay, counting, mostRemembered, days);
        expect(bit).toEqual(await tallied(replay, follow, Number.POSITIVE_INFINITY, [replay.lastClock]));
        const turns = (replay.lastClock - replay.firstClock + 1) / Math.max(...days);
        if (asked < names.length * turns) passed += 1;
      },
    ),
    { numRuns: 200 },
  );
  expect(passed).toBeGreaterThan(5);
}, 120_000);

test('who is handed over again and again in a batch is tallied as if they had come once', async () => {
  let told = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(arbReplay(), arbCorrected()),
      fc.constantFrom(1, Number.POSITIVE_INFINITY),
      fc.constantFrom(1, 3),
      async (replay, mostRemembered, days) => {
        const begin = follower(replay.protocol);
        const whole = await tallied(replay, begin, mostRemembered, [days]);
        told += whole.length;
        expect(await tallied(replay, begin, mostRemembered, [days], true)).toEqual(whole);
      },
    ),
    { numRuns: 100 },
  );
  expect(told).toBeGreaterThan(100);
}, 120_000);
