import {
  civilDay,
  dateOf,
  type EventData,
  fullType,
  type MissingPolicy,
  type ObservationType,
  Protocol,
} from '@holdfast/events';
import type { Observation, Side } from '@holdfast/outcomes';
import { describe, expect, test } from 'vitest';
import { type NaiveMeasure, type NaiveParticipant, naiveFold } from './naive-fold.ts';
import { naiveAbstinence, naiveEvents } from './naive-rates.ts';

// Every expected value here was worked out by hand from the written semantics; study day 0 is 1 March 2024.
const dayZero = civilDay('2024-03-01');
const date = (studyDay: number) => dateOf(dayZero + studyDay);
const long = dayZero + 1000;
const site = '/trials/T/sites/GB-01';
const service = '/trials/T/randomisation';

type Type = ObservationType | 'correction' | 'retraction';
type Envelope = { id?: string; source?: string; sha256?: string; recordedAt?: number };
let made = 0;

function said<T extends Type, S extends Side = 'open'>(
  type: T,
  day: number,
  data: EventData<T>,
  envelope: Envelope = {},
  side?: S,
) {
  made += 1;
  const id = envelope.id ?? `n${made}`;
  const defaults = { id, source: site, sha256: `sha-of-${id}`, recordedAt: 0 };
  return {
    ...defaults,
    ...envelope,
    side: side ?? 'open',
    type,
    day: dayZero + day,
    data,
  } as unknown as Observation<S>;
}

const enrolled = said('participant-enrolled', -3, { consentDate: date(-3) }, { id: 'enrolment' });
const randomised = said('participant-randomised', 5, { date: date(0) }, { id: 'randomisation', source: service });
const arm = said('arm-assigned', 0, { arm: 'A' }, { id: 'arm', source: service });
const participant = [enrolled, randomised, arm];

function screen(day: number, results: EventData<'urine-screen'>['results'], envelope: Envelope = {}) {
  return said('urine-screen', day, { results }, envelope);
}
const negative = (day: number, envelope: Envelope = {}) => screen(day, { cocaine: 'negative' }, envelope);
const positive = (day: number, envelope: Envelope = {}) => screen(day, { cocaine: 'positive' }, envelope);

function calendar(from: number, to: number, uses: readonly number[], rest: Partial<EventData<'use-calendar'>> = {}) {
  const days = Object.fromEntries(uses.map((day) => [date(day), { cocaine: {} }]));
  const data = { from: date(from), to: date(to), complete: true, days, informant: 'participant', interview: date(to) };
  return said('use-calendar', to, { ...data, ...rest } as EventData<'use-calendar'>);
}

function correcting<T extends ObservationType>(
  target: string,
  type: T,
  day: number,
  data: EventData<T>,
  envelope: Envelope = {},
) {
  const event = { type: fullType(type), time: `${date(day)}T23:30:00-08:00`, data };
  return said('correction', 20, { target: { source: site, id: target }, reason: 'wrong', by: 'DM', event }, envelope);
}
const retracting = (target: string, envelope: Envelope = {}) =>
  said('retraction', 20, { target: { source: site, id: target }, reason: 'wrong', by: 'DM' }, envelope);

type Declared = Partial<Omit<Protocol, 'measures'>>;

function protocol(measure: object, declared: Declared = {}): Protocol {
  const common = { id: 'm', substances: ['cocaine'], evidence: 'urine-only', windows: [1], horizon: 6 };
  const rolling = { kind: 'rolling-abstinence', policies: ['observed-only'] };
  const firstUse = (measure as { kind?: string }).kind === 'first-use';
  return Protocol.parse({
    format: 'holdfast-protocol/1',
    trial: 'T',
    version: 1,
    title: 'T',
    blinding: 'open',
    clock: 'imported',
    plannedFollowUp: 6,
    arms: [{ id: 'A' }, { id: 'B' }],
    sites: ['GB-01'],
    substances: [{ id: 'cocaine' }, { id: 'alcohol' }],
    ...declared,
    measures: [{ ...common, ...(firstUse ? {} : rolling), ...measure }],
  });
}

