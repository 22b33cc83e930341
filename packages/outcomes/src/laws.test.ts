import { biomarkerResult, type EventData, isUseMeasure, type Protocol } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbCase } from '../../../test/reference/arbitraries.ts';
import {
  arbCorrected,
  arbFuture,
  arbPunctual,
  arbReplay,
  arbSameIdentities,
  arrivedBy,
  type Replay,
} from '../../../test/reference/arbitrary-replays.ts';
import { statusByDay } from './day-status.ts';
import type { ClosedFacts, FirstEvent, OpenFacts, Spell } from './facts.ts';
import { fold } from './fold.ts';
import { type FactsByMeasure, type Followed, follower } from './followed.ts';
import { type CountedDays, spellsIn } from './measures/counted-days.ts';
import type { History, Observation } from './observation.ts';
import { spellsOf as eachSpell } from './spells.ts';

/** On a busy machine the thousands of participants may take their time. */
const patience = 300_000;

type Facts = { readonly open: OpenFacts; readonly closed: ClosedFacts };

const spellsOf = ({ open, closed }: Facts): Spell[] => [...open.spells, ...closed.spells];
const firstEventsOf = ({ open, closed }: Facts): FirstEvent[] => [...open.firstEvents, ...closed.firstEvents];

type Said = Pick<OpenFacts, 'spells' | 'firstEvents' | 'values'>;

/** Facts by measure, without the policies that readers make of others. */
function tallied(facts: Facts): (measure: string) => Said {
  const derived = ['missing-is-use', 'worst-case', 'best-case'];
  const abstinence = ['abstinent', 'assessable'];
  const spells = spellsOf(facts).filter(
    ({ kind, policy = '' }) => !(abstinence.includes(kind) && derived.includes(policy)),
  );
  const values = [...facts.open.values, ...facts.closed.values];
  const firstEvents = firstEventsOf(facts);
  return (id) => ({
    spells: spells.filter(({ measure }) => measure === id),
    firstEvents: firstEvents.filter(({ measure }) => measure === id),
    values: values.filter(({ measure }) => measure === id),
  });
}

/** What days counted as in each array when it was last looked at. */
const lastSeen = new WeakMap<CountedDays['codes'], readonly number[]>();

/** What a follower says now, spell by spell: it goes on counting in the same arrays, and says from which day on that is news. */
function sayAll(facts: FactsByMeasure): Map<number, Said> {
  return new Map(
    facts.map(([place, { counted, spells, firstEvents, values }]) => {
      for (const { codes, from } of counted) {
        expect([...codes.subarray(0, from)]).toEqual((lastSeen.get(codes) ?? []).slice(0, from));
        lastSeen.set(codes, [...codes]);
      }
      const all = [...spells, ...counted.flatMap(spellsIn)].flatMap(eachSpell);
      return [place, { spells: all, firstEvents, values }];
    }),
  );
}

/** Facts of all measures that have any, spells in an order of their own. */
function byMeasure(facts: ReadonlyMap<number, Said> | ((measure: string) => Said), protocol: Protocol): unknown {
  const sorted = <T>(all: readonly T[]) => all.map((one) => JSON.stringify(one)).toSorted();
  return protocol.measures.flatMap(({ id }, place) => {
    const of = typeof facts === 'function' ? facts(id) : facts.get(place);
    const said = [...sorted(of?.spells ?? []), ...sorted(of?.firstEvents ?? []), ...sorted(of?.values ?? [])];
    return said.length === 0 ? [] : [[id, said]];
  });
}

/** Lets a follower take a correction, given the event that it is of. */
function hasReplaced(followed: Followed, correction: Observation, here: readonly Observation[]): boolean {
  if (correction.type !== 'correction') throw new Error('nothing else replaces');
  const { source, id } = correction.data.target;
  const target = here.find((one) => one.side === 'open' && one.source === source && one.id === id);
  return target !== undefined && followed.takeCorrection(correction, target);
}

/** What came since. */
function comingAfter(before: History, now: History): Observation[] {
  const known = new Set<Observation>([...before.open, ...before.sealed]);
  return [...now.open, ...now.sealed].filter((observation) => !known.has(observation));
}

/** The days on which something holds, by measure, kind, window and policy. */
function daysBy(facts: Facts, kinds: readonly Spell['kind'][]): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>();
  for (const { measure, kind, window, policy, from, to } of spellsOf(facts)) {
    if (!kinds.includes(kind)) continue;
    const key = `${kind} ${measure} ${window} ${policy}`;
    const days = found.get(key) ?? new Set();
    for (let day = from; day <= to; day += 1) days.add(day);
    found.set(key, days);
  }
  return found;
}

const matureOf = (facts: Facts, measure: string): ReadonlySet<number> =>
  daysBy(facts, ['mature']).get(`mature ${measure} undefined undefined`) ?? new Set();

