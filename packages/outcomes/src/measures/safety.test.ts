import {
  civilDay,
  dateOf,
  type EventData,
  type Measure,
  type MeasureKind,
  type ObservationType,
  Protocol,
} from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  arbAsOf,
  arbDeclared,
  arbHistory,
  arbRearranged,
  declaredProtocol,
  readable,
  sideOf,
} from '../../../../test/reference/arbitraries.ts';
import { arbitraryMeasures } from '../../../../test/reference/arbitrary-measures.ts';
import { type NaiveTold, type NaiveValue, naiveKinds } from '../../../../test/reference/naive-kinds.ts';
import { settle } from '../../../../test/reference/naive-replacing.ts';
import type { ValueFact } from '../facts.ts';
import { fold } from '../fold.ts';
import type { History, Observation } from '../observation.ts';
import { adverseEventItem } from './adverse-events.ts';

const kinds = ['adverse-events', 'suicidality', 'vital-peaks'] as const;
type Kind = (typeof kinds)[number];
/** What each kind looks at: said more often than anything else, and corrected. */
const looksAt: Record<Kind, readonly ObservationType[]> = {
  'adverse-events': ['adverse-event', 'participant-left', 'dose-given'],
  suicidality: ['scale-score', 'dose-given'],
  'vital-peaks': ['vital-signs', 'dose-given'],
};

const horizon = 12;

function arbSafetyCase(kind: Kind) {
  const setting = { id: 'm', substances: [], visits: [], horizon, useEvidence: fc.constant({}) };
  const closed = fc.subarray(['adverse-event', 'scale-score', 'participant-left', 'vital-signs'] as const, {
    maxLength: 2,
  });
  return fc
    .tuple(arbDeclared(), arbitraryMeasures[kind]?.(setting) ?? fc.constant({}), closed)
    .chain(([trial, measure, closes]) => {
      // Groups by a closed score no protocol may have.
      const declared = declaredProtocol(trial, { closed: closes, groups: [], measures: [measure] });
      const options = { only: looksAt[kind], replaced: true };
      return fc
        .record({
          protocol: fc.constant(declared),
          history: arbHistory(declared, 'P-1', options),
          asOf: arbAsOf(declared),
        })
        .map(readable);
    });
}

const inOrder = (values: readonly NaiveValue[]) =>
  values.map(({ kind, item, policy, value, of }) => `${kind}|${item}|${policy}|${value}/${of}`).toSorted();

function foldedValues(protocol: Protocol, history: History, asOf: number | undefined): readonly ValueFact[] {
  const { open, closed } = fold(protocol, history, asOf);
  return [...open.values, ...closed.values];
}

const asNaive = ({ kind, item = '', policy, value, of }: ValueFact): NaiveValue => ({
  kind,
  item,
  policy: policy ?? '',
  value,
  of,
});

function naiveValues(protocol: Protocol, history: History, asOf: number | undefined): readonly NaiveValue[] {
  const [measure] = protocol.measures;
  if (measure === undefined) throw new Error('no measure');
  const open = settle(history.open).effective;
  const enrolled = open.some(({ type }) => type === 'participant-enrolled');
  const randomised = open
    .filter((one) => one.type === 'participant-randomised')
    .toSorted((a, b) => a.recordedAt - b.recordedAt || (a.sha256 < b.sha256 ? -1 : 1))[0];
  if (!enrolled || randomised === undefined) return [];
  const retractions = history.open.filter(({ type }) => type === 'retraction');
  const sealed = settle([...history.sealed, ...retractions]).effective;
  const isClosed = protocol.blinding === 'double' && closesByType(measure, protocol.closed);
  const reference = naiveKinds[measure.kind] as
    | ((told: NaiveTold<MeasureKind>) => { values: NaiveValue[] })
    | undefined;
  if (reference === undefined) throw new Error(`no reference of ${measure.kind}`);
  return reference({
    protocol,
    measure,
    observations: isClosed ? [...open, ...sealed] : open,
    dayZero: civilDay(randomised.data.date),
    asOf,
    baseline: {},
  }).values;
}

function closesByType(measure: Measure, closed: readonly string[]): boolean {
  const types: Record<string, readonly string[]> = {
    'adverse-events': ['adverse-event', 'participant-left'],
    suicidality: ['scale-score'],
    'vital-peaks': ['vital-signs'],
  };
  if (measure.kind === 'vital-peaks') return true;
  if (measure.kind === 'adverse-events' && measure.only === 'treatment-emergent') return true;
  return (types[measure.kind] ?? []).some((type) => closed.includes(type));
}