function folded(
  declared: Protocol,
  said: readonly Observation<'open'>[],
  asOf: number | undefined = long,
): NaiveParticipant {
  return naiveFold(declared, { participant: 'P', open: said, sealed: [] }, asOf);
}

function measured(
  declared: Protocol,
  said: readonly Observation<'open'>[],
  asOf: number | undefined = long,
): NaiveMeasure {
  const { m } = folded(declared, [...participant, ...said], asOf).measures;
  if (m === undefined) throw new Error('the participant is not randomised');
  return m;
}

/** Days 1 … 6 as text, under one policy after the other: `a` abstinent, `u` assessable and not abstinent, `.` not assessable. */
function course({ cells }: NaiveMeasure, ...policies: readonly MissingPolicy[]): string {
  const asked = policies.length === 0 ? ['observed-only'] : policies;
  return asked
    .flatMap((policy) => cells.filter((cell) => cell.policy === policy))
    .map((cell) => (cell.abstinent ? 'a' : cell.assessable ? 'u' : '.'))
    .join('');
}

const observed = ({ measures }: NaiveParticipant) =>
  measures.m?.cells.filter(({ policy }) => policy === 'observed-only');

const listed = ({ issues }: NaiveParticipant) => issues.map(({ issue, id, counts }) => `${issue} ${id} ${counts}`);

describe('replacing', () => {
  test('a correction that arrives before its target moves the screen to another day and result', () => {
    const correction = correcting('s', 'urine-screen', 4, { results: { cocaine: 'positive' } });
    expect(course(measured(protocol({}), [correction]))).toBe('......');
    expect(course(measured(protocol({}), [correction, negative(2, { id: 's' })]))).toBe('...u..');
  });

  test('retracting a correction restores what it had replaced, and retracting that retraction corrects it again', () => {
    const corrected = [
      negative(2, { id: 's' }),
      correcting('s', 'urine-screen', 2, { results: { cocaine: 'positive' } }, { id: 'c' }),
    ];
    const back = [...corrected, retracting('c', { id: 'r' })];
    expect(course(measured(protocol({}), corrected))).toBe('.u....');
    expect(course(measured(protocol({}), back))).toBe('.a....');
    expect(course(measured(protocol({}), [...back, retracting('r')]))).toBe('.u....');
  });

  test('retracting an event takes its corrections with it', () => {
    const all = [negative(2, { id: 's' }), correcting('s', 'urine-screen', 3, { results: {} }), retracting('s')];
    expect(course(measured(protocol({}), all))).toBe('......');
  });

  test('of two leaves at different depths the later recorded counts, then the greater id, and both are listed', () => {
    const leaf = (target: string, day: number, envelope: Envelope) =>
      correcting(target, 'urine-screen', day, { results: { cocaine: 'negative' } }, envelope);
    const all = [
      ...participant,
      negative(1, { id: 's', recordedAt: 9 }),
      leaf('s', 2, { id: 'c1', recordedAt: 5 }),
      leaf('c1', 3, { id: 'c2', recordedAt: 6 }),
      leaf('s', 4, { id: 'c3', recordedAt: 6 }),
    ];
    const naive = folded(protocol({}), all);
    expect(listed(naive)).toEqual(['competing-corrections c2 false', 'competing-corrections c3 true']);
    expect(
      observed(naive)
        ?.filter((cell) => cell.abstinent)
        .map((cell) => cell.day),
    ).toEqual([4]);
  });

  test('cycles, unseen targets and corrections of retractions do nothing and are listed', () => {
    const empty = { results: {} };
    const all = [
      ...participant,
      negative(1, { id: 's' }),
      correcting('b', 'urine-screen', 1, empty, { id: 'a' }),
      correcting('a', 'urine-screen', 1, empty, { id: 'b' }),
      correcting('nowhere', 'urine-screen', 1, empty, { id: 'waiting' }),
      correcting('waiting', 'urine-screen', 1, empty, { id: 'waiting-too' }),
      retracting('waiting-too', { id: 'r' }),
      correcting('r', 'urine-screen', 1, empty, { id: 'of-a-retraction' }),
    ];
    const naive = folded(protocol({}), all);
    // 'waiting-too' is retracted, so nobody waits for its target any longer.
    expect(listed(naive)).toEqual([
      'correction-of-retraction of-a-retraction false',
      'cycle a false',
      'cycle b false',
      'target-not-seen waiting false',
    ]);
    expect(observed(naive)?.[0]).toMatchObject({ day: 1, abstinent: true });
    // Who retracts what goes in a circle settles it; a retraction that is itself in the circle does not.
    const settled = [...all, retracting('a'), retracting('b')];
    expect(listed(folded(protocol({}), settled)).filter((issue) => issue.startsWith('cycle'))).toEqual([]);
    const circle = [...participant, retracting('r2', { id: 'r1' }), retracting('r1', { id: 'r2' })];
    expect(listed(folded(protocol({}), circle))).toEqual(['cycle r1 false', 'cycle r2 false']);
  });

  test('of two contents under one identity the later recorded counts, then the greater hash, and both are listed', () => {
    const all = [
      ...participant,
      positive(1, { id: 's', sha256: 'ff', recordedAt: 1 }),
      negative(1, { id: 's', sha256: 'aa', recordedAt: 2 }),
      positive(2, { id: 't', sha256: 'bb' }),
      negative(2, { id: 't', sha256: 'cc' }),
      negative(2, { id: 't', sha256: 'cc' }),
    ];
    const naive = folded(protocol({}), all);
    expect(naive.issues.map(({ issue, sha256, counts }) => `${issue} ${sha256} ${counts}`)).toEqual([
      'conflict aa true',
      'conflict ff false',
      'conflict bb false',
      'conflict cc true',
    ]);
    expect(
      observed(naive)
        ?.slice(0, 2)
        .map((cell) => cell.abstinent),
    ).toEqual([true, true]);
  });
});

