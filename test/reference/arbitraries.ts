import {
  type AmendedProtocol,
  canonicalJson,
  civilDay,
  contentOf,
  dateOf,
  type EventData,
  type EvidenceRule,
  fullType,
  type HoldfastEvent,
  horizonOf,
  type Measure,
  type MeasureKind,
  type ObservationType,
  type ParticipantEvent,
  Protocol,
  sha256,
  shortType,
  trialOf,
} from '@holdfast/events';
import type { History, Observation, Side } from '@holdfast/outcomes';
import fc from 'fast-check';
import { arbitraryMeasures, type MeasureSetting } from './arbitrary-measures.ts';
import { arbChoiceTask, arbDoseGiven, arbScaleScore, arbTherapySession } from './arbitrary-score-events.ts';
import { declaredInstruments } from './arbitrary-scores.ts';

/** Around this civil day everybody is randomised. A leap day is near, so that date arithmetic is put to the test. */
export const referenceDay = civilDay('2024-02-20');

type Said = {
  [T in ObservationType | 'correction' | 'retraction']: { readonly type: T; readonly data: EventData<T> };
}[ObservationType | 'correction' | 'retraction'];
type Key = { readonly source: string; readonly id: string };
/** All that an observation says; its event follows from it, and from the event its SHA-256. */
type Draft = Said & Key & { readonly day: number; readonly recordedAt: number };

const plain = { noNullPrototype: true } as const;

function optionally<T>(
  value: fc.Arbitrary<T>,
  weights: { absent: number; present: number },
): fc.Arbitrary<T | undefined> {
  return fc.oneof(
    { weight: weights.absent, arbitrary: fc.constant(undefined) },
    { weight: weights.present, arbitrary: value },
  );
}

/** Never names a field that is undefined: our schemas and canonical JSON know only absent ones. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

// --- protocols -------------------------------------------------------------------------------------------------------

// Few kinds, so that most of what is measured is looked at.
const biomarkerKinds = ['breath-alcohol', 'peth'] as const;

const allPolicies = [
  'observed-only',
  'missing-is-use',
  'worst-case',
  'best-case',
  'carry-forward-1',
  'carry-forward-5',
  'carry-forward-28',
];

const arbBiomarkers = fc.record({
  kinds: fc.subarray([...biomarkerKinds], { minLength: 1 }),
  covers: fc.constantFrom('sample-day', 'look-back'),
});

/** The kinds whose references are in `naive-measures.ts`; those of the others are in the registry of kinds. */
export const judgedKinds: readonly MeasureKind[] = ['rolling-abstinence', 'continuous-abstinence', 'first-use'];

function arbUseEvidence(setting: { id: string; substances: readonly string[]; horizon: number }): fc.Arbitrary<object> {
  const strategy = fc.constantFrom('exclude', 'ignore');
  return fc
    .record({
      id: fc.constant(setting.id),
      substances: fc.shuffledSubarray([...setting.substances], { minLength: 1 }),
      evidence: fc.constantFrom<EvidenceRule>(
        'urine-only',
        'self-report-only',
        'any-positive',
        'confirmed-by-urine',
        'confirmed-by-relative',
        'confirmed-by-urine-or-relative',
      ),
      biomarkers: optionally(arbBiomarkers, { absent: 1, present: 2 }),
      horizon: fc.constant(setting.horizon),
      controlledDays: strategy,
      death: strategy,
    })
    .map(({ biomarkers, ...rest }) => {
      const deaf = rest.evidence === 'self-report-only' || rest.evidence === 'confirmed-by-relative';
      return defined({ ...rest, biomarkers: deaf ? undefined : biomarkers });
    });
}

/** A measure of one of the kinds, if they are named, of any that has a reference. Only what is drawn is built. */
function arbMeasure(
  setting: Omit<MeasureSetting, 'useEvidence'>,
  populations: readonly string[],
  kinds: readonly MeasureKind[] | undefined,
): fc.Arbitrary<object> {
  const weights = new Map<MeasureKind, number>([
    ['rolling-abstinence', 6],
    ['continuous-abstinence', 2],
    ['first-use', 3],
  ]);
  for (const kind of Object.keys(arbitraryMeasures) as MeasureKind[]) if (!weights.has(kind)) weights.set(kind, 1);
  const named = [...weights].filter(([kind]) => kinds?.includes(kind) ?? true);
  const kind = fc.oneof(...named.map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind) })));
  const population = fc.constantFrom(undefined, undefined, undefined, ...populations);
  return fc
    .tuple(
      kind.chain((kind) => arbMeasureOf(kind, setting)),
      population,
    )
    .map(([measure, population]) => defined({ ...measure, population }));
}