describe.each(kinds)('%s', (kind) => {
  test('says of 3,000 random participants what a naive reference says', () => {
    let withValues = 0;
    fc.assert(
      fc.property(arbSafetyCase(kind), ({ protocol, history, asOf }) => {
        const values = foldedValues(protocol, history, asOf).map(asNaive);
        if (values.length > 0) withValues += 1;
        expect(inOrder(values)).toEqual(inOrder(naiveValues(protocol, history, asOf)));
      }),
      { numRuns: 3_000 },
    );
    // A reference that is hardly ever asked proves nothing.
    expect(withValues).toBeGreaterThan(600);
  }, 300_000);

  test('neither order nor repetition of events matters', () => {
    fc.assert(
      fc.property(
        arbSafetyCase(kind).chain((one) => fc.tuple(fc.constant(one), arbRearranged(one.history))),
        ([{ protocol, history, asOf }, rearranged]) => {
          expect(foldedValues(protocol, rearranged, asOf)).toHaveLength(foldedValues(protocol, history, asOf).length);
          expect(sorted(foldedValues(protocol, rearranged, asOf))).toEqual(
            sorted(foldedValues(protocol, history, asOf)),
          );
        },
      ),
      { numRuns: 500 },
    );
  }, 300_000);
});

const sorted = (values: readonly ValueFact[]) => values.map((value) => JSON.stringify(value)).toSorted();

describe('laws of adverse events', () => {
  test('a term is no more than its class, a class no more than any; events and serious events add up; nobody is counted who is not followed', () => {
    fc.assert(
      fc.property(arbSafetyCase('adverse-events'), ({ protocol, history, asOf }) => {
        const values = foldedValues(protocol, history, asOf);
        const of = (kind: string) => values.filter((one) => one.kind === kind);
        const countOf = (kind: string, item: string) => of(kind).find((one) => one.item === item)?.value ?? 0;
        expect(of('worst-grade').length === 0 || of('person-days').length === 1).toBe(true);
        for (const kind of ['events', 'serious-events']) {
          for (const level of ['class: ', 'term: ']) {
            const sum = of(kind).filter(({ item = '' }) => item.startsWith(level));
            expect(sum.reduce((total, { value }) => total + value, 0)).toBe(countOf(kind, 'any'));
          }
        }
        for (const { item = '', value } of of('worst-grade')) {
          const { class: soc, term } = adverseEventItem(item);
          expect(value).toBeGreaterThanOrEqual(1);
          expect(value).toBeLessThanOrEqual(countOf('worst-grade', 'any'));
          if (term !== undefined) expect(value).toBeLessThanOrEqual(countOf('worst-grade', `class: ${soc}`));
          expect(countOf('serious-events', item)).toBeLessThanOrEqual(countOf('events', item));
        }
      }),
      { numRuns: 1_000 },
    );
  }, 300_000);

  test('of the same participant, serious and related events are among all; the later the clock, the more events and days', () => {
    fc.assert(
      fc.property(arbSafetyCase('adverse-events'), ({ protocol, history, asOf }) => {
        const only = (what: string) =>
          ({ ...protocol, measures: [{ ...protocol.measures[0], only: what }] }) as Protocol;
        const count = (declared: Protocol, kind: string, clock: number | undefined) =>
          foldedValues(declared, history, clock).find((one) => one.kind === kind && (one.item ?? 'any') === 'any')
            ?.value ?? 0;
        const all = count(only('all'), 'events', asOf);
        expect(count(only('serious'), 'events', asOf)).toBe(count(only('all'), 'serious-events', asOf));
        expect(count(only('related'), 'events', asOf)).toBeLessThanOrEqual(all);
        const later = asOf === undefined ? undefined : asOf + 3;
        for (const kind of ['events', 'person-days'])
          expect(count(only('all'), kind, later)).toBeGreaterThanOrEqual(count(only('all'), kind, asOf));
      }),
      { numRuns: 1_000 },
    );
  }, 300_000);
});

// Worked cases, as the notes tell them.

const dayZero = civilDay('2026-03-02');
const date = (studyDay: number) => dateOf(dayZero + studyDay);

type Said = { [T in ObservationType]: readonly [T, number, EventData<T>] }[ObservationType];

function protocolOf(measure: object, blinding: 'open' | 'double' = 'open'): Protocol {
  return Protocol.parse({
    format: 'holdfast-protocol/1',
    trial: 'T-1',
    version: 1,
    title: 'A trial',
    blinding,
    clock: 'live',
    plannedFollowUp: 180,
    arms: [{ id: 'A' }],
    sites: ['GB-01'],
    substances: [{ id: 'alcohol' }],
    measures: [{ id: 'm', horizon: 180, ...measure }],
  });
}