describe('setting aside', () => {
  test('without an enrolment everything is set aside, and with one nothing', () => {
    const without = folded(protocol({}), [randomised, arm, negative(1, { id: 's' })]);
    expect(without).toMatchObject({ dayZero: undefined, site: undefined, arm: undefined, measures: {} });
    expect(listed(without)).toEqual([
      'no-enrolment arm false',
      'no-enrolment randomisation false',
      'no-enrolment s false',
    ]);
    expect(folded(protocol({}), participant)).toMatchObject({ dayZero, site: 'GB-01', arm: 'A', issues: [] });
  });

  test('a corrected randomisation keeps its place in the order; a second one is set aside', () => {
    const first = said('participant-randomised', 0, { date: date(9) }, { id: 'first', recordedAt: 1 });
    const second = said('participant-randomised', 0, { date: date(2) }, { id: 'second', recordedAt: 2 });
    const late = correcting('first', 'participant-randomised', 0, { date: date(1) }, { id: 'late', recordedAt: 3 });
    const naive = folded(protocol({}), [enrolled, first, second, late]);
    expect(naive.dayZero).toBe(dayZero + 1);
    expect(listed(naive)).toEqual(['no-arm late true', 'second-randomisation second false']);
  });

  test('in a double-blind trial the arm is read from the sealed side', () => {
    const double = protocol({}, { blinding: 'double' });
    const sealedArm = said('arm-assigned', 0, { arm: 'B' }, { source: service }, 'sealed');
    const history = { participant: 'P', open: [enrolled, randomised, arm], sealed: [sealedArm] };
    expect(naiveFold(double, history, long)).toMatchObject({ arm: 'B', issues: [] });
  });
});

