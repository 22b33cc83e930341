import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openVault } from '@holdfast/access';
import {
  type AbstinenceMeasure,
  type FirstEventMeasure,
  hasRealDates,
  horizonOf,
  isAbstinenceMeasure,
  isFirstEventMeasure,
  type Measure,
  type Protocol,
  windowsOf,
} from '@holdfast/events';
import { fold, type History } from '@holdfast/outcomes';
import { type Arrivals, openShard } from '@holdfast/shards';
import {
  type AbstinenceDay,
  abstinenceCurve,
  addUp,
  calendarDays,
  distribution,
  eventsCurve,
  everybody,
  maturityCurve,
  noTallies,
  type Slice,
  survivalCurve,
  type Tallies,
  valuesOf,
} from '@holdfast/tallies';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arbAmendedProtocol, arbAsOf, arbTrial } from './reference/arbitraries.ts';
import { firstDayOf } from './reference/naive-rates.ts';

let folder: string;
let stores = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-laws-of-tallies-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Given = { readonly protocol: Protocol; readonly trial: readonly History[]; readonly asOf: number | undefined };

const arbGiven: fc.Arbitrary<Given> = arbAmendedProtocol().chain((protocol) =>
  fc.record({
    protocol: fc.constant(protocol),
    trial: arbTrial(protocol, { sealedRetractions: true, minParticipants: 4, maxParticipants: 12 }),
    asOf: arbAsOf(protocol),
  }),
);

/** What a shard tallies of a whole trial, with the key: arms and closed measures are among it. */
async function tallied({ protocol, trial, asOf }: Given): Promise<Tallies> {
  stores += 1;
  const file = join(folder, `${stores}.duckdb`);
  const shard = await openShard({ file, owner: 'owner', logId: 'log', logEnd: 0, protocol, vault: openVault });
  const arrivals = new Map<string, Arrivals>(
    trial.map(({ participant, open, sealed }) => [participant, { open: [...open], sealed: [...sealed] }]),
  );
  await shard.apply({ nextOffset: 1, chain: '', lastRecord: '', arrivals, clock: asOf });
  const { closed } = await shard.tallies();
  await shard.close();
  return addUp(noTallies, closed);
}

/** The ways in which a trial falls into parts that nobody is outside of, and nobody in two of. */
function divisions(protocol: Protocol, trial: readonly History[], asOf: number | undefined): Map<string, Slice[]> {
  const ofArms = (arms: readonly string[]): Slice => ({
    arms: new Set(arms.map((arm) => (arm === '' ? '' : openVault.armToken(arm)))),
  });
  const arms = protocol.arms.map(({ id }) => id);
  const people = trial.map((history) => fold(protocol, history, asOf).open);
  const sites = new Set(people.map(({ site = '' }) => site));
  const found = new Map<string, Slice[]>([
    ['arm', [...arms, ''].map((arm) => ofArms([arm]))],
    ['site', [...sites].map((site) => ({ site }))],
  ]);
  for (const factor of new Set(protocol.arms.flatMap(({ factors = {} }) => Object.keys(factors)))) {
    const levels = new Map<string | undefined, string[]>();
    for (const { id, factors } of protocol.arms)
      levels.set(factors?.[factor], [...(levels.get(factors?.[factor]) ?? []), id]);
    found.set(`factor ${factor}`, [...[...levels.values()].map(ofArms), ofArms([''])]);
  }
  for (const { id } of protocol.groups) {
    // While nobody is randomised nobody is in any group.
    const members = new Set(['nobody', ...people.flatMap(({ groups }) => groups[id] ?? [])]);
    found.set(
      `group ${id}`,
      [...members].map((member) => ({ groups: { [id]: member } })),
    );
  }
  if (protocol.periods !== undefined) {
    const periods = ['', ...protocol.periods.map(({ id }) => id)];
    found.set(
      'period',
      periods.map((period) => ({ groups: { period } })),
    );
  }
  return found;
}

/** A measure's cells alone, so that many questions take no time. */
const ofMeasure = (tallies: Tallies, { id }: Measure): Tallies =>
  new Map([...tallies].filter(([, { cell }]) => cell.measure === id));

type Row = Readonly<Record<string, number>>;

/** Counts of several parts, added up by the keys of their rows. */
function added(parts: readonly (readonly Row[])[], keys: readonly string[]): Row[] {
  const sums = new Map<string, Record<string, number>>();
  for (const row of parts.flat()) {
    const key = JSON.stringify(keys.map((name) => row[name]));
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { ...row });
    else for (const [name, n] of Object.entries(row)) if (!keys.includes(name)) sum[name] = (sum[name] ?? 0) + n;
  }
  const inOrder = (a: Row, b: Row) => keys.reduce((so, key) => so || (a[key] ?? 0) - (b[key] ?? 0), 0);
  return [...sums.values()].toSorted(inOrder);
}