/**
 * What of the facts is counted, each day by itself, on the given days only. Person-days aside: without use a participant is at
 * risk up to the last assessment, so the next assessment adds days behind the mature end.
 */
function countedOn(facts: Facts, protocol: Protocol, days: (measure: string) => ReadonlySet<number>): unknown {
  const all = daysBy(facts, ['abstinent', 'assessable', 'due', 'missing', 'beyond', 'events']);
  return protocol.measures.flatMap((measure) => {
    const here = days(measure.id);
    return [...all]
      .filter(([key]) => key.split(' ')[1] === measure.id)
      .map(([key, counted]) => [key, [...counted].filter((day) => here.has(day)).toSorted((a, b) => a - b)] as const)
      .filter(([, counted]) => counted.length > 0)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
  });
}

describe('as days turn and events arrive', () => {
  const strides = fc.constantFrom(1, 1, 1, 2, 5);

  /**
   * Holds whoever follows a participant against folding what has arrived, every so many days; answers how many corrections were taken
   * alone.
   */
  function expectFollowed(replay: Replay, stride: number): number {
    const { protocol, firstClock, lastClock } = replay;
    const begin = follower(protocol);
    let followed = begin(arrivedBy(replay, firstClock - 1));
    let facts = sayAll(followed.factsAt(firstClock - 1));
    let came = arrivedBy(replay, firstClock - 1);
    let replaced = 0;
    let last = firstClock - 1;
    for (let clock = firstClock; clock <= lastClock; clock += stride) {
      const arrived = arrivedBy(replay, clock);
      const here: Observation[] = [...came.open, ...came.sealed];
      for (const observation of comingAfter(came, arrived)) {
        const taking = followed.take(observation);
        here.push(observation);
        if (taking === 'known' || taking === 'taken') continue;
        if (taking === 'replaces' && hasReplaced(followed, observation, here)) {
          replaced += 1;
          continue;
        }
        followed = begin(arrived);
        facts = sayAll(followed.factsAt(last));
        break;
      }
      // What came is counted first, as the clock still is, or together with the day that turns.
      if (clock % 2 === 0) {
        for (const [measure, said] of sayAll(followed.factsAt(last))) facts.set(measure, said);
        expect(byMeasure(facts, protocol)).toEqual(byMeasure(tallied(fold(protocol, arrived, last)), protocol));
        // Until the day that it says, the clock alone changes nothing.
        if (followed.turnsOn > clock)
          expect(byMeasure(facts, protocol)).toEqual(byMeasure(tallied(fold(protocol, arrived, clock)), protocol));
      }
      for (const [measure, said] of sayAll(followed.factsAt(clock))) facts.set(measure, said);
      last = clock;
      const backwards: History = {
        ...arrived,
        open: arrived.open.toReversed(),
        sealed: arrived.sealed.toReversed(),
      };
      const { open, closed } = fold(protocol, backwards, clock);
      expect(byMeasure(facts, protocol)).toEqual(byMeasure(tallied({ open, closed }), protocol));
      const { dayZero, site, groups, periods, arm, actualArm } = followed;
      expect({ dayZero, site, groups, periods, arm, actualArm }).toEqual({
        ...{ dayZero: open.dayZero, site: open.site, groups: open.groups, periods: open.periods },
        ...{ arm: closed.arm, actualArm: closed.actualArm },
      });
      came = arrived;
    }
    return replaced;
  }

  test(
    'the facts of each day are those of what has arrived, however one got there',
    () => {
      fc.assert(
        fc.property(arbReplay(), strides, (replay, stride) => void expectFollowed(replay, stride)),
        { numRuns: 300 },
      );
    },
    patience,
  );

  test(
    'what is sealed may have the identity of what is open: each stands for itself, but for open retractions',
    () => {
      fc.assert(
        fc.property(arbSameIdentities(), strides, (replay, stride) => void expectFollowed(replay, stride)),
        { numRuns: 200 },
      );
    },
    patience,
  );

  test(
    'corrections that are taken one by one say what the whole history says',
    () => {
      let replaced = 0;
      fc.assert(
        fc.property(arbCorrected(), strides, (replay, stride) => {
          replaced += expectFollowed(replay, stride);
        }),
        { numRuns: 1_000 },
      );
      expect(replaced).toBeGreaterThan(300);
    },
    patience,
  );

  test(
    'nobody is assessable before the day is mature, and no day is mature that has not passed',
    () => {
      fc.assert(
        fc.property(arbCase({ sealedRetractions: true }), ({ protocol, history, asOf }) => {
          const facts = fold(protocol, history, asOf);
          for (const { id } of protocol.measures) {
            const mature = matureOf(facts, id);
            for (const day of mature) expect((facts.open.dayZero ?? 0) + day).toBeLessThan(asOf ?? 0);
            const counted = daysBy(facts, [
              'assessable',
              'abstinent',
              'due',
              'missing',
              'beyond',
              'events',
              'person-days',
            ]);
            for (const [key, days] of counted) {
              if (key.split(' ')[1] === id) expect([...days].filter((day) => !mature.has(day))).toEqual([]);
            }
          }
          const assessable = daysBy(facts, ['assessable']);
          for (const [key, days] of daysBy(facts, ['abstinent'])) {
            const denominator = assessable.get(key.replace('abstinent', 'assessable')) ?? new Set();
            expect([...days].filter((day) => !denominator.has(day))).toEqual([]);
          }
        }),
        { numRuns: 800 },
      );
    },
    patience,
  );

  test(
    'once mature a day stays mature',
    () => {
      fc.assert(
        fc.property(arbCase(), fc.nat({ max: 8 }), ({ protocol, history, asOf = 0 }, later) => {
          const [before, after] = [fold(protocol, history, asOf), fold(protocol, history, asOf + later)];
          for (const { id } of protocol.measures) {
            const then = matureOf(after, id);
            expect([...matureOf(before, id)].filter((day) => !then.has(day))).toEqual([]);
          }
        }),
        { numRuns: 300 },
      );
    },
    patience,
  );

  test(
    'what happens on the clock’s day or later changes nothing that counts on it',
    () => {
      const ahead = arbCase()
        .filter(({ asOf }) => asOf !== undefined)
        .chain((given) => fc.tuple(fc.constant(given), arbFuture(given.protocol, given.asOf ?? 0)));
      fc.assert(
        fc.property(ahead, ([{ protocol, history, asOf }, future]) => {
          const open = future.filter(({ type }) => !(protocol.blinding === 'double' && protocol.closed.includes(type)));
          const known = fold(protocol, history, asOf);
          const foretold = fold(protocol, { ...history, open: [...history.open, ...open] }, asOf);
          expect(spellsOf(foretold)).toEqual(spellsOf(known));
          // Who comes to be at risk on the clock's day or later may never come to it, as by a death before: that changes.
          const atRisk = (facts: Facts) =>
            firstEventsOf(facts).filter(({ origin = 0 }) => (facts.open.dayZero ?? 0) + origin < (asOf ?? 0));
          expect(atRisk(foretold)).toEqual(atRisk(known));
        }),
        { numRuns: 800 },
      );
    },
    patience,
  );

  test(
    'where everything is entered on time, no curve ever changes behind its mature end, and no observed day was missing first',
    () => {
      fc.assert(
        fc.property(arbPunctual(), (replay) => {
          const { protocol, history, firstClock, lastClock } = replay;
          const last = fold(protocol, history, lastClock);
          const measures = protocol.measures.filter(isUseMeasure);
          const finalStatus = measures.map((measure) => statusByDay(protocol, measure, history, lastClock));
          for (let clock = firstClock; clock <= lastClock; clock += 1) {
            const known = arrivedBy(replay, clock);
            const facts = fold(protocol, known, clock);
            const mature = (measure: string) => matureOf(facts, measure);
            expect(countedOn(facts, protocol, mature)).toEqual(countedOn(last, protocol, mature));
            for (const [i, measure] of measures.entries()) {
              for (const { day, status } of statusByDay(protocol, measure, known, clock)) {
                if (status !== 'not-yet') expect(status).toBe(finalStatus[i]?.[day - 1]?.status);
              }
            }
          }
        }),
        { numRuns: 120 },
      );
    },
    patience,
  );
});