function arbMeasureOf(kind: MeasureKind, setting: Omit<MeasureSetting, 'useEvidence'>): fc.Arbitrary<object> {
  const { horizon } = setting;
  const useEvidence = arbUseEvidence(setting);
  const together = (...parts: fc.Arbitrary<object>[]) =>
    fc.tuple(...parts).map((all): object => Object.assign({}, ...all));
  const windows = () =>
    fc.uniqueArray(fc.integer({ min: 1, max: Math.min(6, horizon) }), { minLength: 1, maxLength: 3 });
  const abstinence = () =>
    fc.record({
      decisivePositive: fc.boolean(),
      policies: fc.shuffledSubarray(allPolicies, { minLength: 1 }),
    });
  switch (kind) {
    case 'rolling-abstinence': {
      const rolling = windows().chain((windows) => {
        const atLeast = fc.integer({ min: 1, max: Math.min(...windows) }).map((n) => ({ atLeast: n }));
        const coverage = fc.oneof(fc.constant('all-days'), atLeast);
        return fc.record({ kind: fc.constant(kind), windows: fc.constant(windows), coverage });
      });
      return together(useEvidence, rolling, abstinence());
    }
    case 'continuous-abstinence': {
      const gapAtMost = fc.integer({ min: 1, max: 6 }).map((n) => ({ gapAtMost: n }));
      const continuous = fc.record({
        kind: fc.constant(kind),
        from: fc.integer({ min: 1, max: Math.min(4, horizon) }),
        coverage: fc.oneof(fc.constant('all-days'), gapAtMost),
      });
      return together(useEvidence, continuous, abstinence());
    }
    case 'first-use':
      return together(useEvidence, fc.record({ kind: fc.constant(kind), windows: windows() }));
    default: {
      const measure = arbitraryMeasures[kind];
      if (measure === undefined) throw new Error(`there are no random measures of ${kind}`);
      return measure({ ...setting, useEvidence });
    }
  }
}

const drugs = ['ketamine', 'midazolam', 'saline'] as const;

/** Arms, of which a trial may say what they give, and of which factors they are made. */
const arbArms = fc
  .record({
    ids: fc.subarray(['ketamine', 'ketamine 0.5 mg/kg', 'placebo'], { minLength: 1 }),
    gives: fc.array(fc.subarray([...drugs], { minLength: 1, maxLength: 2 }), { minLength: 3, maxLength: 3 }),
    factors: fc.option(
      fc.array(fc.record({ drug: fc.constantFrom('ketamine', 'placebo'), therapy: fc.constantFrom('kaar', 'none') }), {
        minLength: 3,
        maxLength: 3,
      }),
      { nil: undefined },
    ),
  })
  .map(({ ids, gives, factors }) => ids.map((id, i) => defined({ id, gives: gives[i], factors: factors?.[i] })));

/** Divisions of the participants: by each of what they can be divided by. */
const arbGroups = fc.subarray([
  { id: 'severity', by: 'stratum' },
  { id: 'sex', by: { covariate: 'sex' } },
  {
    id: 'age-band',
    by: { covariate: 'age' },
    bands: [
      { label: '18 to 39', from: 18 },
      { label: '40 and more', from: 40 },
    ],
  },
  {
    id: 'depression',
    by: { score: 'HAM-D-17' },
    bands: [
      { label: 'low', from: 0 },
      { label: 'high', from: 10 },
    ],
  },
]);

const arbPopulations = fc.subarray<{ id: string; requires: string; arm?: string }>([
  { id: 'everybody', requires: 'randomisation' },
  { id: 'dosed', requires: 'dose' },
  { id: 'as-treated', requires: 'dose', arm: 'actual' },
  { id: 'in-the-arm-given', requires: 'randomisation', arm: 'actual' },
]);

/** What a small trial declares besides its measures, before it is parsed. `horizon`: how far they may look. */
export type Declared = {
  readonly horizon: number;
  readonly substances: readonly { readonly id: string }[];
  readonly visits: readonly { readonly id: string }[];
  readonly populations: readonly { readonly id: string }[];
  readonly arms: Protocol['arms'];
};

const arbVisits: fc.Arbitrary<readonly string[]> = fc
  .nat({ max: 4 })
  .map((n) => Array.from({ length: n }, (_, i) => `V${i}`));
const arbEntryLag = fc.integer({ min: 0, max: 3 });

function arbSchedule(visits: readonly string[], horizon: number) {
  const visit = (id: string) =>
    fc.record({
      id: fc.constant(id),
      day: fc.integer({ min: -1, max: horizon + 2 }),
      opens: fc.integer({ min: 0, max: 2 }),
      closes: fc.integer({ min: 0, max: 3 }),
      collects: fc.subarray(['urine', 'calendar', ...biomarkerKinds]),
    });
  return fc.tuple(...visits.map(visit));
}

/**
 * Small trials of every make, but for their measures, which are for the caller to draw and to parse with them: 5 … 20 days,
 * groups, populations, periods.
 */