/** Everything that is counted of a measure in a part of a trial, by what it is: rows of counts, and what tells rows apart. */
function counts(tallies: Tallies, protocol: Protocol, measure: Measure): Map<string, (part: Slice) => Row[]> {
  const { id } = measure;
  const found = new Map<string, (part: Slice) => Row[]>();
  const last = horizonOf(measure, protocol);
  for (const axis of hasRealDates(protocol) ? (['study', 'calendar'] as const) : (['study'] as const)) {
    const days = (from: number) => (axis === 'study' ? { from, to: last } : calendarDays(tallies, id));
    found.set(`maturity, ${axis}`, (part) => maturityCurve(tallies, id, days(0), { ...part, axis }));
    for (const window of windowed(measure) ? windowsOf(measure) : []) {
      if (isAbstinenceMeasure(measure))
        for (const policy of new Set(['observed-only', 'worst-case', 'best-case', ...measure.policies]))
          found.set(`${policy} over ${window} days, ${axis}`, (part) =>
            abstinenceCurve(tallies, { measure: id, window, policy }, days(firstDayOf(measure, window)), {
              ...part,
              axis,
            }),
          );
      else
        found.set(`events over ${window} days, ${axis}`, (part) =>
          eventsCurve(tallies, { measure: id, window }, days(window), { ...part, axis }),
        );
    }
  }
  if (isFirstEventMeasure(measure)) {
    const all = new Set(Array.from({ length: last + 1 }, (_, day) => day));
    found.set('ends of survival', (part) =>
      survivalCurve(tallies, id, part, all).map(({ day, atRisk, events, competing, censored }) => ({
        ...{ day, atRisk, events, competing, censored },
      })),
    );
  }
  for (const { kind, item, policy } of valuesOf(tallies, id, everybody))
    found.set(`${kind} ${item} ${policy}`, (part) =>
      distribution(tallies, { measure: id, kind, item, policy }, part).map(({ value, of, count }) => ({
        ...{ value, of, count },
      })),
    );
  return found;
}

const windowed = (measure: Measure): measure is AbstinenceMeasure | FirstEventMeasure =>
  isAbstinenceMeasure(measure) || isFirstEventMeasure(measure);

/** Curves of one window of a measure under the policies that count everybody followed, and of the observed. */
function curvesOf(tallies: Tallies, measure: AbstinenceMeasure, window: number, part: Slice) {
  const days = { from: firstDayOf(measure, window), to: measure.horizon };
  const curve = (policy: string) => abstinenceCurve(tallies, { measure: measure.id, window, policy }, days, part);
  return {
    observed: curve('observed-only'),
    asUse: curve('missing-is-use'),
    worst: curve('worst-case'),
    best: curve('best-case'),
  };
}

const rateOf = ({ abstinent, assessable }: AbstinenceDay) => (assessable === 0 ? 0 : abstinent / assessable);

describe('tallies of random trials', () => {
  test('the parts of a trial add up to the whole: by arm (or none), factor, site, group and period', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(arbGiven, async (given) => {
        const { protocol, trial, asOf } = given;
        const tallies = await tallied(given);
        for (const measure of protocol.measures) {
          for (const [what, of] of counts(ofMeasure(tallies, measure), protocol, measure)) {
            const whole = of(everybody);
            const keys = what.startsWith('maturity') || whole[0]?.day !== undefined ? ['day'] : ['value', 'of'];
            for (const [division, parts] of divisions(protocol, trial, asOf)) {
              expect(added(parts.map(of), keys), `${what} of ${measure.id} (${measure.kind}) by ${division}`).toEqual(
                added([whole], keys),
              );
              const counted = whole.some((row) =>
                Object.entries(row).some(([name, n]) => !keys.includes(name) && n > 0),
              );
              if (counted) seen.add(`${keys[0]} ${division}`);
            }
          }
        }
      }),
      { numRuns: 45 },
    );
    // Each way of dividing has divided something; so have those that there always are, of values.
    for (const division of ['arm', 'site', 'factor drug', 'group severity', 'period'])
      expect([...seen]).toContain(`day ${division}`);
    for (const division of ['arm', 'site']) expect([...seen]).toContain(`value ${division}`);
  }, 120_000);

  test('the missing bound what can be known: worst case (missing is use) ≤ observed abstinent ≤ best case', async () => {
    let apart = 0;
    await fc.assert(
      fc.asyncProperty(arbGiven, async (given) => {
        const { protocol, trial, asOf } = given;
        const tallies = await tallied(given);
        const parts = [everybody, ...[...divisions(protocol, trial, asOf).values()].flat()];
        for (const measure of protocol.measures.filter(isAbstinenceMeasure)) {
          const own = ofMeasure(tallies, measure);
          for (const window of windowsOf(measure)) {
            for (const part of parts) {
              const { observed, asUse, worst, best } = curvesOf(own, measure, window, part);
              // Two names of the same counts.
              expect(worst).toEqual(asUse);
              for (const [i, high] of best.entries()) {
                const [low, seen] = [asUse[i] as AbstinenceDay, observed[i] as AbstinenceDay];
                expect(high.assessable).toBe(low.assessable);
                // With the missing turned abstinent: nobody else changes.
                expect(high.abstinent).toBe(low.abstinent + low.missing);
                expect(high.abstinent).toBeLessThanOrEqual(high.assessable);
                expect(low.abstinent).toBeGreaterThanOrEqual(0);
                expect(rateOf(low)).toBeLessThanOrEqual(rateOf(high));
                expect(low.abstinent).toBeLessThanOrEqual(seen.abstinent);
                expect(seen.abstinent).toBeLessThanOrEqual(seen.assessable);
                if (high.day <= protocol.plannedFollowUp) expect(high.abstinent).toBeGreaterThanOrEqual(seen.abstinent);
                if (high.abstinent > low.abstinent) apart += 1;
              }
            }
          }
        }
      }),
      { numRuns: 25 },
    );
    expect(apart).toBeGreaterThan(0);
  }, 120_000);
});
