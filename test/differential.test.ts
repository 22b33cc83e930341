import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openVault } from '@holdfast/access';
import {
  type AmendedProtocol,
  isAbstinenceMeasure,
  isFirstEventMeasure,
  type Protocol,
  windowsOf,
} from '@holdfast/events';
import { partitionOf } from '@holdfast/log';
import { type History, isOpenMeasure, type Observation } from '@holdfast/outcomes';
import { type Arrivals, openShard, type Shard } from '@holdfast/shards';
import {
  abstinenceCurve,
  addUp,
  cellsOf,
  decodeTallyRecord,
  encodeTallyRecord,
  eventsCurve,
  everybody,
  inParts,
  noTallies,
  type ShardView,
  type Slice,
  survivalCurve,
  type Tallies,
  takeIn,
  unseenShard,
} from '@holdfast/tallies';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arbAmendedProtocol, arbAsOf, arbTrial } from './reference/arbitraries.ts';
import { type NaiveParticipant, naiveFold } from './reference/naive-fold.ts';
import { alwaysAsked } from './reference/naive-measures.ts';
import {
  firstDayOf,
  inPart,
  type NaivePart,
  naiveAbstinence,
  naiveEvents,
  naiveSurvival,
  studyAxis,
} from './reference/naive-rates.ts';

/** One thing that arrives: an observation of a participant. */
type Arrival = { readonly participant: string; readonly observation: Observation };

const arrivalsOf = (trial: readonly History[]): Arrival[] =>
  trial.flatMap(({ participant, open, sealed }) =>
    [...open, ...sealed].map((observation) => ({ participant, observation })),
  );

/** A random trial, the order in which its events arrive, the sizes of the batches, and when the clock turns. */
const arbRun = arbAmendedProtocol().chain((protocol) =>
  fc
    .record({ trial: arbTrial(protocol, { sealedRetractions: true }), asOf: arbAsOf(protocol) })
    .chain(({ trial, asOf }) => {
      const arrivals = arrivalsOf(trial);
      return fc.record({
        protocol: fc.constant(protocol),
        trial: fc.constant(trial),
        asOf: fc.constant(asOf),
        order: fc.shuffledSubarray(arrivals, { minLength: arrivals.length }),
        batch: fc.integer({ min: 1, max: 12 }),
        clockAt: fc.nat({ max: 6 }),
      });
    }),
);

let folder: string;
let stores = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-differential-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Run = {
  protocol: AmendedProtocol;
  asOf: number | undefined;
  order: readonly Arrival[];
  batch: number;
  clockAt: number;
};
type Outcome = { shard: { open: Tallies; closed: Tallies }; reader: { open: Tallies; closed: Tallies } };

/** Feeds one partition in batches; answers what the shard holds and what a reader of its published records has added up. */
async function feed(shard: Shard, owner: string, { asOf, order, batch, clockAt }: Run): Promise<Outcome> {
  const published: { open: ShardView; closed: ShardView } = { open: unseenShard, closed: unseenShard };
  const publish = (side: 'open' | 'closed', whole: Parameters<typeof inParts>[0]) => {
    for (const part of inParts(whole)) {
      published[side] = takeIn(published[side], decodeTallyRecord(encodeTallyRecord(part)));
    }
  };
  const before = await shard.tallies();
  const { chain, ...position } = shard.position;
  publish('open', { kind: 'claim', owner, ...position, cells: before.open });
  publish('closed', { kind: 'claim', owner, ...position, chain, cells: before.closed });

  const batches: (readonly Arrival[])[] = [];
  for (let i = 0; i < order.length; i += batch) batches.push(order.slice(i, i + batch));
  const turning = Math.min(clockAt, batches.length);
  batches.splice(turning, 0, []);
  let nextOffset = 0;
  for (const [index, these] of batches.entries()) {
    const arrivals = new Map<string, Arrivals>();
    for (const { participant, observation } of these) {
      const arrived = arrivals.get(participant) ?? { open: [], sealed: [] };
      arrivals.set(participant, arrived);
      if (observation.side === 'open') arrived.open.push(observation as Observation<'open'>);
      else arrived.sealed.push(observation as Observation<'sealed'>);
    }
    nextOffset += these.length + 1;
    const differences = await shard.apply({
      nextOffset,
      chain: '',
      arrivals,
      clock: index === turning ? asOf : undefined,
    });
    publish('open', differences.open);
    publish('closed', differences.closed);
  }
  const { open, closed } = await shard.tallies();
  return {
    shard: { open: addUp(noTallies, open), closed: addUp(noTallies, closed) },
    reader: { open: published.open.tallies ?? noTallies, closed: published.closed.tallies ?? noTallies },
  };
}