export function arbDeclared(trial = 'T-1'): fc.Arbitrary<Declared> {
  return fc
    .record({
      // 'constructor' is a valid substance id; who looks it up in a bare object finds what nobody put there.
      substances: fc.shuffledSubarray(['alcohol', 'cocaine', 'constructor'], { minLength: 1 }),
      horizon: fc.integer({ min: 5, max: 20 }),
      visits: arbVisits,
      populations: arbPopulations,
    })
    .chain(({ substances, horizon, visits, populations }) =>
      fc.record({
        horizon: fc.constant(horizon),
        format: fc.constant('holdfast-protocol/1'),
        trial: fc.constant(trial),
        version: fc.constant(1),
        title: fc.constant('A small trial'),
        blinding: fc.constantFrom('open', 'double'),
        clock: fc.constantFrom('live', 'imported'),
        partitions: fc.integer({ min: 1, max: 4 }),
        plannedFollowUp: fc.integer({ min: Math.max(1, horizon - 4), max: horizon + 2 }),
        administrativeEnd: optionally(
          fc.integer({ min: -1, max: horizon + 3 }).map((day) => dateOf(referenceDay + day)),
          { absent: 3, present: 1 },
        ),
        dates: optionally(fc.constantFrom('real', 'invented'), { absent: 1, present: 2 }),
        arms: arbArms,
        sites: fc.subarray(['GB-01', 'GB-02', 'US-1'], { minLength: 1 }),
        strata: fc.constant(['severe', 'mild']),
        substances: fc.constant(substances.map((id, i) => ({ id, unit: 'drinks', gramsPerUnit: 14 - 4 * i }))),
        instruments: fc.constant([...declaredInstruments]),
        periods: optionally(fc.constant([{ id: 'P1' }, { id: 'P2' }]), { absent: 2, present: 1 }),
        groups: arbGroups,
        populations: fc.constant(populations),
        visits: arbSchedule(visits, horizon),
        entryLag: arbEntryLag,
        evidence: fc.record({
          unnamed: fc.constantFrom('unknown', 'negative'),
          attendedVisit: fc.constantFrom('nothing', 'negative'),
        }),
        closed: fc.oneof(
          { weight: 2, arbitrary: fc.constant<string[]>([]) },
          {
            weight: 1,
            arbitrary: fc.subarray(
              [
                'urine-screen',
                'biomarker',
                'use-calendar',
                'visit-attended',
                'controlled-environment',
                'participant-left',
                'visit-missed',
              ],
              { maxLength: 3 },
            ),
          },
        ),
      }),
    )
    .map((declared) => defined(declared) as Declared);
}

/** A declared trial with measures, and with what else is declared differently. */
export function declaredProtocol(
  { horizon: _, ...declared }: Declared,
  different: { readonly measures: readonly object[] } & Readonly<Record<string, unknown>>,
): Protocol {
  const measures = different.measures.map(ofDrugGiven(declared));
  return Protocol.parse({ ...declared, ...different, measures });
}

/**
 * Small trials of every make: 5 … 20 days, windows of 1 … 6, all evidence rules, coverages, policies and strategies, groups,
 * populations, periods, and measures of every kind that has a reference (or of `kinds`).
 */
export function arbProtocol(trial = 'T-1', kinds?: readonly MeasureKind[]): fc.Arbitrary<Protocol> {
  return arbDeclared(trial).chain((declared) => {
    const { horizon } = declared;
    const idsOf = (all: readonly { readonly id: string }[]) => all.map(({ id }) => id);
    const [substances, visits] = [idsOf(declared.substances), idsOf(declared.visits)];
    const named = idsOf(declared.populations);
    return fc
      .array(fc.integer({ min: Math.min(5, horizon), max: horizon }), { minLength: 1, maxLength: 4 })
      .chain((horizons) =>
        fc.tuple(
          ...horizons.map((until, i) => arbMeasure({ id: `m${i}`, substances, visits, horizon: until }, named, kinds)),
        ),
      )
      .map((measures) => declaredProtocol(declared, { measures }));
  });
}

/** A measure, but for the drug that it asks for if no arm gives it: a protocol is refused for that. */
function ofDrugGiven({ arms }: Pick<Protocol, 'arms'>): (measure: Partial<Measure>) => Partial<Measure> {
  const given = new Set(arms.flatMap(({ gives = [] }) => gives));
  return (measure) => {
    if (measure.kind !== 'exposure' || measure.drug === undefined || given.has(measure.drug)) return measure;
    const { drug: _, ...ofAllDrugs } = measure;
    return ofAllDrugs;
  };
}

type Schedule = NonNullable<AmendedProtocol['schedules']>[number];

/** Most protocols get the schedules of earlier versions, which begin around the days of randomisation. */
export function arbAmended(protocol: Protocol): fc.Arbitrary<AmendedProtocol> {
  const begins = fc.integer({ min: -4, max: 4 });
  const visits = fc
    .tuple(arbVisits, fc.integer({ min: 5, max: 20 }))
    .chain(([visits, horizon]) => arbSchedule(visits, horizon));
  const earlier = fc.array(fc.record({ visits, entryLag: arbEntryLag, begins }), { minLength: 1, maxLength: 2 });
  return fc.tuple(fc.option(earlier), begins).map(([before, begins]) => {
    if (before === null) return protocol;
    const { visits, entryLag } = protocol;
    const schedules = [...before, { visits, entryLag, begins }].map(
      ({ visits, entryLag, begins }, i): Schedule => ({
        version: i + 1,
        from: i === 0 ? undefined : referenceDay + begins,
        visits: visits as Schedule['visits'],
        entryLag,
      }),
    );
    return { ...protocol, version: schedules.length, schedules };
  });
}

export function arbAmendedProtocol(): fc.Arbitrary<AmendedProtocol> {
  return arbProtocol().chain(arbAmended);
}

/** The last study day that any measure looks at. */
export function longestHorizon(protocol: Protocol): number {
  return Math.max(...protocol.measures.map((measure) => horizonOf(measure, protocol)));
}

/** A date of the clock: none, within follow-up, or after everything has closed. */
export function arbAsOf(protocol: Protocol): fc.Arbitrary<number | undefined> {
  const horizon = longestHorizon(protocol);
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 5, arbitrary: fc.integer({ min: referenceDay - 1, max: referenceDay + horizon + 8 }) },
    { weight: 4, arbitrary: fc.constant(referenceDay + horizon + 400) },
  );
}

// --- events ----------------------------------------------------------------------------------------------------------