describe('evidence', () => {
  test('the shorter recall wins, and use wins a tie', () => {
    const selfReport = protocol({ evidence: 'self-report-only' });
    // Asked on day 3: no use on 1 … 3. Asked on day 6: use on 2 and 5. For days 1 … 3 the first remembers better.
    expect(course(measured(selfReport, [calendar(1, 3, []), calendar(1, 6, [2, 5])]))).toBe('aaaaua');
    expect(course(measured(selfReport, [calendar(1, 6, []), calendar(1, 6, [2, 5])]))).toBe('auaaua');
  });

  test('an incomplete calendar speaks of its listed days only, and only the participant reports on himself', () => {
    const selfReport = protocol({ evidence: 'self-report-only' });
    const incomplete = calendar(1, 6, [3], { complete: false });
    const relative = calendar(1, 6, [], { informant: 'relative' });
    expect(course(measured(selfReport, [incomplete, relative]))).toBe('..u...');
    expect(course(measured(protocol({ evidence: 'any-positive' }), [incomplete, relative]))).toBe('aauaaa');
  });

  test('an unnamed substance beside a refused one is negative if the trial says so, but an invalid sample says nothing', () => {
    const rules = { unnamed: 'negative', attendedVisit: 'nothing' } as const;
    const all = [
      screen(1, { alcohol: 'refused' }),
      screen(2, { cocaine: 'refused' }),
      said('urine-screen', 3, { results: { alcohol: 'positive' }, sample: 'invalid' }),
      positive(4),
      negative(4),
    ];
    expect(course(measured(protocol({}, { evidence: rules }), all))).toBe('a..u..');
    expect(course(measured(protocol({}), all))).toBe('...u..');
    expect(course(measured(protocol({ substances: ['cocaine', 'alcohol'] }, { evidence: rules }), all))).toBe('...u..');
  });

  test('a kept visit without any screen is negative if the trial says so; a screen that says nothing takes that away', () => {
    const rules = { unnamed: 'unknown', attendedVisit: 'negative' } as const;
    const visits = [said('visit-attended', 1, {}), said('visit-attended', 2, {}), screen(2, { cocaine: 'not-done' })];
    expect(course(measured(protocol({}, { evidence: rules }), visits))).toBe('a.....');
    expect(course(measured(protocol({}), visits))).toBe('......');
  });
});

describe('windows', () => {
  test('under missing-is-use who left is use while planned follow-up lasts', () => {
    const both = protocol({ policies: ['observed-only', 'missing-is-use'] }, { plannedFollowUp: 5 });
    const lost = said('participant-left', 2, { how: 'lost' });
    // The first six letters are observed-only, the last six missing-is-use; the screen of day 3 still speaks.
    expect(course(measured(both, [negative(1), lost, negative(3)]), 'observed-only', 'missing-is-use')).toBe(
      'a.a...auauu.',
    );
  });

  test('excluded days leave the rest of the window to judge, and without a rest nobody counts', () => {
    const stay = said('controlled-environment', 2, { kind: 'detox', from: date(2), to: date(3) });
    const all = [negative(1), positive(2), negative(4), stay];
    // Windows end on days 2 … 6: day 1 | nothing | day 4 | days 4, 5 | days 5, 6.
    expect(course(measured(protocol({ windows: [2] }), all))).toBe('a.a..');
    expect(course(measured(protocol({ windows: [2], controlledDays: 'ignore' }), all))).toBe('u....');
    expect(course(measured(protocol({ windows: [2], policies: ['missing-is-use'] }), all), 'missing-is-use')).toBe(
      'a.auu',
    );
  });

  test('coverage is judged before use, unless a positive is decisive', () => {
    const all = [positive(2), negative(4), negative(5)];
    // Windows 1–3, 2–4, 3–5, 4–6 hold 1, 2, 2 and 2 screens.
    const twoOfThree = { windows: [3], coverage: { atLeast: 2 } };
    expect(course(measured(protocol(twoOfThree), all))).toBe('.uaa');
    expect(course(measured(protocol({ ...twoOfThree, decisivePositive: true }), all))).toBe('uuaa');
  });

  test('confirmed by urine needs the whole self-report and one screen, and use of either is use', () => {
    const confirmed = { windows: [3], evidence: 'confirmed-by-urine' };
    // Windows 1–3, 2–4, 3–5, 4–6; reported 1 … 5 without use; screens on 3 (negative) and 5 (positive).
    const all = [calendar(1, 5, []), negative(3), positive(5)];
    expect(course(measured(protocol(confirmed), all))).toBe('aau.');
    expect(course(measured(protocol({ ...confirmed, decisivePositive: true }), all))).toBe('aauu');
    expect(course(measured(protocol(confirmed), [calendar(1, 6, [])]))).toBe('....');
  });
});

