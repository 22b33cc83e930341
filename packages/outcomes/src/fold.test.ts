import { readFileSync } from 'node:fs';
import { isAbstinenceMeasure, isFirstEventMeasure, isUseMeasure, type Protocol } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbCase, arbRearranged } from '../../../test/reference/arbitraries.ts';
import { type NaiveIssue, naiveFold } from '../../../test/reference/naive-fold.ts';
import { naiveEvents } from '../../../test/reference/naive-rates.ts';
import { evidenceDays, statusByDay } from './day-status.ts';
import type { ClosedFacts, OpenFacts, ValueFact } from './facts.ts';
import { fold, foldOpen } from './fold.ts';
import { settleOpen } from './history/settle.ts';
import type { History } from './observation.ts';
import { isOpenMeasure } from './open-measures.ts';

/** Over a thousand participants a run; a failure prints seed and the shrunk counter-example. */
const runs = { numRuns: 1_200 };

/** On a busy machine they may take their time. */
const patience = 300_000;

const byText = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** On how many of what each study day counts, by kind, window and policy; what never counts is not there. */
class Counts {
  private readonly days: Record<string, Record<number, number>> = {};

  add(kind: string, window: number | undefined, policy: string | undefined, day: number, count = 1): void {
    if (count === 0) return;
    const key = [kind, window ?? '-', policy ?? '-'].join(' ');
    const days = this.days[key] ?? {};
    this.days[key] = days;
    days[day] = (days[day] ?? 0) + count;
  }

  get all(): unknown {
    return this.days;
  }
}

const plainIssue = ({ issue, source, id, sha256, counts }: NaiveIssue) => ({ issue, source, id, sha256, counts });
const plainValue = ({
  kind,
  item = '',
  policy = '',
  value,
  of,
}: Pick<ValueFact, 'kind' | 'item' | 'value' | 'of'> & { readonly policy?: string }) => ({
  kind,
  item,
  policy,
  value,
  of,
});

/** Everything that the fold says of a participant, laid out day by day. */
function laidOut(protocol: Protocol, { open, closed }: { open: OpenFacts; closed: ClosedFacts }) {
  const measures = protocol.measures.map(({ id }) => {
    const isOf = ({ measure }: { readonly measure: string }) => measure === id;
    const counts = new Counts();
    for (const { kind, window, policy, from, to, count } of [...open.spells, ...closed.spells].filter(isOf)) {
      for (let day = from; day <= to; day += 1) counts.add(kind, window, policy, day, count);
    }
    const events = [...open.firstEvents, ...closed.firstEvents]
      .filter(isOf)
      .map(({ origin = 0, day, outcome }) => [origin, day, outcome]);
    const values = [...open.values, ...closed.values].filter(isOf).map(plainValue).toSorted(byText);
    return { id, counts: counts.all, events, values };
  });
  return {
    dayZero: open.dayZero,
    site: open.site,
    arm: closed.arm,
    actualArm: closed.actualArm,
    groups: open.groups,
    periods: open.periods,
    measures: open.dayZero === undefined ? [] : measures,
    issues: [...open.issues, ...closed.issues].map(plainIssue).toSorted(byText),
  };
}

/** What the reference says, laid out alike. */
function referenceLaidOut(protocol: Protocol, history: History, clock: number | undefined): ReturnType<typeof laidOut> {
  const reference = naiveFold(protocol, history, clock);
  const measures = protocol.measures.flatMap((measure) => {
    const found = reference.measures[measure.id];
    if (found === undefined) return [];
    const counts = new Counts();
    for (const day of found.mature) counts.add('mature', undefined, undefined, day);
    for (const day of found.randomised) counts.add('randomised', undefined, undefined, day);
    if (isAbstinenceMeasure(measure)) {
      for (const { window, policy, day, assessable, abstinent } of found.cells) {
        // The others are made of those that are folded.
        if (policy !== 'observed-only' && !measure.policies.includes(policy)) continue;
        if (assessable) counts.add('assessable', window, policy, day);
        if (abstinent) counts.add('abstinent', window, policy, day);
      }
      for (const { window, day, due, missing } of found.followed) {
        if (due) counts.add('due', window, undefined, day);
        if (missing) counts.add('missing', window, undefined, day);
        const observed = found.cells.find(
          (cell) => cell.window === window && cell.policy === 'observed-only' && cell.day === day,
        );
        if (!due && observed?.abstinent) counts.add('beyond', window, undefined, day);
      }
    }
    if (isFirstEventMeasure(measure)) {
      for (const window of measure.windows) {
        for (const { day, events, personDays } of naiveEvents([reference], measure, window, () => true)) {
          counts.add('events', window, undefined, day, events);
          counts.add('person-days', window, undefined, day, personDays);
        }
      }
    }
    const { firstEvent } = found;
    const events = firstEvent === undefined ? [] : [[firstEvent.origin, firstEvent.day, firstEvent.outcome]];
    const values = found.values.map(plainValue).toSorted(byText);
    return [{ id: measure.id, counts: counts.all, events, values }];
  });
  const { dayZero, site, arm, actualArm, groups, periods, issues } = reference;
  return {
    dayZero,
    site,
    arm,
    actualArm,
    groups,
    periods,
    measures,
    issues: issues.map(plainIssue).toSorted(byText),
  } as ReturnType<typeof laidOut>;
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
          for (const measure of protocol.measures.filter(isUseMeasure)) {
            const days = statusByDay(protocol, measure, history, asOf);
            const naive = reference.measures[measure.id]?.statuses ?? [];
            expect(days.map(({ day, status }) => ({ day, status }))).toEqual(naive);
            if (isOpenMeasure(measure, protocol))
              expect(evidenceDays(protocol, measure, settleOpen(history), asOf)).toBe(
                days.filter(({ status }) => status === 'use' || status === 'abstinent').length,
              );
            for (const { day, status, sources } of days) {
              expect(sources.every((said) => said.day - (said.lookBack ?? 0) <= day && day <= said.day)).toBe(true);
              expect(sources.every(({ substance }) => measure.substances.includes(substance))).toBe(true);
              const used = sources.some(({ use, lookBack }) => use && lookBack === undefined);
              if (status === 'use' || status === 'abstinent') expect(used).toBe(status === 'use');
            }
          }
        }),
        { numRuns: 500 },
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