/** The values of a participant, in words, 365 days after randomisation or on another day. */
function worked(protocol: Protocol, said: readonly Said[], clock = 365): string[] {
  const joined: Said[] = [
    ['participant-enrolled', 0, { consentDate: date(0) }],
    ['participant-randomised', 0, { date: date(0) }],
  ];
  const all = [...joined, ...said].map(
    ([type, day, data], i): Observation =>
      ({
        side: sideOf(protocol, { type, data }),
        type,
        source: '/trials/T-1/sites/GB-01',
        id: `e${`${i}`.padStart(3, '0')}`,
        sha256: `${i}`.padStart(64, '0'),
        recordedAt: i,
        day: dayZero + day,
        data,
      }) as Observation,
  );
  const history: History = {
    participant: 'P-1',
    open: all.filter((one): one is Observation<'open'> => one.side === 'open'),
    sealed: all.filter((one): one is Observation<'sealed'> => one.side === 'sealed'),
  };
  return foldedValues(protocol, history, dayZero + clock).map(
    ({ kind, item, day, value, of }) => `${kind} ${item ?? '-'} day ${day}: ${value}/${of}`,
  );
}

const event = (ae: string, onset: number, rest: object = {}): Said => [
  'adverse-event',
  onset,
  {
    ae,
    term: 'Felt sick',
    onset: date(onset),
    severity: 'mild',
    seriousness: [],
    relatedness: 'possible',
    outcome: 'recovered',
    ...rest,
  },
];
const nausea = { coded: { pt: 'Nausea', soc: 'Gastrointestinal disorders' } };
const dose = (day: number, session?: number): Said => [
  'dose-given',
  day,
  { drug: 'study drug', given: { mgPerKg: 0.8 }, ...(session === undefined ? {} : { session }) },
];

describe('adverse events, worked by hand', () => {
  const all = protocolOf({ kind: 'adverse-events' });
  /** Nausea twice, the first of which was at last graded 2; a fall that led to hospital; left on day 99. */
  const case1: Said[] = [
    event('AE-1', 3, nausea),
    event('AE-2', 10, nausea),
    event('AE-1', 3, { ...nausea, severity: 'moderate' }),
    event('AE-3', 40, { term: 'Fell  down the stairs', severity: 'severe', seriousness: ['hospitalisation'] }),
    event('AE-4', -5, nausea),
    ['participant-left', 99, { how: 'stopped' }],
  ];

  test('the last report counts, grades are the worst, and days run from day 0 to leaving', () => {
    expect(worked(all, case1)).toEqual([
      'person-days - day 180: 100/1',
      'worst-grade any day 40: 3/1',
      'events any day 3: 3/1',
      'serious-events any day 40: 1/1',
      'worst-grade class: Gastrointestinal disorders day 3: 2/1',
      'events class: Gastrointestinal disorders day 3: 2/1',
      'worst-grade term: Gastrointestinal disorders › Nausea day 3: 2/1',
      'events term: Gastrointestinal disorders › Nausea day 3: 2/1',
      'worst-grade class: not coded day 40: 3/1',
      'events class: not coded day 40: 1/1',
      'serious-events class: not coded day 40: 1/1',
      'worst-grade term: not coded › fell down the stairs day 40: 3/1',
      'events term: not coded › fell down the stairs day 40: 1/1',
      'serious-events term: not coded › fell down the stairs day 40: 1/1',
    ]);
  });

  test('what is not over does not count, and who had nothing has days alone', () => {
    expect(worked(all, case1, 3)).toEqual(['person-days - day 2: 3/1']);
    expect(worked(all, case1, 0)).toEqual([]);
    expect(worked(all, [], 181)).toEqual(['person-days - day 180: 181/1']);
  });

  test('death is grade 5, a threat to life at least 4; a death counts that is heard of after leaving', () => {
    const died: Said[] = [
      ['participant-left', 20, { how: 'lost' }],
      event('AE-1', 10, { ...nausea, seriousness: ['life-threatening'] }),
      event('AE-2', 30, { term: 'Death', seriousness: ['death'], outcome: 'fatal' }),
    ];
    const grades = worked(all, died).filter((line) => line.startsWith('worst-grade'));
    expect(grades).toContain('worst-grade any day 30: 5/1');
    expect(grades).toContain('worst-grade class: Gastrointestinal disorders day 10: 4/1');
    expect(worked(all, died)[0]).toBe('person-days - day 180: 21/1');
  });

  test('treatment-emergent: from the day of the first dose on, events and days alike', () => {
    const emergent = protocolOf({ kind: 'adverse-events', only: 'treatment-emergent' }, 'double');
    const said = [dose(5), event('AE-1', 4), event('AE-2', 5), dose(12)];
    expect(worked(emergent, said, 15).slice(0, 3)).toEqual([
      'person-days - day 14: 10/1',
      'worst-grade any day 5: 1/1',
      'events any day 5: 1/1',
    ]);
    // Whoever was given none is in no denominator; whoever was given one after leaving is, and has no days.
    expect(worked(emergent, [event('AE-1', 4)], 15)).toEqual([]);
    expect(worked(emergent, [dose(15), event('AE-1', 4)], 15)).toEqual([]);
    expect(worked(emergent, [['participant-left', 3, { how: 'stopped' }], dose(5)], 15)).toEqual([
      'person-days - day 14: 0/1',
    ]);
  });
});