describe('first use', () => {
  const firstUse = (rest: object = {}) => protocol({ kind: 'first-use', ...rest });
  const died = said('participant-left', 4, { how: 'died' });

  test('death competes, use on the day of death comes first, and use after it is none', () => {
    expect(measured(firstUse(), [negative(2), died]).firstEvent).toEqual({ origin: 0, day: 4, outcome: 'competing' });
    expect(measured(firstUse(), [negative(2), died, positive(4)]).firstEvent).toEqual({
      origin: 0,
      day: 4,
      outcome: 'event',
    });
    expect(measured(firstUse(), [died, positive(5)]).firstEvent).toEqual({ origin: 0, day: 4, outcome: 'competing' });
    const ignoring = firstUse({ death: 'ignore' });
    expect(measured(ignoring, [negative(2), died]).firstEvent).toEqual({ origin: 0, day: 2, outcome: 'censored' });
    expect(measured(ignoring, [died, positive(5)]).firstEvent).toEqual({ origin: 0, day: 5, outcome: 'event' });
  });

  test('who was never assessed is censored at day 0, and controlled days are not at risk', () => {
    expect(measured(firstUse(), [])).toMatchObject({
      firstEvent: { origin: 0, day: 0, outcome: 'censored' },
      atRisk: [],
    });
    const stay = said('controlled-environment', 2, { kind: 'prison', from: date(2), to: date(3) });
    const all = [negative(1), positive(3), stay, positive(5)];
    expect(measured(firstUse(), all)).toMatchObject({
      firstEvent: { origin: 0, day: 5, outcome: 'event' },
      atRisk: [1, 4, 5],
    });
  });

  test('confirmed by urine is censored at the earlier of the last report and the last screen', () => {
    const confirmed = firstUse({ evidence: 'confirmed-by-urine' });
    expect(measured(confirmed, [calendar(1, 5, []), negative(3)]).firstEvent).toEqual({
      origin: 0,
      day: 3,
      outcome: 'censored',
    });
    expect(measured(confirmed, [calendar(1, 5, [])]).firstEvent).toEqual({ origin: 0, day: 0, outcome: 'censored' });
    expect(measured(confirmed, [calendar(1, 2, []), positive(5)]).firstEvent).toEqual({
      origin: 0,
      day: 5,
      outcome: 'event',
    });
  });
});