/** An event's data with one finding of use turned to no use; undefined if it has none. `which` chooses among several. */
function turned(type: string, data: object, which: number): object | undefined {
  if (type === 'correction') {
    const correction = data as EventData<'correction'>;
    const inner = turned(
      correction.event.type.slice('org.holdfast.'.length, -'.v1'.length),
      correction.event.data,
      which,
    );
    return inner && { ...correction, event: { ...correction.event, data: inner } };
  }
  if (type === 'biomarker') {
    const { value: _value, cutOff: _cutOff, ...rest } = data as EventData<'biomarker'>;
    return biomarkerResult(data as EventData<'biomarker'>) === 'positive' ? { ...rest, result: 'negative' } : undefined;
  }
  if (type === 'urine-screen') {
    const screen = data as EventData<'urine-screen'>;
    const positive = Object.keys(screen.results).filter((substance) => screen.results[substance] === 'positive');
    const one = positive[which % positive.length];
    return one === undefined ? undefined : { ...screen, results: { ...screen.results, [one]: 'negative' } };
  }
  if (type === 'use-calendar') {
    const calendar = data as EventData<'use-calendar'>;
    const uses = Object.entries(calendar.days).flatMap(([day, of]) =>
      Object.keys(of).map((substance) => ({ day, substance })),
    );
    const one = uses[which % uses.length];
    if (one === undefined) return undefined;
    const others = Object.entries(calendar.days[one.day] ?? {}).filter(([substance]) => substance !== one.substance);
    return { ...calendar, days: { ...calendar.days, [one.day]: Object.fromEntries(others) } };
  }
  return undefined;
}

