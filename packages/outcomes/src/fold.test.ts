import { readFileSync } from 'node:fs';
import type { Protocol } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbCase, arbRearranged } from '../../../test/reference/arbitraries.ts';
import { type NaiveParticipant, naiveFold } from '../../../test/reference/naive-fold.ts';
import type { ClosedFacts, Issue, OpenFacts, Spell } from './facts.ts';
import { fold, foldOpen } from './fold.ts';
import type { History } from './observation.ts';

/** Thousands of participants a run; a failure prints seed and the shrunk counter-example. */
const runs = { numRuns: 4_000 };

const days = (spells: readonly Spell[]) => spells.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i));

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The fold's answer in the shape of the reference. */
function asNaive(protocol: Protocol, { open, closed }: { open: OpenFacts; closed: ClosedFacts }): NaiveParticipant {
  const spells = [...open.spells, ...closed.spells];
  const events = [...open.firstEvents, ...closed.firstEvents];
  const issue = ({ issue, source, id, sha256, counts }: Issue) => ({ issue, source, id, sha256, counts });
  const measures = protocol.measures.map((measure) => {
    const of = (kind: Spell['kind'], window?: number, policy?: string) =>
      days(spells.filter((s) => s.measure === measure.id && s.kind === kind && s.window === window && s.policy === policy));
    const firstEvent = events.find((event) => event.measure === measure.id);
    return [
      measure.id,
      {
        mature: of('mature'),
        randomised: of('randomised'),
        atRisk: of('at-risk'),
        firstEvent: firstEvent && { day: firstEvent.day, outcome: firstEvent.outcome },
        counted:
          measure.kind === 'rolling-abstinence'
            ? measure.windows.flatMap((window) =>
                measure.policies.map((policy) => ({
                  window,
                  policy,
                  assessable: of('assessable', window, policy),
                  abstinent: of('abstinent', window, policy),
                })),
              )
            : [],
      },
    ];
  });
  return {
    participant: open.participant,
    dayZero: open.dayZero,
    site: open.site,
    arm: closed.arm,
    measures: open.dayZero === undefined ? {} : Object.fromEntries(measures),
    issues: [...open.issues, ...closed.issues].map(issue).toSorted((a, b) => byText(JSON.stringify(a), JSON.stringify(b))),
  } as unknown as NaiveParticipant;
}

/** The reference's cells as lists of days, so that the two can be compared. */
function naive(protocol: Protocol, history: History, clock: number | undefined): NaiveParticipant {
  const reference = naiveFold(protocol, history, clock);
  const measures = protocol.measures.flatMap((measure) => {
    const found = reference.measures[measure.id];
    if (found === undefined) return [];
    const { cells, firstEvent, ...rest } = found;
    const counted =
      measure.kind !== 'rolling-abstinence'
        ? []
        : measure.windows.flatMap((window) =>
            measure.policies.map((policy) => {
              const here = cells.filter((cell) => cell.window === window && cell.policy === policy);
              return {
                window,
                policy,
                assessable: here.filter((cell) => cell.assessable).map((cell) => cell.day),
                abstinent: here.filter((cell) => cell.abstinent).map((cell) => cell.day),
              };
            }),
          );
    return [[measure.id, { ...rest, firstEvent, counted }]];
  });
  return {
    ...reference,
    measures: Object.fromEntries(measures),
    issues: reference.issues.toSorted((a, b) => byText(JSON.stringify(a), JSON.stringify(b))),
  } as unknown as NaiveParticipant;
}

describe('fold', () => {
  test('equals the naive reference on random participants of random protocols', () => {
    fc.assert(
      fc.property(arbCase(), ({ protocol, history, asOf }) => {
        expect(asNaive(protocol, fold(protocol, history, asOf))).toEqual(naive(protocol, history, asOf));
      }),
      runs,
    );
  });

  test('any order and any repetition of the same events gives the same facts', () => {
    const rearranged = arbCase().chain((given) => arbRearranged(given.history).map((other) => ({ ...given, other })));
    fc.assert(
      fc.property(rearranged, ({ protocol, history, other, asOf }) => {
        expect(asNaive(protocol, fold(protocol, other, asOf))).toEqual(asNaive(protocol, fold(protocol, history, asOf)));
      }),
      runs,
    );
  });

  test('open facts are the same whatever lies sealed, and without any of it', () => {
    const exchanged = fc.tuple(arbCase(), arbCase()).map(([given, other]) => ({ ...given, other: other.history.sealed }));
    fc.assert(
      fc.property(exchanged, ({ protocol, history, other, asOf }) => {
        const open = foldOpen(protocol, history.participant, history.open, asOf);
        expect(fold(protocol, history, asOf).open).toEqual(open);
        expect(fold(protocol, { ...history, sealed: other }, asOf).open).toEqual(open);
      }),
      runs,
    );
  });

  test('no module of the fold reads a clock, the environment or a file', () => {
    const source = readFileSync(new URL('./fold.ts', import.meta.url), 'utf8');
    expect(source).not.toMatch(/Date\.now|new Date\(\)|process\.|node:fs/);
  });
});
