import { readFileSync } from 'node:fs';
import type { Protocol } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbCase, arbRearranged } from '../../../test/reference/arbitraries.ts';
import { naiveFold } from '../../../test/reference/naive-fold.ts';
import { naiveFirstUse } from '../../../test/reference/naive-rates.ts';
import { statusByDay } from './day-status.ts';
import type { ClosedFacts, Issue, OpenFacts, Spell } from './facts.ts';
import { fold, foldOpen } from './fold.ts';
import type { History } from './observation.ts';

/** Thousands of participants a run; a failure prints seed and the shrunk counter-example. */
const runs = { numRuns: 2_500 };

/** On a busy machine they may take their time. */
const patience = 300_000;

type Day = { readonly day: number; readonly count: number };
const days = (spells: readonly Spell[]): Day[] =>
  spells.flatMap(({ from, to, count }) => Array.from({ length: to - from + 1 }, (_, i) => ({ day: from + i, count })));

const byText = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** Everything that the fold says of a participant, laid out day by day. */
function laidOut(protocol: Protocol, { open, closed }: { open: OpenFacts; closed: ClosedFacts }) {
  const spells = [...open.spells, ...closed.spells];
  const firstEvents = [...open.firstEvents, ...closed.firstEvents];
  const measures = protocol.measures.map((measure) => {
    const of = (kind: Spell['kind'], window?: number, policy?: string) =>
      days(
        spells.filter((s) => s.measure === measure.id && s.kind === kind && s.window === window && s.policy === policy),
      );
    const counted =
      measure.kind === 'rolling-abstinence'
        ? measure.windows.flatMap((window) =>
            measure.policies.map((policy) => [of('assessable', window, policy), of('abstinent', window, policy)]),
          )
        : measure.windows.map((window) => [of('events', window), of('person-days', window)]);
    const event = firstEvents.find(({ measure: id }) => id === measure.id);
    return { mature: of('mature'), randomised: of('randomised'), counted, event: event && [event.day, event.outcome] };
  });
  const issues = [...open.issues, ...closed.issues].map(({ issue, source, id, sha256, counts }: Issue) => ({
    issue,
    source,
    id,
    sha256,
    counts,
  }));
  return {
    dayZero: open.dayZero,
    site: open.site,
    arm: closed.arm,
    measures: open.dayZero === undefined ? [] : measures,
    issues: issues.toSorted(byText),
  };
}

/** What the reference says, laid out alike. */
function referenceLaidOut(protocol: Protocol, history: History, clock: number | undefined): ReturnType<typeof laidOut> {
  const reference = naiveFold(protocol, history, clock);
  const ones = (list: readonly number[]) => list.map((day) => ({ day, count: 1 }));
  const measures = protocol.measures.flatMap((measure) => {
    const found = reference.measures[measure.id];
    if (found === undefined) return [];
    const counted =
      measure.kind === 'rolling-abstinence'
        ? measure.windows.flatMap((window) =>
            measure.policies.map((policy) => {
              const here = found.cells.filter((cell) => cell.window === window && cell.policy === policy);
              const where = (picked: (cell: (typeof here)[number]) => boolean) =>
                ones(here.filter(picked).map(({ day }) => day));
              return [where((cell) => cell.assessable), where((cell) => cell.abstinent)];
            }),
          )
        : measure.windows.map((window) => {
            const rates = naiveFirstUse([reference], measure, window, () => true);
            const nonzero = (count: (rate: (typeof rates)[number]) => number) =>
              rates.map((rate) => ({ day: rate.day, count: count(rate) })).filter(({ count }) => count > 0);
            return [nonzero(({ events }) => events), nonzero(({ personDays }) => personDays)];
          });
    const event = found.firstEvent && [found.firstEvent.day, found.firstEvent.outcome];
    return [{ mature: ones(found.mature), randomised: ones(found.randomised), counted, event }];
  });
  const { dayZero, site, arm, issues } = reference;
  return { dayZero, site, arm, measures, issues: issues.toSorted(byText) } as ReturnType<typeof laidOut>;
}