/** The history with one finding of use turned to no use, wherever the event is repeated; undefined if it has none. */
function withOneTurned(history: History, which: number): History | undefined {
  const has = ({ type, data }: Observation) => turned(type, data, which) !== undefined;
  const findings = [...history.open, ...history.sealed].filter(has);
  const chosen = findings[which % findings.length];
  if (chosen === undefined) return undefined;
  const turn = <T extends Observation>(all: readonly T[]): T[] =>
    all.map((one) => (one.sha256 === chosen.sha256 ? ({ ...one, data: turned(one.type, one.data, which) } as T) : one));
  return { ...history, open: turn(history.open), sealed: turn(history.sealed) };
}

describe('a + turned to a −', () => {
  const arbTurned = fc
    .tuple(arbCase({ sealedRetractions: true }), fc.nat({ max: 30 }))
    .map(([given, which]) => ({ ...given, other: withOneTurned(given.history, which), which }));

  test(
    'never lowers abstinence: under every evidence rule, coverage and policy nobody who counted as abstinent ceases to',
    () => {
      let met = 0;
      fc.assert(
        fc.property(arbTurned, ({ protocol, history, other, asOf }) => {
          if (other === undefined) return;
          const [before, after] = [fold(protocol, history, asOf), fold(protocol, other, asOf)];
          const then = daysBy(after, ['abstinent']);
          for (const [key, days] of daysBy(before, ['abstinent'])) {
            expect(
              [...days].filter((day) => !then.get(key)?.has(day)),
              key,
            ).toEqual([]);
          }
          // Whom missing-is-use counts does not depend on what was found.
          const missingIsUse = (facts: Facts) =>
            [...daysBy(facts, ['assessable'])].filter(([key]) => key.endsWith('missing-is-use'));
          expect(missingIsUse(after)).toEqual(missingIsUse(before));
          met += 1;
        }),
        { numRuns: 1_500 },
      );
      expect(met).toBeGreaterThan(600);
    },
    patience,
  );

  test(
    'takes nobody observed out of the denominator, where use alone covers nothing',
    () => {
      fc.assert(
        fc.property(arbTurned, ({ protocol, history, other, asOf }) => {
          if (other === undefined) return;
          const asked = [...history.open, ...history.sealed].every(
            ({ type, data }) => type === 'correction' || type !== 'use-calendar' || data.complete,
          );
          // Use decides a window that a looking-back positive reaches into; without it the window is unclear, and counts no more.
          const looksBack = [...history.open, ...history.sealed].some(
            ({ type, data }) => type === 'biomarker' && data.lookBack > 0,
          );
          const [before, after] = [fold(protocol, history, asOf), fold(protocol, other, asOf)];
          const then = daysBy(after, ['assessable']);
          for (const measure of protocol.measures) {
            // Use covers by itself: if the measure says so, on a day not asked for, and beside a substance of which nothing is known.
            if (measure.kind !== 'rolling-abstinence' || measure.decisivePositive) continue;
            if (measure.substances.length > 1 || !asked) continue;
            if (looksBack && measure.biomarkers !== undefined) continue;
            if ([...history.open, ...history.sealed].some(({ type }) => type === 'correction')) continue;
            for (const window of measure.windows) {
              const key = `assessable ${measure.id} ${window} observed-only`;
              const days = daysBy(before, ['assessable']).get(key) ?? new Set();
              expect(
                [...days].filter((day) => !then.get(key)?.has(day)),
                key,
              ).toEqual([]);
            }
          }
        }),
        { numRuns: 800 },
      );
    },
    patience,
  );

  test(
    'makes no first use, nor an earlier one',
    () => {
      fc.assert(
        fc.property(arbTurned, ({ protocol, history, other, asOf }) => {
          if (other === undefined) return;
          const before = firstEventsOf(fold(protocol, history, asOf));
          // Who is abstinent for longer may be at risk of a lapse sooner; of relapses `measures/first-events.test.ts` says it.
          const firstUses = new Set(protocol.measures.filter(({ kind }) => kind === 'first-use').map(({ id }) => id));
          for (const { measure, day, outcome } of firstEventsOf(fold(protocol, other, asOf))) {
            if (outcome !== 'event' || !firstUses.has(measure)) continue;
            const then = before.find((event) => event.measure === measure);
            expect(then?.outcome).toBe('event');
            expect(then?.day).toBeLessThanOrEqual(day);
          }
        }),
        { numRuns: 800 },
      );
    },
    patience,
  );
});