const offsets = ['+00:00', '+14:00', 'Z', '+05:30', '-03:30', '-11:00'] as const;
// At most of these times some offset makes another day of it in UTC.
const times = ['00:10:00', '12:00:00', '23:50:00', '04:05:06.789'] as const;

function pick<T>(from: readonly T[], at: number): T {
  const found = from[at % from.length];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

/** A time on a civil day as written, in one of many ways. */
function timeOn(day: number, way: number): string {
  return `${dateOf(day)}T${pick(times, way)}${pick(offsets, Math.floor(way / times.length))}`;
}

/** An instant, written in one of many ways. */
function instantAs(instant: number, way: number): string {
  const offset = pick(offsets, way);
  const [, sign, hours, minutes] = /^([+-])(..):(..)$/.exec(offset) ?? ['', '+', '00', '00'];
  const shift = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
  return new Date(instant + shift).toISOString().replace('Z', offset).replace('.000', '');
}

function eventOf(participant: string, draft: Draft): ParticipantEvent {
  const { type, data, source, id, day, recordedAt } = draft;
  const salt = Number.parseInt(sha256(canonicalJson({ participant, type, data, source, id })).slice(0, 8), 16);
  return {
    specversion: '1.0',
    id,
    source,
    subject: participant,
    type: fullType(type),
    time: timeOn(day, salt),
    recordedtime: instantAs(recordedAt, Math.floor(salt / 64)),
    data,
  } as ParticipantEvent;
}

/** An event as the fold sees it. */
export function observationOf<S extends Side>(event: ParticipantEvent, side: S): Observation<S> {
  return {
    side,
    type: shortType(event.type),
    source: event.source,
    id: event.id,
    sha256: sha256(contentOf(canonicalJson(event))),
    recordedAt: Date.parse(event.recordedtime),
    day: civilDay(event.time),
    data: event.data,
  } as Observation<S>;
}

/** The whole event of a generated observation: `observationOf` of it is the observation again, to the SHA-256. */
export function toEvent(trial: string, participant: string, observation: Observation): HoldfastEvent {
  if (trialOf(observation.source) !== trial) throw new Error(`${observation.source} is not of trial ${trial}`);
  return eventOf(participant, observation);
}

/** On which side of the blind the door puts an event. */
export function sideOf(protocol: Protocol, said: { readonly type: string; readonly data: object }): Side {
  if (protocol.blinding === 'open') return 'open';
  if (said.type === 'correction') {
    const { type, data } = (said.data as EventData<'correction'>).event;
    return sideOf(protocol, { type: shortType(type as HoldfastEvent['type']), data });
  }
  const closed: readonly string[] = [
    'arm-assigned',
    'dose-given',
    'therapy-session',
    'allocation-guess',
    'unblinding',
    ...protocol.closed,
  ];
  const tells: Readonly<Record<string, string>> = {
    'scale-score': 'hoursAfterDose',
    'vital-signs': 'minutesAfterDose',
    'period-started': 'sequence',
  };
  const field = tells[said.type];
  return closed.includes(said.type) || (field !== undefined && field in said.data) ? 'sealed' : 'open';
}

// --- histories -------------------------------------------------------------------------------------------------------

/** Baseline covariates; an age that is a text is in no band. */
const arbBaseline = fc
  .record({
    sex: optionally(fc.constantFrom('female', 'male'), { absent: 1, present: 4 }),
    age: optionally(fc.constantFrom<number | string>(17, 18, 39, 40, 61, 'unknown'), { absent: 1, present: 4 }),
  })
  .map((baseline) => defined(baseline));

/** What may be said in a trial, by type: small domains, so that observations meet. Most laws ask for a few types only. */
function sayings(protocol: Protocol): { [T in ObservationType]: () => fc.Arbitrary<EventData<T>> } {
  const horizon = longestHorizon(protocol);
  const substances = protocol.substances.map((substance) => substance.id);
  const day = fc.integer({ min: referenceDay - 1, max: referenceDay + horizon + 2 });
  const visitIds = protocol.visits.length === 0 ? ['unlisted'] : protocol.visits.map((visit) => visit.id);
  const visit = fc.constantFrom(...visitIds);
  const some = <T>(values: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...values], { minLength: 1 });

  const screen = () =>
    fc
      .record({
        visit: optionally(visit, { absent: 3, present: 1 }),
        named: fc.oneof(
          { weight: 3, arbitrary: fc.constant(substances) },
          { weight: 2, arbitrary: fc.subarray(substances) },
        ),
        results: fc.array(
          fc.oneof(
            { weight: 5, arbitrary: fc.constant('negative' as const) },
            { weight: 2, arbitrary: fc.constant('positive' as const) },
            { weight: 1, arbitrary: fc.constantFrom('invalid' as const, 'not-done' as const, 'refused' as const) },
          ),
          { minLength: substances.length, maxLength: substances.length },
        ),
        sample: optionally(fc.constantFrom('valid' as const, 'invalid' as const), { absent: 3, present: 1 }),
        supervised: optionally(fc.boolean(), { absent: 3, present: 1 }),
      })
      .map(({ named, results, ...rest }): EventData<'urine-screen'> => {
        return defined({
          ...rest,
          results: Object.fromEntries(named.map((substance, i) => [substance, results[i] ?? 'negative'])),
        }) as EventData<'urine-screen'>;
      });

  const biomarker = () =>
    fc
      .record({
        test: fc.oneof(
          { weight: 2, arbitrary: fc.record({ kind: fc.constant('breath-alcohol'), lookBack: fc.constant(0) }) },
          {
            weight: 3,
            arbitrary: fc.record({ kind: fc.constantFrom(...biomarkerKinds, 'etg'), lookBack: fc.nat({ max: 6 }) }),
          },
        ),
        substance: fc.constantFrom(...substances),
        found: fc.oneof(
          { weight: 3, arbitrary: fc.constantFrom({ result: 'negative' }, { result: 'positive' }) },
          {
            weight: 1,
            arbitrary: fc.constantFrom({ result: 'invalid' }, { result: 'not-done' }, { result: 'refused' }),
          },
          {
            weight: 2,
            arbitrary: fc.record({ value: fc.constantFrom(0, 1, 2), cutOff: fc.constant(1), unit: fc.constant('g/L') }),
          },
        ),
        visit: optionally(visit, { absent: 3, present: 1 }),
      })
      .map(
        ({ test, substance, found, visit }) =>
          defined({ ...test, substance, ...found, visit }) as EventData<'biomarker'>,
      );

  const amount = () =>
    fc.constantFrom<EventData<'use-calendar'>['days'][string][string]>(
      {},
      { amount: 2.5, unit: 'g' },
      { amount: 1 },
      { amount: 3.7, unit: 'drinks' },
      { amount: 70, unit: 'g' },
      { amount: 250.5, unit: 'g' },
    );
  const use = () =>
    fc.record({
      at: fc.nat({ max: horizon }),
      // A listed day that names nothing is no day of use.
      of: fc.oneof({ weight: 8, arbitrary: some(substances) }, { weight: 1, arbitrary: fc.constant<string[]>([]) }),
      amount: amount(),
    });
  const calendar = () =>
    fc
      .record({
        span: fc.oneof(
          { weight: 2, arbitrary: fc.tuple(day, fc.nat({ max: horizon })) },
          // A diary is a calendar of one day, asked on that day.
          { weight: 2, arbitrary: fc.tuple(day, fc.constant(0)) },
          // Some days are before randomisation: baseline.
          {
            weight: 1,
            arbitrary: fc.tuple(fc.integer({ min: referenceDay - 12, max: referenceDay - 1 }), fc.nat({ max: 14 })),
          },
          // Many calendars cover about all of follow-up, lest no window ever be covered.
          {
            weight: 2,
            arbitrary: fc.tuple(fc.integer({ min: referenceDay - 1, max: referenceDay + 2 }), fc.constant(horizon)),
          },
        ),
        informant: fc.oneof(
          { weight: 2, arbitrary: fc.constant('participant' as const) },
          { weight: 1, arbitrary: fc.constantFrom('relative' as const, 'record' as const) },
        ),
        complete: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
        recall: fc.nat({ max: 3 }),
        uses: fc.boolean().chain((any) => fc.array(use(), { maxLength: any ? 3 : 0 })),
      })
      .map(({ span: [from, length], informant, complete, recall, uses }): EventData<'use-calendar'> => {
        const within = uses.filter((use) => use.at <= length);
        return {
          from: dateOf(from),
          to: dateOf(from + length),
          complete,
          days: Object.fromEntries(
            within.map((use) => [dateOf(from + use.at), Object.fromEntries(use.of.map((of) => [of, use.amount]))]),
          ),
          informant,
          interview: dateOf(from + length + recall),
        };
      });

  const left = (how: EventData<'participant-left'>['how']) => fc.constant<EventData<'participant-left'>>({ how });
  const answer = optionally(fc.nat({ max: 1 }), { absent: 1, present: 2 });
  const suicidality = () =>
    fc
      .record({
        ideation: optionally(fc.nat({ max: 5 }), { absent: 1, present: 5 }),
        preparatory: answer,
        aborted: answer,
        interrupted: answer,
        attempt: answer,
        'self-injury': answer,
        after: optionally(fc.nat({ max: 2 }), { absent: 3, present: 1 }),
      })
      .map(
        ({ after, ...items }) =>
          defined({
            instrument: 'C-SSRS',
            items: defined(items),
            hoursAfterDose: after,
          }) as EventData<'scale-score'>,
      );
  const vitalSigns = () =>
    fc
      .record({
        pressure: optionally(
          fc.tuple(fc.constantFrom(120, 140.5, 179.9, 180, 191), fc.constantFrom(70, 109.25, 110, 115)),
          { absent: 1, present: 3 },
        ),
        heartRate: fc.constantFrom(70, 90.125, 131),
        minutesAfterDose: optionally(fc.constantFrom(0, 40, 1_439, 1_440, 3_000), { absent: 1, present: 4 }),
      })
      .map(({ pressure, ...rest }) => {
        const bloodPressure = pressure && { systolic: pressure[0], diastolic: pressure[1] };
        return defined({ ...rest, bloodPressure }) as EventData<'vital-signs'>;
      });
  const adverseEvent = () =>
    fc
      .record({
        ae: fc.constantFrom('AE-1', 'AE-2', 'AE-3'),
        onset: day,
        // The same term under two classes, and terms that differ by nothing that counts.
        named: fc.oneof(
          fc.record({ term: fc.constantFrom('nausea', ' Nausea', 'fell  down') }),
          fc.record({
            term: fc.constant('felt sick'),
            coded: fc.record(
              { pt: fc.constantFrom('Nausea', 'Fall › at home'), soc: fc.constantFrom('Gastrointestinal', 'Injury') },
              plain,
            ),
          }),
        ),
        severity: fc.constantFrom('mild' as const, 'moderate' as const, 'severe' as const),
        grade: optionally(fc.integer({ min: 1, max: 5 }), { absent: 2, present: 1 }),
        seriousness: fc.oneof(
          { weight: 3, arbitrary: fc.constant([]) },
          {
            weight: 2,
            arbitrary: fc.subarray(['death', 'life-threatening', 'hospitalisation'] as const, { minLength: 1 }),
          },
        ),
        relatedness: fc.constantFrom('unrelated' as const, 'possible' as const, 'definite' as const),
      })
      .map(({ onset, named, severity, grade, ...rest }) => {
        const graded = grade === undefined ? { severity } : { grade };
        const outcome = rest.seriousness.includes('death' as never) ? 'fatal' : 'unknown';
        return { ...rest, ...named, ...graded, onset: dateOf(onset), outcome } as EventData<'adverse-event'>;
      });
  const date = (spread: number) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(dateOf(referenceDay)) },
      { weight: 1, arbitrary: fc.integer({ min: -spread, max: spread }).map((d) => dateOf(referenceDay + d)) },
    );

  return {
    'participant-enrolled': () =>
      fc
        .record({
          consentDate: date(1),
          substances: optionally(fc.subarray(substances), { absent: 2, present: 1 }),
          baseline: optionally(arbBaseline, { absent: 1, present: 3 }),
        })
        .map((data) => defined(data) as EventData<'participant-enrolled'>),
    'participant-randomised': () =>
      fc
        .record({ date: date(2), stratum: optionally(fc.constantFrom(...protocol.strata), { absent: 1, present: 1 }) })
        .map((data) => defined(data) as EventData<'participant-randomised'>),
    'participant-rerandomised': () => fc.record({ which: fc.constant(2), date: date(3) }, plain),
    'arm-assigned': () => fc.record({ arm: fc.constantFrom(...protocol.arms.map((arm) => arm.id)) }, plain),
    'visit-attended': () =>
      optionally(visit, { absent: 1, present: 2 }).map((visit) => defined({ visit }) as EventData<'visit-attended'>),
    'visit-missed': () => fc.record({ visit }, plain),
    'urine-screen': screen,
    biomarker,
    'use-calendar': calendar,
    'dose-given': () =>
      fc.oneof(
        arbDoseGiven,
        fc
          .record({
            drug: fc.constantFrom(...drugs, 'study drug'),
            given: fc.constantFrom({ mg: 35 }, { mgPerKg: 0.5 }),
            session: optionally(fc.integer({ min: 1, max: 3 }), { absent: 2, present: 1 }),
          })
          .map((data) => defined(data) as EventData<'dose-given'>),
      ),
    'scale-score': () =>
      fc.oneof({ weight: 3, arbitrary: arbScaleScore(visit) }, { weight: 2, arbitrary: suicidality() }),
    'controlled-environment': () =>
      fc
        .record({
          from: day,
          length: fc.nat({ max: 5 }),
          kind: fc.constantFrom('hospital' as const, 'prison' as const),
        })
        .map(({ from, length, kind }) => ({ kind, from: dateOf(from), to: dateOf(from + length) })),
    'participant-left': () =>
      fc.oneof(
        { weight: 2, arbitrary: left('died') },
        {
          weight: 2,
          arbitrary: fc.constantFrom('completed' as const, 'lost' as const, 'stopped' as const).chain(left),
        },
      ),
    screened: () => fc.constantFrom<EventData<'screened'>>({ eligible: true }, { eligible: false, reasons: ['age'] }),
    'period-started': () =>
      fc.constantFrom<EventData<'period-started'>>(
        { period: 'P1' },
        { period: 'P2' },
        { period: 'P2', sequence: 'AB' },
      ),
    'choice-task': () => arbChoiceTask(fc.constantFrom(...substances), visit),
    'therapy-session': () => arbTherapySession,
    'vital-signs': vitalSigns,
    'lab-result': () => fc.constant({ test: 'ALT', value: 31, unit: 'U/L' }),
    'concomitant-medication': () => fc.record({ name: fc.constant('naltrexone'), from: day.map(dateOf) }, plain),
    'protocol-deviation': () => fc.constant({ kind: 'visit', importance: 'minor' }),
    overdose: () =>
      fc.constant({
        substances: ['fentanyl'],
        intent: 'unknown',
        naloxone: 'given',
        outcome: 'recovered',
      }),
    'adverse-event': adverseEvent,
    'treatment-discontinued': () => fc.constant({ reason: 'participant' }),
    'consent-withdrawn': () =>
      fc.constantFrom('treatment' as const, 'follow-up' as const, 'data' as const).map((scope) => ({ scope })),
    'allocation-guess': () =>
      fc.constantFrom<EventData<'allocation-guess'>>(
        { by: 'participant' },
        { by: 'rater', arm: protocol.arms[0]?.id ?? '', sure: 50 },
      ),
    unblinding: () => fc.constant({ by: 'monitor', reason: 'intensive care' }),
  };
}

