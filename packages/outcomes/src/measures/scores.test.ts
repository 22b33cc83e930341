import {
  type AmendedProtocol,
  civilDay,
  type Measure,
  type MeasureKind,
  type ObservationType,
  type ParticipantEvent,
  type Protocol,
} from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  arbAmended,
  arbAsOf,
  arbDeclared,
  arbHistory,
  arbRearranged,
  type Case,
  declaredProtocol,
  observationOf,
  readable,
  referenceDay,
  sideOf,
  toEvent,
} from '../../../../test/reference/arbitraries.ts';
import { arbitraryMeasures } from '../../../../test/reference/arbitrary-measures.ts';
import { arbScaleScore, type ScoredInstrument } from '../../../../test/reference/arbitrary-score-events.ts';
import {
  type NaiveFacts,
  type NaiveTold,
  type NaiveValue,
  naiveKinds,
} from '../../../../test/reference/naive-kinds.ts';
import { settle } from '../../../../test/reference/naive-replacing.ts';
import type { ValueFact } from '../facts.ts';
import { fold } from '../fold.ts';
import type { History, Observation, Side } from '../observation.ts';
import { isOpenMeasure } from '../open-measures.ts';

/** On a busy machine the thousands of participants may take their time. */
const patience = 300_000;

const kinds = ['scale', 'choices', 'visits', 'exposure'] as const;
type Kind = (typeof kinds)[number];

const looksAt: Record<Kind, readonly ObservationType[]> = {
  scale: ['scale-score', 'dose-given'],
  choices: ['choice-task', 'dose-given'],
  visits: ['visit-attended', 'participant-left'],
  exposure: ['dose-given', 'therapy-session'],
};

type ScoreCase = Case & { readonly protocol: AmendedProtocol };

/** Scores of one instrument, mostly open ones: a course that begins before randomisation. */
function arbCourse(protocol: Protocol, instrument: ScoredInstrument): fc.Arbitrary<Observation[]> {
  const visits = protocol.visits.map(({ id }) => id);
  const data = arbScaleScore(fc.constantFrom(...(visits.length === 0 ? ['unlisted'] : visits)), [instrument]);
  const said = fc.record({ data, isOpen: fc.boolean(), day: fc.integer({ min: -2, max: 8 }), at: fc.nat({ max: 2 }) });
  return fc.array(said, { minLength: 4, maxLength: 16, size: 'max' }).map((all) =>
    all.map(({ data: { hoursAfterDose, ...score }, isOpen, day, at }, i) => {
      const said = isOpen || hoursAfterDose === undefined ? score : { ...score, hoursAfterDose };
      const draft = {
        type: 'scale-score',
        source: `/trials/${protocol.trial}/sites/${protocol.sites[0]}`,
        id: `s${i}`,
        day: referenceDay + day,
        recordedAt: at * 1_000,
        data: said,
      } as Observation;
      const event = toEvent(protocol.trial, 'P-1', draft) as ParticipantEvent;
      return observationOf(event, sideOf(protocol, draft));
    }),
  );
}

/** A trial with one measure of a kind; in two of three cases its participant has hardly any other events. */
function arbScoreCase(kind: Kind): fc.Arbitrary<ScoreCase> {
  const closes = fc.subarray(['scale-score', 'choice-task', 'visit-attended', 'participant-left'], { maxLength: 2 });
  const looksFor = fc.integer({ min: 0, max: 15 });
  return fc.tuple(arbDeclared(), closes, looksFor, fc.nat({ max: 2 })).chain(([declared, closed, earlier, dense]) => {
    const setting = {
      id: 'm',
      substances: declared.substances.map(({ id }) => id),
      visits: declared.visits.map(({ id }) => id),
      horizon: Math.max(5, declared.horizon - earlier),
      useEvidence: fc.constant({}),
    };
    const options = dense === 0 ? {} : { only: looksAt[kind] };
    return (
      (arbitraryMeasures[kind]?.(setting) ?? fc.constant({}))
        // Groups by a closed score no protocol may have.
        .map((measure) => declaredProtocol(declared, { closed, groups: [], measures: [measure] }))
        .chain((protocol) => {
          const [measure] = protocol.measures;
          const instrument = measure?.kind === 'scale' ? (measure.instrument as ScoredInstrument) : undefined;
          return fc.record({
            protocol: arbAmended(protocol),
            history: arbHistory(protocol, 'P-1', options),
            course: instrument === undefined || dense === 0 ? fc.constant([]) : arbCourse(protocol, instrument),
            asOf: arbAsOf(protocol),
          });
        })
        .map(({ protocol, history, course, asOf }) => readable({ protocol, history: withMore(history, course), asOf }))
    );
  });
}

function withMore(history: History, more: readonly Observation[]): History {
  const on = <S extends Side>(side: S) => more.filter((one): one is Observation<S> => one.side === side);
  return { ...history, open: [...history.open, ...on('open')], sealed: [...history.sealed, ...on('sealed')] };
}