const suicidality = (day: number, items: Readonly<Record<string, number>>, hoursAfterDose?: number): Said => [
  'scale-score',
  day,
  { instrument: 'C-SSRS', items, ...(hoursAfterDose === undefined ? {} : { hoursAfterDose }) },
];

describe('suicidality, worked by hand', () => {
  const measure = protocolOf({ kind: 'suicidality' });

  test('worst after day 0 against the last before, and self-injury is no suicidal behaviour', () => {
    const said = [
      suicidality(-7, { ideation: 4, attempt: 1 }),
      suicidality(0, { ideation: 1 }),
      suicidality(14, { ideation: 3, attempt: 0, 'self-injury': 1 }),
      suicidality(28, { ideation: 2, preparatory: 0 }),
    ];
    expect(worked(measure, said)).toEqual([
      'behaviour preparatory day 28: 0/1',
      'behaviour attempt day 14: 0/1',
      'behaviour self-injury day 14: 1/1',
      'behaviour any day 14: 0/1',
      'ideation-before - day 0: 1/1',
      'ideation - day 14: 3/1',
      'rose - day 14: 1/1',
    ]);
    expect(worked(measure, said, 14)).toEqual(['ideation-before - day 0: 1/1']);
  });

  test('after a dose on day 0 is after; in a double-blind trial such a score is sealed, and no part of an open measure', () => {
    const said = [suicidality(0, { ideation: 1 }), dose(0), suicidality(0, { ideation: 2, interrupted: 1 }, 2)];
    const after = [
      'behaviour interrupted day 0: 1/1',
      'behaviour any day 0: 1/1',
      'ideation-before - day 0: 1/1',
      'ideation - day 0: 2/1',
      'rose - day 0: 0/1',
    ];
    expect(worked(measure, said)).toEqual(after);
    expect(worked(protocolOf({ kind: 'suicidality' }, 'double'), said)).toEqual(['ideation-before - day 0: 1/1']);
  });
});

const vitals = (
  day: number,
  systolic: number,
  diastolic: number,
  heartRate: number,
  minutesAfterDose?: number,
): Said => [
  'vital-signs',
  day,
  {
    bloodPressure: { systolic, diastolic },
    heartRate,
    ...(minutesAfterDose === undefined ? {} : { minutesAfterDose }),
  },
];

describe('vital peaks, worked by hand', () => {
  test('the highest after any dose and after each session; before a dose nothing counts', () => {
    const said = [
      vitals(1, 210, 120, 140),
      dose(1),
      vitals(1, 150, 90, 88, 20),
      vitals(1, 162, 112, 95.5, 40),
      dose(8),
      vitals(8, 171, 95, 101, 40),
      vitals(9, 130, 80, 70, 10),
    ];
    const expected = [
      'systolic any day 8: 171/1',
      'diastolic any day 1: 112/1',
      'heart-rate any day 8: 101/1',
      'severe any day 8: 1/1',
      'systolic session-1 day 1: 162/1',
      'diastolic session-1 day 1: 112/1',
      'heart-rate session-1 day 1: 95500/1000',
      'severe session-1 day 1: 1/1',
      'systolic session-2 day 8: 171/1',
      'diastolic session-2 day 8: 95/1',
      'heart-rate session-2 day 8: 101/1',
      'severe session-2 day 8: 0/1',
    ];
    expect(worked(protocolOf({ kind: 'vital-peaks' }), said)).toEqual(expected);
    expect(worked(protocolOf({ kind: 'vital-peaks' }, 'double'), said)).toEqual(expected);
    const stricter = protocolOf({ kind: 'vital-peaks', severe: { systolic: 170, diastolic: 130 } });
    expect(worked(stricter, said)).toContain('severe session-1 day 1: 0/1');
    expect(worked(stricter, said)).toContain('severe session-2 day 8: 1/1');
  });

  test('a session is as the site numbers it; past midnight it is still the evening’s', () => {
    const said = [dose(1, 2), dose(3, 3), vitals(3, 120, 80, 70, 1_500), vitals(4, 125, 85, 71, 60)];
    const systolic = worked(protocolOf({ kind: 'vital-peaks' }), said).filter((line) => line.startsWith('systolic'));
    expect(systolic).toEqual([
      'systolic any day 4: 125/1',
      'systolic session-2 day 3: 120/1',
      'systolic session-3 day 4: 125/1',
    ]);
  });
});