describe('days', () => {
  const visits: Protocol['visits'] = [
    { id: 'V1', day: 2, opens: 0, closes: 1, collects: ['urine'] },
    { id: 'V2', day: 4, opens: 0, closes: 3, collects: ['urine', 'calendar'] },
  ];
  const schedule = { visits, entryLag: 2 };
  const mature = (measure: object, asOf: number | undefined) =>
    naiveFold(protocol(measure, schedule), { participant: 'P', open: participant, sealed: [] }, asOf).measures.m
      ?.mature;

  test('a day matures when the visits that should cover it have closed and the entry lag has passed', () => {
    // V1 closes on day 3 and is in after day 5; V2 closes on day 7 and is in after day 9.
    expect(mature({}, dayZero + 5)).toEqual([1]);
    expect(mature({}, dayZero + 6)).toEqual([1, 2, 3]);
    expect(mature({}, dayZero + 9)).toEqual([1, 2, 3]);
    expect(mature({}, dayZero + 10)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(mature({}, undefined)).toEqual([]);
    // The one calendar visit covers the days before it and, for want of a later one, those after it.
    expect(mature({ evidence: 'self-report-only' }, dayZero + 9)).toEqual([]);
    expect(mature({ evidence: 'any-positive' }, dayZero + 10)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('nothing immature counts, not even as missing', () => {
    const soon = protocol({ policies: ['missing-is-use'] });
    expect(course(measured(soon, [negative(1), negative(4)], dayZero + 4), 'missing-is-use')).toBe('auu...');
    expect(measured(protocol({ kind: 'first-use' }), [positive(4)], dayZero + 4).firstEvent?.outcome).toBe('censored');
  });

  test('the horizon is the measure’s or the administrative end, whichever comes first', () => {
    const ending = protocol({ windows: [2] }, { administrativeEnd: date(4) });
    const { cells, mature, randomised } = measured(ending, [negative(3), negative(4), negative(5)]);
    expect(randomised).toEqual([0, 1, 2, 3, 4]);
    expect(mature).toEqual([1, 2, 3, 4]);
    const days = cells.filter(({ policy }) => policy === 'observed-only');
    expect(days.map((cell) => [cell.day, cell.abstinent])).toEqual([
      [2, false],
      [3, false],
      [4, true],
    ]);
    const over = measured(protocol({}, { administrativeEnd: date(-1) }), [negative(1)]);
    expect(over).toMatchObject({ randomised: [], mature: [], cells: [] });
  });
});

describe('closed evidence', () => {
  test('in a double-blind trial a measure that needs a closed type reads both sides, an open one the open side alone', () => {
    const lying = said('urine-screen', 1, { results: { cocaine: 'negative' } }, { id: 's' }, 'sealed');
    const history = { participant: 'P', open: [enrolled, randomised, negative(2)], sealed: [lying] };
    const closing = (closed: Protocol['closed']) =>
      naiveFold(protocol({}, { blinding: 'double', closed }), history, long);
    const abstinent = (naive: NaiveParticipant) =>
      observed(naive)
        ?.filter((cell) => cell.abstinent)
        .map((cell) => cell.day);
    expect(abstinent(closing([]))).toEqual([2]);
    expect(abstinent(closing(['urine-screen']))).toEqual([1, 2]);
  });
});

describe('rates', () => {
  test('count the selected participants on each day up to the horizon', () => {
    const declared = protocol({ horizon: 4, windows: [2], coverage: { atLeast: 1 } });
    const one = folded(declared, [...participant, negative(1), negative(3)]);
    const two = folded(declared, [...participant, positive(2)]);
    const nobody = folded(declared, []);
    const [measure] = declared.measures;
    if (measure === undefined) throw new Error('no measure');
    expect(naiveAbstinence([one, two, nobody], measure, 2, 'observed-only', () => true)).toEqual([
      { day: 2, abstinent: 1, assessable: 2, due: 2, missing: 0 },
      { day: 3, abstinent: 1, assessable: 2, due: 2, missing: 0 },
      { day: 4, abstinent: 1, assessable: 1, due: 2, missing: 1 },
    ]);
    expect(naiveAbstinence([one, two], measure, 2, 'observed-only', (p) => p === two)[0]).toEqual({
      day: 2,
      abstinent: 0,
      assessable: 1,
      due: 1,
      missing: 0,
    });
  });

  test('first uses fall into the trailing window together with the days at risk', () => {
    const declared = protocol({ kind: 'first-use', horizon: 4, windows: [2] });
    const event = folded(declared, [...participant, positive(2)]);
    const censored = folded(declared, [...participant, negative(3)]);
    const [measure] = declared.measures;
    if (measure === undefined) throw new Error('no measure');
    expect(naiveEvents([event, censored], measure, 2, () => true)).toEqual([
      { day: 2, events: 1, personDays: 4 },
      { day: 3, events: 1, personDays: 3 },
      { day: 4, events: 0, personDays: 1 },
    ]);
  });
});