/** How often a type is said, beside those that set a participant up. */
const frequencies: readonly (readonly [ObservationType, number])[] = [
  ['urine-screen', 10],
  ['biomarker', 8],
  ['use-calendar', 10],
  ['visit-attended', 4],
  ['controlled-environment', 3],
  ['participant-left', 5],
  ['dose-given', 3],
  ['scale-score', 3],
  ['choice-task', 1],
  ['therapy-session', 1],
  ['visit-missed', 1],
  ['participant-rerandomised', 1],
  ['screened', 1],
  ['period-started', 3],
  ['vital-signs', 1],
  ['adverse-event', 1],
  ['treatment-discontinued', 1],
  ['consent-withdrawn', 1],
  ['allocation-guess', 1],
];

// Few instants, so that ties are many; one lies within a second of another, and the last lies days later.
const recordedAt = fc.constantFrom(...[0, 500, 1000, 3 * 86_400_000].map((ms) => referenceDay * 86_400_000 + ms));

type Options = {
  /** In a double-blind trial, whether retractions may lie sealed: the door never seals one, but a site may. Default false. */
  readonly sealedRetractions?: boolean;
  /** The types that are observed, beside those that set a participant up, and nothing is replaced: so that they meet more often. */
  readonly only?: readonly ObservationType[];
  /** With `only`: corrections and retractions all the same. */
  readonly replaced?: boolean;
};