describe('fold', () => {
  test(
    'equals the naive reference on random participants of random protocols',
    () => {
      fc.assert(
        fc.property(arbCase({ sealedRetractions: true }), ({ protocol, history, asOf }) => {
          expect(laidOut(protocol, fold(protocol, history, asOf))).toEqual(referenceLaidOut(protocol, history, asOf));
        }),
        runs,
      );
    },
    patience,
  );

  test(
    'equals it where biomarkers, calendars, stays and leaving meet',
    () => {
      const only = ['biomarker', 'use-calendar', 'controlled-environment', 'participant-left'] as const;
      fc.assert(
        fc.property(arbCase({ only }), ({ protocol, history, asOf }) => {
          expect(laidOut(protocol, fold(protocol, history, asOf))).toEqual(referenceLaidOut(protocol, history, asOf));
        }),
        runs,
      );
    },
    patience,
  );

  test(
    'each day’s status equals that of the naive reference, and stands on what speaks of the day',
    () => {
      fc.assert(
        fc.property(arbCase({ sealedRetractions: true }), ({ protocol, history, asOf }) => {
          const reference = naiveFold(protocol, history, asOf);
          for (const measure of protocol.measures) {
            const days = statusByDay(protocol, measure, history, asOf);
            const naive = reference.measures[measure.id]?.statuses ?? [];
            expect(days.map(({ day, status }) => ({ day, status }))).toEqual(naive);
            for (const { day, status, sources } of days) {
              expect(sources.every((said) => said.day - (said.lookBack ?? 0) <= day && day <= said.day)).toBe(true);
              expect(sources.every(({ substance }) => measure.substances.includes(substance))).toBe(true);
              const used = sources.some(({ use, lookBack }) => use && lookBack === undefined);
              if (status === 'use' || status === 'abstinent') expect(used).toBe(status === 'use');
            }
          }
        }),
        { numRuns: 800 },
      );
    },
    patience,
  );

  test(
    'any order and any repetition of the same events gives the same facts',
    () => {
      const rearranged = arbCase({ sealedRetractions: true }).chain((given) =>
        arbRearranged(given.history).map((other) => ({ ...given, other })),
      );
      fc.assert(
        fc.property(rearranged, ({ protocol, history, other, asOf }) => {
          expect(laidOut(protocol, fold(protocol, other, asOf))).toEqual(
            laidOut(protocol, fold(protocol, history, asOf)),
          );
        }),
        runs,
      );
    },
    patience,
  );

  test(
    'open facts are the same whatever lies sealed, and without any of it',
    () => {
      const exchanged = fc
        .tuple(arbCase({ sealedRetractions: true }), arbCase({ sealedRetractions: true }))
        .map(([given, other]) => ({ ...given, other: other.history.sealed }));
      fc.assert(
        fc.property(exchanged, ({ protocol, history, other, asOf }) => {
          const open = foldOpen(protocol, history.participant, history.open, asOf);
          expect(fold(protocol, history, asOf).open).toEqual(open);
          expect(fold(protocol, { ...history, sealed: other }, asOf).open).toEqual(open);
        }),
        runs,
      );
    },
    patience,
  );

  test('whoever is screened and never enrols is not set aside', () => {
    fc.assert(
      fc.property(arbCase(), ({ protocol, history, asOf }) => {
        const notEnrolled = { ...history, open: history.open.filter(({ type }) => type !== 'participant-enrolled') };
        const { open, closed } = fold(protocol, notEnrolled, asOf);
        const aside = [...open.issues, ...closed.issues].filter(({ issue }) => issue === 'no-enrolment');
        expect(aside.map(({ type }) => type)).not.toContain('screened');
      }),
    );
  });

  test('no module of the fold reads a clock, the environment or a file', () => {
    const source = readFileSync(new URL('./fold.ts', import.meta.url), 'utf8');
    expect(source).not.toMatch(/Date\.now|new Date\(\)|process\.|node:fs/);
  });
});