function valuesOf(protocol: AmendedProtocol, history: History, asOf: number | undefined): readonly ValueFact[] {
  const { open, closed } = fold(protocol, history, asOf);
  return [...open.values, ...closed.values];
}

/** The event types that a measure may not be without, from the text. */
function reads(measure: Measure): string[] {
  const landmarks = [...('at' in measure ? measure.at : []), 'baseline' in measure ? measure.baseline : undefined];
  const doses = landmarks.some((landmark) => typeof landmark === 'object' && 'hoursAfterDose' in landmark);
  const types: Partial<Record<MeasureKind, string[]>> = {
    scale: ['scale-score'],
    choices: ['choice-task'],
    visits: ['visit-attended', 'participant-left'],
    exposure: ['dose-given', 'therapy-session'],
  };
  return [...(types[measure.kind] ?? []), ...(doses ? ['dose-given'] : [])];
}

function isClosed({ blinding, closed }: Protocol, measure: Measure): boolean {
  const sealed: readonly string[] = ['dose-given', 'therapy-session', ...closed];
  return blinding === 'double' && reads(measure).some((type) => sealed.includes(type));
}

function naiveValues({ protocol, history, asOf }: ScoreCase): readonly NaiveValue[] {
  const [measure] = protocol.measures;
  if (measure === undefined) throw new Error('no measure');
  const open = settle(history.open).effective;
  const [randomised] = open
    .filter((one) => one.type === 'participant-randomised')
    .toSorted((a, b) => a.recordedAt - b.recordedAt || (a.sha256 < b.sha256 ? -1 : 1));
  if (randomised === undefined || !open.some(({ type }) => type === 'participant-enrolled')) return [];
  const dayZero = civilDay(randomised.data.date);
  const retractions = history.open.filter(({ type }) => type === 'retraction');
  const sealed = settle([...history.sealed, ...retractions]).effective;
  let { visits, entryLag } = protocol;
  for (const schedule of protocol.schedules ?? [])
    if (schedule.from === undefined || dayZero >= schedule.from) ({ visits, entryLag } = schedule);
  const naive = naiveKinds[measure.kind] as ((told: NaiveTold<MeasureKind>) => NaiveFacts) | undefined;
  if (naive === undefined) throw new Error(`no reference of ${measure.kind}`);
  return naive({
    protocol: { ...protocol, visits, entryLag },
    measure,
    observations: isClosed(protocol, measure) ? [...open, ...sealed] : open,
    dayZero,
    asOf,
    baseline: {},
  }).values;
}

/** Without corrections, retractions and conflicts, so that any event can be left out without reviving another. */
function isPlain({ open, sealed }: History): boolean {
  const all = [...open, ...sealed];
  const identities = new Set(all.map(({ source, id }) => `${source} ${id}`));
  const contents = new Set(all.map(({ sha256 }) => sha256));
  return contents.size === identities.size && all.every(({ type }) => !/correction|retraction/.test(type));
}

const inOrder = (values: readonly (NaiveValue | ValueFact)[]) =>
  values.map(({ kind, item = '', policy = '', value, of }) => `${item} ${kind} ${policy} ${value}/${of}`).toSorted();

describe.each(kinds)('%s', (kind) => {
  test(
    'says of random participants what a naive reference says',
    () => {
      const seen = new Map<string, number>();
      fc.assert(
        fc.property(arbScoreCase(kind), (given) => {
          const values = valuesOf(given.protocol, given.history, given.asOf);
          for (const { kind: what, value } of values) {
            const found = `${what}${value === 0 ? ' 0' : ''}`;
            seen.set(found, (seen.get(found) ?? 0) + 1);
          }
          expect(inOrder(values)).toEqual(inOrder(naiveValues(given)));
        }),
        { numRuns: kind === 'scale' || kind === 'choices' ? 3_500 : 2_000 },
      );
      if (process.env.SHOW_COVERAGE === '1') console.log(kind, Object.fromEntries([...seen].sort()));
      // A reference that is hardly ever asked proves nothing.
      const expected: Record<Kind, readonly string[]> = {
        scale: ['due', 'score', 'change', 'response', 'response 0', 'remission', 'remission 0'],
        choices: ['due', 'chosen', 'chosen 0'],
        visits: ['due', 'kept', 'kept 0', 'late', 'late 0'],
        exposure: ['sessions', 'mg', 'mg-per-kg', 'stopped-early', 'therapy-sessions', 'therapy-minutes'],
      };
      for (const what of expected[kind]) expect(seen.get(what) ?? 0, what).toBeGreaterThan(30);
    },
    patience,
  );

  test(
    'neither order nor repetition of events matters',
    () => {
      const rearranged = arbScoreCase(kind).chain((given) =>
        fc.tuple(fc.constant(given), arbRearranged(given.history)),
      );
      fc.assert(
        fc.property(rearranged, ([{ protocol, history, asOf }, again]) => {
          expect(valuesOf(protocol, again, asOf)).toEqual(valuesOf(protocol, history, asOf));
        }),
        { numRuns: 500 },
      );
    },
    patience,
  );

  test(
    'what happens on the clock’s day or later changes nothing',
    () => {
      fc.assert(
        fc.property(arbScoreCase(kind), ({ protocol, history, asOf }) => {
          const past = <S extends 'open' | 'sealed'>(all: readonly Observation<S>[]) =>
            all.filter(({ type, day }) => day < (asOf ?? 0) || !looksAt[kind].includes(type as ObservationType));
          fc.pre(isPlain(history));
          const known = { ...history, open: past(history.open), sealed: past(history.sealed) };
          expect(valuesOf(protocol, history, asOf)).toEqual(valuesOf(protocol, known, asOf));
        }),
        { numRuns: 800 },
      );
    },
    patience,
  );

  test(
    'has no two values of a kind at one item, and none that is not due',
    () => {
      fc.assert(
        fc.property(arbScoreCase(kind), ({ protocol, history, asOf }) => {
          const values = valuesOf(protocol, history, asOf);
          const names = values.map((value) => `${value.item} ${value.kind}`);
          expect(new Set(names).size).toBe(names.length);
          const due = new Set(values.filter((value) => value.kind === 'due').map(({ item }) => item));
          expect(values.filter(({ item }) => !due.has(item))).toEqual([]);
          for (const { value, of } of values) {
            expect([value, of].every(Number.isInteger)).toBe(true);
            expect(of).toBeGreaterThan(0);
          }
        }),
        { numRuns: 800 },
      );
    },
    patience,
  );
});