function sourcesOf(protocol: Protocol): { sites: string[]; service: string } {
  const trial = `/trials/${protocol.trial}`;
  return { sites: protocol.sites.map((site) => `${trial}/sites/${site}`), service: `${trial}/randomisation` };
}

function arbDrafts(protocol: Protocol, { only, replaced = only === undefined }: Options): fc.Arbitrary<Draft[]> {
  const horizon = longestHorizon(protocol);
  const sayable = sayings(protocol);
  const built = new Map<ObservationType, fc.Arbitrary<object>>();
  const say = (type: ObservationType): fc.Arbitrary<object> => {
    const arbitrary = built.get(type) ?? sayable[type]();
    built.set(type, arbitrary);
    return arbitrary;
  };
  const { sites, service } = sourcesOf(protocol);
  const day = fc.integer({ min: referenceDay - 1, max: referenceDay + horizon + 2 });
  const site = fc.constantFrom(...sites);
  const anySource = fc.oneof({ weight: 4, arbitrary: site }, { weight: 1, arbitrary: fc.constant(service) });
  // An arm comes from the randomisation service and never from a site.
  const sourceOf = (type: string) => (type === 'arm-assigned' ? fc.constant(service) : anySource);
  const ids = (letter: string, count: number) => fc.nat({ max: count - 1 }).map((n) => `${letter}${n}`);

  const observation = (type: ObservationType, on = day): fc.Arbitrary<Draft> =>
    fc
      .record({
        data: say(type),
        source: sourceOf(type),
        id: ids('e', 40),
        day: on,
        recordedAt,
      })
      .map((draft) => ({ type, ...draft }) as Draft);
  const several = (type: ObservationType, weights: readonly [number, number, number]) =>
    fc
      .oneof(...weights.map((weight, count) => ({ weight, arbitrary: fc.constant(count) })))
      .chain((count) => fc.array(observation(type), { minLength: count, maxLength: count }));

  const observed = frequencies.filter(([type]) => only === undefined || only.includes(type));
  // What groups, periods and populations go by, where the protocol has them.
  const atBaseline = fc.integer({ min: referenceDay - 2, max: referenceDay });
  const told: fc.Arbitrary<Draft>[] = [];
  // Of several instruments, and some after a dose: six, so that one is often of the group’s.
  if (protocol.groups.some(({ by }) => by !== 'stratum' && 'score' in by))
    told.push(...Array.from({ length: 6 }, () => observation('scale-score', atBaseline)));
  if (protocol.periods !== undefined) told.push(observation('period-started'));
  if (protocol.populations.length > 0) told.push(observation('dose-given'));
  const base = fc
    .tuple(
      several('participant-enrolled', [1, 20, 3]),
      several('participant-randomised', [1, 20, 3]),
      several('arm-assigned', [1, 12, 3]),
      fc.array(fc.oneof(...observed.map(([type, weight]) => ({ weight, arbitrary: observation(type) }))), {
        maxLength: 18,
        size: 'max',
      }),
      told.length === 0 || only !== undefined ? fc.constant([]) : fc.array(fc.oneof(...told), { maxLength: 4 }),
    )
    .map((parts) => parts.flat());

  if (!replaced) return base;
  return base.chain((said) => {
    // Replacing events have few identities, so that they target each other, themselves, and what is not there.
    const replacingKey = fc.record({ source: fc.constantFrom(...sites.slice(0, 1), service), id: ids('r', 7) }, plain);
    const keyOf = ({ source, id }: Key): Key => ({ source, id });
    const missing = fc.constant<Key>({ source: service, id: 'nowhere' });
    const among = (known: readonly Draft[]) => (known.length === 0 ? missing : fc.constantFrom(...known.map(keyOf)));
    const target = fc.oneof(
      { weight: 1, arbitrary: missing },
      { weight: 6, arbitrary: among(said) },
      // A few are targeted again and again, so that corrections compete.
      { weight: 12, arbitrary: among(said.slice(-2)) },
      { weight: 11, arbitrary: replacingKey },
    );

    const correctionTo = (type: ObservationType, target: Key): fc.Arbitrary<Draft> =>
      fc
        .record({
          data: say(type),
          innerDay: day,
          way: fc.nat({ max: 23 }),
          key: type === 'arm-assigned' ? ids('r', 7).map((id) => ({ source: service, id })) : replacingKey,
          day,
          recordedAt,
        })
        .map(({ data, innerDay, way, key, ...rest }) => {
          const event = { type: fullType(type), time: timeOn(innerDay, way), data };
          return { ...key, ...rest, type: 'correction', data: { target, reason: 'wrong', by: 'DM', event } } as Draft;
        });
    const anyType = fc.constantFrom(...(Object.keys(sayable) as ObservationType[]));
    const correction = target.chain((target) => {
      const targeted = said.find((draft) => draft.source === target.source && draft.id === target.id);
      const sameType = fc.constantFrom((targeted?.type ?? 'urine-screen') as ObservationType);
      return fc
        .oneof({ weight: 3, arbitrary: sameType }, { weight: 1, arbitrary: anyType })
        .chain((type) => correctionTo(type, target));
    });
    const retraction = fc.record({ target, key: replacingKey, day, recordedAt }).map(
      ({ target, key, ...rest }): Draft => ({
        ...key,
        ...rest,
        type: 'retraction',
        data: { target, reason: 'wrong', by: 'DM' },
      }),
    );

    return fc
      .array(fc.oneof({ weight: 5, arbitrary: correction }, { weight: 2, arbitrary: retraction }), {
        maxLength: 9,
        size: 'max',
      })
      .map((replacing) => [...said, ...replacing]);
  });
}