async function run(given: Run, partitions: number): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    stores += 1;
    const owner = `owner-${stores}`;
    const file = join(folder, `${stores}.duckdb`);
    const shard = await openShard({ file, owner, logId: 'log', logEnd: 0, protocol: given.protocol, vault: openVault });
    const order = given.order.filter(({ participant }) => partitionOf(participant, partitions) === partition);
    outcomes.push(await feed(shard, owner, { ...given, order }));
    await shard.close();
  }
  const sum = (pick: (outcome: Outcome) => Tallies) =>
    addUp(noTallies, ...outcomes.map((outcome) => cellsOf(pick(outcome))));
  return {
    shard: { open: sum(({ shard }) => shard.open), closed: sum(({ shard }) => shard.closed) },
    reader: { open: sum(({ reader }) => reader.open), closed: sum(({ reader }) => reader.closed) },
  };
}

/** A part of a trial, as the tallies and as the reference are asked for it. */
type Part = { readonly slice: Slice; readonly naive: NaivePart };

/** Everything that can be told apart, one thing at a time. */
function partsOf(protocol: Protocol): Part[] {
  const byArms = [...protocol.arms.map(({ id }) => [id]), ['']].map(
    (arms): Part => ({ slice: { arms: new Set(arms) }, naive: { arms } }),
  );
  const bySite = protocol.sites.map((site): Part => ({ slice: { site }, naive: { site } }));
  return [...byArms, ...bySite];
}

/** Every rate that can be asked for: each measure, window and policy, over all, by arm, by site, by both. */
function everyRate(protocol: Protocol, closed: Tallies, open: Tallies, people: readonly NaiveParticipant[]) {
  const rates: { from: unknown; naive: unknown }[] = [];
  const parts = [{ slice: everybody, naive: {} }, ...partsOf(protocol)];
  for (const measure of protocol.measures) {
    for (const { slice, naive } of parts) {
      const isIn = inPart(protocol, measure, naive);
      const sides = slice.arms === undefined && isOpenMeasure(measure, protocol) ? [closed, open] : [closed];
      for (const tallies of sides) {
        if (isFirstEventMeasure(measure)) {
          const naive = naiveSurvival(people, measure, isIn);
          const curve = survivalCurve(tallies, measure.id, slice, new Set(naive.map(({ day }) => day)));
          const counts = curve.map(({ day, atRisk, events, competing, censored }) => ({
            day,
            atRisk,
            events,
            competing,
            censored,
          }));
          rates.push({ from: counts, naive });
        }
        if (!isAbstinenceMeasure(measure) && !isFirstEventMeasure(measure)) continue;
        for (const window of windowsOf(measure)) {
          const days = { from: firstDayOf(measure, window), to: measure.horizon };
          const axis = studyAxis(days.from, days.to);
          if (isFirstEventMeasure(measure)) {
            rates.push({
              from: eventsCurve(tallies, { measure: measure.id, window }, days, slice),
              naive: naiveEvents(people, measure, window, isIn, axis),
            });
            continue;
          }
          for (const policy of new Set([...alwaysAsked, ...measure.policies])) {
            const naive = naiveAbstinence(people, measure, window, policy, isIn, axis);
            rates.push({ from: abstinenceCurve(tallies, { measure: measure.id, window, policy }, days, slice), naive });
          }
        }
      }
    }
  }
  return rates;
}

describe('rates from SQL', () => {
  test('equal the naive reference on random trials, at 1 and at 4 partitions, by arm and by site; a reader has what the shards have', async () => {
    await fc.assert(
      fc.asyncProperty(arbRun, async (given) => {
        const people = given.trial.map((history) => naiveFold(given.protocol, history, given.asOf));
        const digests = new Set<string>();
        for (const partitions of [1, 4]) {
          const { shard, reader } = await run(given, partitions);
          expect(cellsOf(reader.open)).toEqual(cellsOf(shard.open));
          expect(cellsOf(reader.closed)).toEqual(cellsOf(shard.closed));
          for (const { from, naive } of everyRate(given.protocol, shard.closed, shard.open, people))
            expect(from).toEqual(naive);
          digests.add(JSON.stringify(cellsOf(shard.closed)));
        }
        expect(digests.size).toBe(1);
      }),
      { numRuns: 40 },
    );
  }, 300_000);
});