describe('laws', () => {
  const byItem = (values: readonly ValueFact[]) => {
    const items = new Map<string | undefined, Record<string, number>>();
    for (const { item, kind, value, of } of values)
      items.set(item, { ...items.get(item), [kind]: value, [`${kind} of`]: of });
    return [...items.values()];
  };

  test(
    'a response is a fall (where higher is better, a rise) from a baseline above 0; a remission a score up to the cut-off',
    () => {
      fc.assert(
        fc.property(arbScoreCase('scale'), ({ protocol, history, asOf }) => {
          const [measure] = protocol.measures;
          if (measure?.kind !== 'scale') throw new Error('no scale');
          for (const { score = 0, change = 0, response, remission } of byItem(valuesOf(protocol, history, asOf))) {
            if (response !== undefined) expect(score - change).toBeGreaterThan(0);
            if (response === 1)
              expect(measure.instrument === 'gain' || measure.instrument === 'URICA' ? -change : change).toBeLessThan(
                0,
              );
            if (remission === 1) expect(score).toBeLessThanOrEqual(measure.instrument === 'URICA' ? 3_000 : 7_000);
          }
        }),
        { numRuns: 1_500 },
      );
    },
    patience,
  );

  test(
    'choices are no more than were offered; visits kept no more than were due, and late no more than kept',
    () => {
      fc.assert(
        fc.property(arbScoreCase('choices'), arbScoreCase('visits'), (choices, visits) => {
          for (const one of byItem(valuesOf(choices.protocol, choices.history, choices.asOf)))
            if (one.chosen !== undefined) expect(one.chosen).toBeLessThanOrEqual(one['chosen of'] ?? -1);
          const values = valuesOf(visits.protocol, visits.history, visits.asOf);
          const ofVisits = byItem(values.filter(({ item }) => item !== undefined));
          for (const { kept = 0, late } of ofVisits) if (late !== undefined) expect(kept).toBe(1);
          const [overall] = byItem(values.filter(({ item }) => item === undefined));
          if (ofVisits.length > 0) {
            expect(overall?.['kept of']).toBe(ofVisits.length);
            expect(overall?.kept).toBe(ofVisits.reduce((sum, { kept = 0 }) => sum + kept, 0));
          }
        }),
        { numRuns: 800 },
      );
    },
    patience,
  );

  test('a measure is closed if it looks at doses, and an open one at what is open alone', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds).chain(arbScoreCase), ({ protocol, history, asOf }) => {
        const [measure] = protocol.measures;
        if (measure === undefined) throw new Error('no measure');
        expect(isOpenMeasure(measure, protocol)).toBe(!isClosed(protocol, measure));
        if (!isOpenMeasure(measure, protocol)) return;
        // Who unblinds a trial changes none of its open measures.
        const unblinded: Protocol = { ...protocol, blinding: 'open' };
        fc.pre(isPlain(history));
        const open = [...history.open, ...history.sealed].map(
          (one) => ({ ...one, side: 'open' }) as Observation<'open'>,
        );
        expect(inOrder(valuesOf(unblinded, { ...history, open, sealed: [] }, asOf))).toEqual(
          inOrder(valuesOf(protocol, history, asOf)),
        );
      }),
      { numRuns: 1_000 },
    );
  });
});