/** Everything of one participant: mostly enrolled and randomised, with all that can be entered wrongly, and repeated at will. */
export function arbHistory(protocol: Protocol, participant = 'P-1', options: Options = {}): fc.Arbitrary<History> {
  const coinsFor = (drafts: readonly Draft[]) =>
    fc.array(fc.boolean(), { minLength: 2 * drafts.length, maxLength: 2 * drafts.length });
  const mayLieSealed = options.sealedRetractions === true && protocol.blinding === 'double';
  return arbDrafts(protocol, options)
    .chain((drafts) => fc.tuple(fc.constant(drafts), fc.subarray(drafts), coinsFor(drafts)))
    .map(([drafts, repeated, coins]): History => {
      const open: Observation<'open'>[] = [];
      const sealed: Observation<'sealed'>[] = [];
      const once = new Map(drafts.map((draft) => [draft, observationOf(eventOf(participant, draft), 'open')]));
      for (const [index, draft] of [...drafts, ...repeated].entries()) {
        const sealedAnyhow = mayLieSealed && draft.type === 'retraction' && coins[index] === true;
        const side = sealedAnyhow ? 'sealed' : sideOf(protocol, draft);
        const observation = once.get(draft) ?? observationOf(eventOf(participant, draft), 'open');
        if (side === 'sealed') sealed.push({ ...observation, side } as Observation<'sealed'>);
        else open.push({ ...observation, side } as Observation<'open'>);
      }
      return { participant, open, sealed };
    });
}

/** The same set of observations, in another order and with other repetitions. */
export function arbRearranged(history: History): fc.Arbitrary<History> {
  const rearranged = <T>(all: readonly T[]) =>
    fc
      .shuffledSubarray([...all, ...all])
      .chain((extra) => fc.shuffledSubarray([...all, ...extra], { minLength: all.length + extra.length }));
  return fc
    .tuple(rearranged(history.open), rearranged(history.sealed))
    .map(([open, sealed]) => ({ participant: history.participant, open, sealed }));
}

/** Several participants of one trial. */
export function arbTrial(
  protocol: Protocol,
  options: Options & { readonly minParticipants?: number; readonly maxParticipants?: number } = {},
): fc.Arbitrary<History[]> {
  return fc
    .integer({ min: options.minParticipants ?? 1, max: options.maxParticipants ?? 6 })
    .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => arbHistory(protocol, `P-${i + 1}`, options))));
}

export type Case = {
  readonly protocol: Protocol;
  readonly history: History;
  readonly asOf: number | undefined;
};

/** A protocol with a history and a clock that fit it: what most laws are stated over. */
export function arbCase(options: Options = {}): fc.Arbitrary<Case> {
  return arbProtocol().chain((protocol) =>
    fc
      .record({
        protocol: fc.constant(protocol),
        history: arbHistory(protocol, 'P-1', options),
        asOf: arbAsOf(protocol),
      })
      .map(readable),
  );
}

/** A counter-example as people read it: what the protocol declares of days, then event by event, in order of day. */
export function readable<T extends Case>(given: T): T {
  const { protocol, history, asOf } = given;
  const print = () => {
    const { blinding, plannedFollowUp, administrativeEnd, entryLag, evidence, closed, visits, measures } = protocol;
    const declared = { blinding, plannedFollowUp, administrativeEnd, entryLag, evidence, closed };
    const date = (day: number) =>
      `${dateOf(day)} (reference day ${day - referenceDay >= 0 ? '+' : ''}${day - referenceDay})`;
    const events = [...history.open, ...history.sealed]
      .toSorted((a, b) => a.day - b.day)
      .map(
        ({ side, type, day, source, id, recordedAt, data }) =>
          `${date(day)} ${side} ${type} ${id} of ${source}, recorded ${new Date(recordedAt).toISOString()}: ${JSON.stringify(data)}`,
      );
    return [
      '',
      `protocol ${JSON.stringify(declared)}`,
      ...visits.map((visit) => `visit ${JSON.stringify(visit)}`),
      ...measures.map((measure) => `measure ${JSON.stringify(measure)}`),
      `clock ${asOf === undefined ? 'none' : date(asOf)}`,
      ...events,
    ].join('\n  ');
  };
  return Object.defineProperty(given, fc.toStringMethod, { value: print });
}
