import { civilDay, dateOf, type EventData, type Measure, type ObservationType, Protocol } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  arbAsOf,
  arbDeclared,
  arbHistory,
  arbRearranged,
  declaredProtocol,
  referenceDay,
} from '../../../../test/reference/arbitraries.ts';
import { arbLapse, arbRelapse, arbRetention } from '../../../../test/reference/arbitrary-first-events.ts';
import { type NaiveFacts, type NaiveTold, naiveKinds } from '../../../../test/reference/naive-kinds.ts';
import { settle as naiveSettle } from '../../../../test/reference/naive-replacing.ts';
import { statusByDay } from '../day-status.ts';
import type { FirstEvent, Spell } from '../facts.ts';
import { fold } from '../fold.ts';
import type { History, Observation } from '../observation.ts';
import { typesBehind } from './measure-folds.ts';

/** On a busy machine the thousands of participants may take their time. */
const patience = 300_000;

// Random participants.

type Case = { readonly protocol: Protocol; readonly history: History; readonly asOf: number | undefined };

const useEvidence = (id: string, substances: readonly string[]): fc.Arbitrary<object> =>
  fc
    .record({
      id: fc.constant(id),
      substances: fc.shuffledSubarray([...substances], { minLength: 1 }),
      evidence: fc.constantFrom('urine-only', 'self-report-only', 'any-positive', 'confirmed-by-urine'),
      biomarkers: fc.option(
        fc.record({
          kinds: fc.constant(['breath-alcohol', 'peth']),
          covers: fc.constantFrom('sample-day', 'look-back'),
        }),
        { nil: undefined },
      ),
      controlledDays: fc.constantFrom('exclude', 'ignore'),
      death: fc.constantFrom('exclude', 'ignore'),
    })
    .map(({ biomarkers, ...rest }) =>
      biomarkers === undefined || rest.evidence === 'self-report-only' ? rest : { ...rest, biomarkers },
    );

/** A trial of each make whose measures are a lapse, two relapses and retention; everything in it is open. */
const arbOpenProtocol = arbDeclared().chain((declared) => {
  const substances = declared.substances.map(({ id }) => id);
  const visits = declared.visits.map(({ id }) => id);
  const { horizon } = declared;
  const setting = (id: string) => ({ id, substances, visits, horizon, useEvidence: useEvidence(id, substances) });
  return fc
    .tuple(
      arbLapse(setting('lapse')),
      arbRelapse(setting('relapse-1')),
      arbRelapse(setting('relapse-2')),
      arbRetention(setting('retention')),
      fc.constantFrom({}, { unit: 'units', gramsPerUnit: 2.5 }),
    )
    .map(([a, b, c, d, unit]) =>
      declaredProtocol(declared, {
        blinding: 'open',
        closed: [],
        substances: substances.map((id) => ({ id, ...unit })),
        measures: [a, b, c, d],
      }),
    );
});

const observation = <T extends ObservationType>(id: string, type: T, day: number, data: EventData<T>) =>
  ({
    side: 'open',
    type,
    source: '/trials/T-1/sites/GB-01',
    id,
    sha256: id.padStart(64, '0'),
    recordedAt: 0,
    day,
    data,
  }) as unknown as Observation<'open'>;

/** The participant's own calendar of every day of a stretch, with use on some: much denser than random calendars are. */
function arbDiary(id: string, from: number, to: number, substances: readonly string[]) {
  const amount = fc.constantFrom<{ amount?: number; unit?: string }>(
    {},
    { amount: 1 },
    { amount: 3, unit: 'g' },
    { amount: 4, unit: 'g' },
  );
  const use = fc.tuple(fc.constantFrom(...substances), amount);
  const days = { minLength: to - from + 1, maxLength: to - from + 1 };
  // Mostly used, or mostly not: runs of both kinds are to come up.
  return fc
    .boolean()
    .chain((often) =>
      fc.array(often ? fc.option(use, { freq: 5 }) : fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, use), days),
    )
    .map((said) =>
      observation(id, 'use-calendar', to + 1, {
        from: dateOf(from),
        to: dateOf(to),
        complete: true,
        days: Object.fromEntries(
          said.flatMap((one, i) => (one === null ? [] : [[dateOf(from + i), { [one[0]]: one[1] }]])),
        ),
        informant: 'participant',
        interview: dateOf(to + 1),
      }),
    );
}

const arbFirstEventCase: fc.Arbitrary<Case> = arbOpenProtocol.chain((protocol) => {
  const substances = protocol.substances.map(({ id }) => id);
  const diary = fc
    .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 2, max: 16 }))
    .chain(([from, length]) => arbDiary('diary', referenceDay + from, referenceDay + from + length, substances));
  const before = arbDiary('before', referenceDay - 12, referenceDay + 1, substances);
  const left = fc
    .tuple(
      fc.integer({ min: 0, max: 20 }),
      fc.constantFrom<'lost' | 'stopped' | 'completed' | 'died'>('lost', 'stopped', 'completed', 'died'),
    )
    .map(([day, how]) => observation('left', 'participant-left', referenceDay + day, { how }));
  return fc.record({
    protocol: fc.constant(protocol),
    history: fc
      .tuple(
        // Half of them say little but what the diaries say.
        fc.oneof(
          arbHistory(protocol),
          arbHistory(protocol, 'P-1', { only: ['urine-screen', 'controlled-environment'] }),
        ),
        fc.option(diary, { freq: 5 }),
        fc.option(before, { freq: 3 }),
        fc.option(left, { freq: 3 }),
        fc.constantFrom('female', 'male', undefined),
      )
      .map(([history, ...[diaryOrNot, beforeOrNot, leftOrNot, sex]]): History => {
        const more = [diaryOrNot, beforeOrNot, leftOrNot].filter((one) => one !== null);
        const open = history.open.map((one) =>
          one.type !== 'participant-enrolled' || sex === undefined
            ? one
            : { ...one, data: { ...one.data, baseline: { sex } } },
        );
        return { ...history, open: [...open, ...more] };
      }),
    asOf: arbAsOf(protocol),
  });
});

// What the fold and the reference say, laid out alike.

const countOn = (spells: readonly Spell[], day: number) =>
  spells.filter(({ from, to }) => from <= day && day <= to).reduce((sum, { count }) => sum + count, 0);

function naiveOf({ protocol, history, asOf }: Case, measure: Measure): NaiveFacts | undefined {
  const { effective } = naiveSettle(history.open);
  const byRecord = <T extends { recordedAt: number; sha256: string }>(a: T, b: T) =>
    a.recordedAt - b.recordedAt || (a.sha256 < b.sha256 ? -1 : 1);
  const enrolled = effective.filter(({ type }) => type === 'participant-enrolled').toSorted(byRecord)[0];
  const randomised = effective.filter(({ type }) => type === 'participant-randomised').toSorted(byRecord)[0];
  if (enrolled === undefined || randomised === undefined) return undefined;
  const told = {
    protocol,
    measure,
    observations: effective,
    dayZero: civilDay((randomised.data as EventData<'participant-randomised'>).date),
    asOf,
    baseline: (enrolled.data as EventData<'participant-enrolled'>).baseline ?? {},
  };
  const reference = naiveKinds[measure.kind] as ((told: NaiveTold<Measure['kind']>) => NaiveFacts) | undefined;
  if (reference === undefined) throw new Error(`${measure.kind} has no reference`);
  return reference(told as NaiveTold<Measure['kind']>);
}

describe('held against the reference', () => {
  test(
    'lapse, relapse and retention: the same end of observation, and the same rates',
    () => {
      fc.assert(
        fc.property(arbFirstEventCase, (given) => {
          const { open } = fold(given.protocol, given.history, given.asOf);
          for (const measure of given.protocol.measures) {
            const naive = naiveOf(given, measure);
            const event = open.firstEvents.find(({ measure: id }) => id === measure.id);
            expect(event && { origin: event.origin ?? 0, day: event.day, outcome: event.outcome }).toEqual(
              naive?.firstEvent,
            );
            if (!('windows' in measure) || !('horizon' in measure)) continue;
            const of = (kind: Spell['kind'], window?: number) =>
              open.spells.filter((one) => one.measure === measure.id && one.kind === kind && one.window === window);
            for (const window of measure.windows) {
              for (let day = window; day <= measure.horizon; day += 1) {
                const isMature = countOn(of('mature'), day) === 1;
                const inWindow = (one: number) => day - window < one && one <= day;
                const { day: onset = 0, outcome } = naive?.firstEvent ?? {};
                const expected = {
                  events: isMature && outcome === 'event' && inWindow(onset) ? 1 : 0,
                  personDays: isMature ? (naive?.atRisk ?? []).filter(inWindow).length : 0,
                };
                const counted = {
                  events: countOn(of('events', window), day),
                  personDays: countOn(of('person-days', window), day),
                };
                expect(counted).toEqual(expected);
              }
            }
          }
        }),
        { numRuns: 2_000 },
      );
    },
    patience,
  );

  test('random participants are rich: every outcome, reason and pattern turns up', () => {
    const seen = new Map<string, number>();
    for (const given of fc.sample(arbFirstEventCase, { seed: 7, numRuns: 3_000 })) {
      const events = fold(given.protocol, given.history, given.asOf).open.firstEvents;
      for (const measure of given.protocol.measures) {
        const event = events.find(({ measure: id }) => id === measure.id);
        const what = event === undefined ? 'none' : `${event.outcome} ${event.why ?? ''}`.trim();
        const pattern = event?.outcome === 'event' ? what.replaceAll(/\d+/g, 'N') : what;
        seen.set(`${measure.kind}: ${pattern}`, (seen.get(`${measure.kind}: ${pattern}`) ?? 0) + 1);
      }
    }
    if (process.env.SHOW_COVERAGE === '1') console.log(Object.fromEntries([...seen].sort()));
    const expected = [
      'lapse: none',
      'lapse: event',
      'lapse: competing death',
      'lapse: censored last-assessment',
      ...['N-weeks-in-a-row', 'N-weeks-in-a-row-missing-as-use', 'N-days-in-a-row', 'N-days-in-a-row-missing-as-use'],
      ...['N-heavy-days-in-N', 'heavy-day', 'first-use', 'leaving', 'baseline-pattern-of-N-days'],
    ].map((what) => (what.startsWith('lapse') ? what : `relapse: event ${what}`));
    expected.push('relapse: competing death', 'relapse: censored last-assessment', 'relapse: censored not-confirmed');
    expected.push('retention: event lost', 'retention: event stopped', 'retention: competing death');
    expected.push('retention: censored completed', 'retention: censored horizon', 'retention: censored still-in-trial');
    for (const what of expected) expect(seen.get(what) ?? 0, what).toBeGreaterThan(10);
  });
});

describe('laws', () => {
  const runs = { numRuns: 1_500 };
  const firstEvents = ({ protocol, history, asOf }: Case) => fold(protocol, history, asOf).open.firstEvents;

  test(
    'order, repetition and batching of events change nothing',
    () => {
      const rearranged = arbFirstEventCase.chain((given) =>
        fc.record({ given: fc.constant(given), again: arbRearranged(given.history) }),
      );
      fc.assert(
        fc.property(rearranged, ({ given, again }) => {
          const { protocol, asOf, history } = given;
          expect(fold(protocol, again, asOf).open.firstEvents).toEqual(firstEvents(given));
          expect(fold(protocol, again, asOf).open.spells).toEqual(fold(protocol, history, asOf).open.spells);
        }),
        runs,
      );
    },
    patience,
  );

  test(
    'what a measure does not name among the types behind it changes nothing of it',
    () => {
      const set = ['participant-enrolled', 'participant-randomised', 'correction', 'retraction'];
      let left = 0;
      fc.assert(
        fc.property(arbFirstEventCase, (given) => {
          // A correction may turn one type into another; here none does.
          if (given.history.open.some(({ type }) => type === 'correction')) return;
          // Two types under one identity conflict, and one of the two events counts.
          if (fold(given.protocol, given.history, given.asOf).open.issues.some(({ issue }) => issue === 'conflict'))
            return;
          for (const measure of given.protocol.measures) {
            const types: readonly string[] = [...set, ...typesBehind(measure, given.protocol)];
            const open = given.history.open.filter(({ type }) => types.includes(type));
            left += given.history.open.length - open.length;
            const of = (history: History) => fold({ ...given.protocol, measures: [measure] }, history, given.asOf).open;
            const [whole, part] = [of(given.history), of({ ...given.history, open })];
            expect([part.firstEvents, part.spells]).toEqual([whole.firstEvents, whole.spells]);
          }
        }),
        runs,
      );
      expect(left).toBeGreaterThan(1_000);
    },
    patience,
  );

  test(
    'free, then onset, then confirmation; all of it on mature days, and nobody is censored after them',
    () => {
      fc.assert(
        fc.property(arbFirstEventCase, (given) => {
          const { spells, firstEvents } = fold(given.protocol, given.history, given.asOf).open;
          for (const { measure, day, outcome, origin = 0, confirmed = day, lastFree = origin } of firstEvents) {
            const declared = given.protocol.measures.find(({ id }) => id === measure);
            const mature = (on: number) =>
              countOn(
                spells.filter((one) => one.measure === measure && one.kind === 'mature'),
                on,
              ) === 1;
            expect(day).toBeGreaterThanOrEqual(origin);
            if (day > origin) for (let on = 1; on <= day; on += 1) expect([on, mature(on)]).toEqual([on, true]);
            if (outcome !== 'event') continue;
            expect(lastFree).toBeLessThan(day);
            expect(lastFree).toBeGreaterThanOrEqual(origin);
            expect(confirmed).toBeGreaterThanOrEqual(day);
            for (let on = day; on <= confirmed; on += 1) expect([on, mature(on)]).toEqual([on, true]);
            if (declared?.kind === 'relapse') expect(day).toBeGreaterThanOrEqual(declared.from);
          }
        }),
        runs,
      );
    },
    patience,
  );

  test(
    'as the clock goes on what has ended stays, but that a relapse of several patterns may move to an earlier onset',
    () => {
      const twice = fc.tuple(arbFirstEventCase, fc.integer({ min: 1, max: 30 }));
      fc.assert(
        fc.property(twice, ([given, later]) => {
          if (given.asOf === undefined) return;
          const after = firstEvents({ ...given, asOf: given.asOf + later });
          for (const before of firstEvents(given)) {
            const now = after.find(({ measure }) => measure === before.measure);
            if (before.outcome === 'censored') {
              // The days up to which it was excluded stay so.
              expect(now?.origin).toBe(before.origin);
              expect(now?.day).toBeGreaterThanOrEqual(before.day + (now?.outcome === 'event' ? 1 : 0));
              continue;
            }
            const declared = given.protocol.measures.find(({ id }) => id === before.measure);
            const several = declared?.kind === 'relapse' && declared.patterns.length > 1;
            if (!several || before.outcome === 'competing') expect(now).toEqual(before);
            else {
              expect(now?.outcome).toBe('event');
              expect(now?.day).toBeLessThanOrEqual(before.day);
            }
          }
        }),
        runs,
      );
    },
    patience,
  );

  /** All that says use on a civil day says no use instead; a calendar that did not ask every day could not say so, and stays. */
  function withoutUseOn(day: number, history: History): History {
    const open = history.open.map((one): Observation<'open'> => {
      if (one.type === 'urine-screen' && one.day === day) {
        const results = Object.fromEntries(
          Object.entries(one.data.results).map(([id, result]) => [id, result === 'positive' ? 'negative' : result]),
        ) as typeof one.data.results;
        return { ...one, data: { ...one.data, results } };
      }
      if (one.type === 'biomarker' && one.day === day && one.data.result === 'positive')
        return { ...one, data: { ...one.data, result: 'negative' } };
      if (one.type === 'use-calendar' && one.data.complete) {
        const { [dateOf(day)]: _, ...days } = one.data.days;
        return { ...one, data: { ...one.data, days } };
      }
      return one;
    });
    return { ...history, open };
  }

  test(
    'a day of use that turns into one of abstinence moves no relapse to an earlier day, and no lapse from a quit day',
    () => {
      const flipped = fc.tuple(arbFirstEventCase, fc.integer({ min: 1, max: 20 }));
      let moved = 0;
      fc.assert(
        fc.property(flipped, ([given, studyDay]) => {
          const { protocol, history } = given;
          const { dayZero, firstEvents: before } = fold(protocol, history, given.asOf).open;
          if (dayZero === undefined) return;
          const turned = withoutUseOn(dayZero + studyDay, history);
          const after = firstEvents({ ...given, history: turned });
          const onset = (events: readonly FirstEvent[], id: string) =>
            events.find(({ measure, outcome }) => measure === id && outcome === 'event')?.day ??
            Number.POSITIVE_INFINITY;
          for (const measure of protocol.measures) {
            if (measure.kind !== 'relapse' && !(measure.kind === 'lapse' && 'quitDay' in measure.after)) continue;
            // Beside an invalid result the day is missing then, and beside a calendar that stays it is still one of use.
            const now = statusByDay(protocol, measure, turned, given.asOf)[studyDay - 1]?.status;
            if (now !== 'abstinent') continue;
            // A week of abstinence that nothing confirms is missing, and as use it is dated at its beginning, before any use in it.
            if (measure.evidence.startsWith('confirmed') && JSON.stringify(measure).includes('"missing":"use"'))
              continue;
            if (onset(after, measure.id) > onset(before, measure.id)) moved += 1;
            expect(onset(after, measure.id)).toBeGreaterThanOrEqual(onset(before, measure.id));
          }
        }),
        { numRuns: 3_000 },
      );
      expect(moved).toBeGreaterThan(10);
    },
    patience,
  );

  test(
    'of several patterns the earliest onset counts; missing as use is never later than missing as free',
    () => {
      fc.assert(
        fc.property(arbFirstEventCase, (given) => {
          const [, relapse] = given.protocol.measures;
          if (relapse?.kind !== 'relapse') throw new Error('the second measure is a relapse');
          const onset = (patterns: typeof relapse.patterns) => {
            const protocol = { ...given.protocol, measures: [{ ...relapse, patterns }] };
            const [event] = firstEvents({ ...given, protocol });
            return event?.outcome === 'event' ? event.day : Number.POSITIVE_INFINITY;
          };
          expect(onset(relapse.patterns)).toBe(Math.min(...relapse.patterns.map((pattern) => onset([pattern]))));
          const as = (missing: 'use' | 'free') =>
            onset(relapse.patterns.map((pattern) => ('missing' in pattern ? { ...pattern, missing } : pattern)));
          expect(as('use')).toBeLessThanOrEqual(as('free'));
        }),
        runs,
      );
    },
    patience,
  );

  test(
    'a relapse by first use from day 1, a lapse after quitting on day 0, and a first use are one thing',
    () => {
      fc.assert(
        fc.property(arbFirstEventCase, (given) => {
          const [, relapse] = given.protocol.measures;
          if (relapse?.kind !== 'relapse') throw new Error('the second measure is a relapse');
          const { id, windows, horizon, substances, evidence, biomarkers, controlledDays, death } = relapse;
          const common = { id, windows, horizon, substances, evidence, biomarkers, controlledDays, death };
          const asked = (measure: Measure) => {
            const { open } = fold({ ...given.protocol, measures: [measure] }, given.history, given.asOf);
            const [event] = open.firstEvents;
            return {
              spells: open.spells,
              event: event && [event.day, event.outcome, event.lastFree, event.origin ?? 0],
            };
          };
          const firstUse = asked({ ...common, kind: 'first-use' });
          // What is mature behind a day that is not counts for a first use, and for no stretch of days.
          const mature = firstUse.spells.filter(({ kind }) => kind === 'mature');
          if (mature.length > 1 || (mature[0]?.from ?? 1) > 1) return;
          expect(asked({ ...common, kind: 'relapse', from: 1, patterns: [{ is: 'first-use' }] })).toEqual(firstUse);
          const lapse = asked({ ...common, kind: 'lapse', after: { quitDay: 0 } });
          if (lapse.event !== undefined) expect(lapse).toEqual(firstUse);
        }),
        runs,
      );
    },
    patience,
  );
});

describe('worked by hand', () => {
  const dayZero = civilDay('2026-03-02');
  const date = (studyDay: number) => dateOf(dayZero + studyDay);
  const range = (from: number, to: number, step = 1) =>
    Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
  type Said = readonly [ObservationType, number, object];

  const protocolOf = (measure: object, rest: object = {}): Protocol =>
    Protocol.parse({
      format: 'holdfast-protocol/1',
      trial: 'T-1',
      version: 1,
      title: 'Worked by hand',
      blinding: 'open',
      clock: 'imported',
      partitions: 1,
      plannedFollowUp: 168,
      arms: [{ id: 'A' }],
      sites: ['S'],
      substances: [{ id: 'opioid' }, { id: 'cocaine' }, { id: 'alcohol', unit: 'drinks', gramsPerUnit: 14 }],
      measures: [{ id: 'm', windows: [28], ...measure }],
      ...rest,
    });

  /** The first event of whoever was randomised on day 0, at the end of the trial or on another day of the clock. */
  function firstEvent(measure: object, said: readonly Said[], clock = 400, baseline: object = {}, rest: object = {}) {
    const all: Said[] = [
      ['participant-enrolled', 0, { consentDate: date(0), baseline }],
      ['participant-randomised', 0, { date: date(0) }],
      ...said,
    ];
    const open = all.map(([type, day, data], i) => observation(`e${i}`, type, dayZero + day, data as never));
    const { firstEvents } = fold(
      protocolOf(measure, rest),
      { participant: 'P-1', open, sealed: [] },
      dayZero + clock,
    ).open;
    return firstEvents[0];
  }

  const urine = (days: readonly number[], result: string, substance = 'opioid'): Said[] =>
    days.map((day) => ['urine-screen', day, { results: { [substance]: result } }]);
  const calendar = (from: number, to: number, days: { readonly [day: number]: object } = {}): Said => [
    'use-calendar',
    to + 1,
    {
      from: date(from),
      to: date(to),
      complete: true,
      days: Object.fromEntries(Object.entries(days).map(([day, used]) => [date(Number(day)), used])),
      informant: 'participant',
      interview: date(to + 1),
    },
  ];
  const using = (days: readonly number[], used: object) => Object.fromEntries(days.map((day) => [day, used]));
  const left = (day: number, how: string): Said => ['participant-left', day, { how }];

  describe('X:BOT (Lee 2018): from day 21, four weeks of use in a row or seven days; a missing or refused urine is use', () => {
    const relapse = {
      kind: 'relapse',
      substances: ['opioid'],
      evidence: 'confirmed-by-urine',
      horizon: 168,
      from: 21,
      patterns: [
        { is: 'weeks-in-a-row', weeks: 4, missing: 'use' },
        { is: 'days-in-a-row', days: 7 },
      ],
    };
    const weekly = range(7, 168, 7);
    const noUse = calendar(1, 168);

    test('a positive urine on day 30, two refused and one missing urine: relapse on day 30, known on day 55', () => {
      // Weeks 21–27, 28–34 (urine of day 30), 35–41 and 42–48 (refused), 49–55 (none), 56–62 …
      const others = weekly.filter((day) => day < 28 || day > 55);
      const said = [noUse, ...urine(others, 'negative'), ...urine([30], 'positive'), ...urine([35, 42], 'refused')];
      const relapsed = {
        measure: 'm',
        day: 30,
        outcome: 'event',
        confirmed: 55,
        lastFree: 21,
        why: '4-weeks-in-a-row-missing-as-use',
      };
      expect(firstEvent(relapse, said)).toEqual(relapsed);
      expect(firstEvent(relapse, said, 56)).toEqual(relapsed);
      // On day 55 the fourth week is not over: known is only that it had not begun by the urine of day 21.
      expect(firstEvent(relapse, said, 55)).toEqual({
        measure: 'm',
        day: 21,
        outcome: 'censored',
        why: 'not-confirmed',
      });
    });

    test('three such weeks are none: censored with the last urine', () => {
      const others = weekly.filter((day) => day < 28 || day > 48);
      const said = [noUse, ...urine(others, 'negative'), ...urine([30], 'positive'), ...urine([35, 42], 'refused')];
      expect(firstEvent(relapse, said)).toMatchObject({ day: 168, outcome: 'censored', why: 'last-assessment' });
    });

    test('seven days in a row that the participant reports', () => {
      const said = [calendar(1, 168, using(range(60, 66), { opioid: {} })), ...urine(weekly, 'negative')];
      expect(firstEvent(relapse, said)).toEqual({
        measure: 'm',
        day: 60,
        outcome: 'event',
        confirmed: 66,
        lastFree: 56,
        why: '7-days-in-a-row',
      });
      const six = [calendar(1, 168, using(range(60, 65), { opioid: {} })), ...urine(weekly, 'negative')];
      expect(firstEvent(relapse, six)).toMatchObject({ day: 168, outcome: 'censored' });
    });

    test('use before day 21 is none; of a run that reaches it the days from 21 on count', () => {
      const early = [calendar(1, 168, using(range(8, 26), { opioid: {} })), ...urine(weekly, 'negative')];
      expect(firstEvent(relapse, early)).toMatchObject({ day: 168, outcome: 'censored' });
      const longer = [calendar(1, 168, using(range(8, 27), { opioid: {} })), ...urine(weekly, 'negative')];
      expect(firstEvent(relapse, longer)).toMatchObject({ day: 21, confirmed: 27, lastFree: 20 });
    });

    test('who never comes again has relapsed on day 21', () => {
      expect(firstEvent(relapse, [calendar(1, 13), ...urine([7, 14], 'negative')])).toMatchObject({
        day: 21,
        outcome: 'event',
        confirmed: 48,
        lastFree: 20,
      });
      const asFree = { ...relapse, patterns: [{ is: 'weeks-in-a-row', weeks: 4 }] };
      expect(firstEvent(asFree, [calendar(1, 14), ...urine([7, 14], 'negative')])).toMatchObject({
        day: 14,
        outcome: 'censored',
        why: 'last-assessment',
      });
    });
  });

  describe('Dakwar 2019: first use or dropout, whichever comes first', () => {
    const relapse = {
      kind: 'relapse',
      substances: ['cocaine'],
      evidence: 'any-positive',
      horizon: 35,
      patterns: [{ is: 'first-use' }, { is: 'leaving' }],
    };
    test('use on day 12 and lost on day 20: by use; lost without use: by leaving', () => {
      const lost = left(20, 'lost');
      expect(firstEvent(relapse, [calendar(1, 19, using([12], { cocaine: {} })), lost])).toMatchObject({
        day: 12,
        outcome: 'event',
        confirmed: 12,
        lastFree: 11,
        why: 'first-use',
      });
      expect(firstEvent(relapse, [calendar(1, 17), lost])).toMatchObject({
        day: 20,
        outcome: 'event',
        lastFree: 17,
        why: 'leaving',
      });
    });
    test('who left before the first day that can be an onset is gone on it, unless they died before', () => {
      const later = { ...relapse, from: 21, patterns: [{ is: 'leaving' }] };
      const lost = left(10, 'lost');
      expect(firstEvent(later, [calendar(1, 8), lost])).toMatchObject({ day: 21, outcome: 'event', lastFree: 20 });
      expect(firstEvent(later, [calendar(1, 8), lost, left(15, 'died')])).toMatchObject({
        day: 15,
        outcome: 'competing',
      });
    });
    test('once death is known nothing after it is waited for: the week of death is over with it', () => {
      const weeks = { ...relapse, patterns: [{ is: 'weeks-in-a-row', weeks: 2 }] };
      const said = [calendar(1, 10, using([3, 9], { cocaine: {} })), left(10, 'died')];
      // Study day 10 is mature on day 11; day 14, the last of the week, would be on day 15.
      expect(firstEvent(weeks, said, 11)).toMatchObject({ day: 3, outcome: 'event', confirmed: 10 });
      expect(firstEvent(weeks, said, 10)).toMatchObject({ outcome: 'censored', why: 'not-confirmed' });
    });
    test('who completes is no dropout, and who dies did not leave', () => {
      expect(firstEvent(relapse, [calendar(1, 35), left(35, 'completed')])).toMatchObject({
        day: 35,
        outcome: 'censored',
      });
      expect(firstEvent(relapse, [calendar(1, 17), left(20, 'died'), left(20, 'lost')])).toMatchObject({
        day: 20,
        outcome: 'competing',
        why: 'death',
      });
    });
  });

  describe('heavy days: five US drinks (70 g) of men, four (56 g) of women', () => {
    const heavy = (patterns: object[]) => ({
      kind: 'relapse',
      substances: ['alcohol'],
      evidence: 'self-report-only',
      horizon: 84,
      patterns,
      heavy: { by: 'sex', atLeastGrams: { male: 70, female: 56 } },
    });
    const first = heavy([{ is: 'heavy-days', days: 1, within: 1 }]);
    const drinks = (amount?: number) => ({ alcohol: amount === undefined ? {} : { amount } });
    const said = [calendar(1, 84, { 3: drinks(3), 10: drinks(4), 15: drinks(), 20: drinks(5) })];
    test('the first heavy day (Dakwar 2020)', () => {
      expect(firstEvent(first, said, 400, { sex: 'female' })).toMatchObject({ day: 10, lastFree: 9, why: 'heavy-day' });
      expect(firstEvent(first, said, 400, { sex: 'male' })).toMatchObject({ day: 20, lastFree: 19 });
      // Nobody knows from how many grams on a day would be heavy.
      expect(firstEvent(first, said)).toMatchObject({ day: 84, outcome: 'censored' });
    });
    test('three heavy days in seven: on 30, 33 and 37 they are not, on 33, 37 and 39 they are', () => {
      const three = heavy([{ is: 'heavy-days', days: 3, within: 7 }]);
      const days = calendar(1, 84, using([30, 33, 37, 39], drinks(6)));
      expect(firstEvent(three, [days], 400, { sex: 'male' })).toMatchObject({
        day: 33,
        confirmed: 39,
        lastFree: 32,
        why: '3-heavy-days-in-7',
      });
    });
    test('as many days of use in 28 as in the 28 before randomisation', () => {
      const back = { ...first, patterns: [{ is: 'baseline-pattern', within: 28 }] };
      const before = calendar(-28, -1, using([-20, -11, -2], drinks(2)));
      const after = calendar(1, 84, using([5, 20, 40, 47, 60], drinks(2)));
      // 5 … 32 has two, 20 … 47 has three.
      expect(firstEvent(back, [before, after])).toMatchObject({ day: 20, confirmed: 47 });
      // With a day before randomisation that nobody asked about there is nothing to compare with.
      expect(firstEvent(back, [calendar(-27, -1, using([-2], drinks(2))), after])).toMatchObject({
        day: 84,
        outcome: 'censored',
      });
    });
  });

  describe('lapse (Krupitsky & Grinenko 1997: after abstinence), here after 14 days', () => {
    const lapse = {
      kind: 'lapse',
      substances: ['alcohol'],
      evidence: 'self-report-only',
      horizon: 84,
      after: { abstinentDays: 14 },
    };
    const drank = (days: readonly number[]) => using(days, { alcohol: {} });
    test('drinking on day 5, then 14 days without: time counts from day 19, and day 40 is its day 21', () => {
      const said = [calendar(1, 84, drank([5, 40, 41]))];
      expect(firstEvent(lapse, said)).toEqual({ measure: 'm', origin: 19, day: 40, outcome: 'event', lastFree: 39 });
    });
    test('three days in hospital stand aside: the run ends on day 22', () => {
      const hospital: Said = ['controlled-environment', 8, { kind: 'hospital', from: date(8), to: date(10) }];
      expect(firstEvent(lapse, [calendar(1, 84, drank([5, 40])), hospital])).toMatchObject({ origin: 22, day: 40 });
    });
    test('a day that nobody asked about breaks the run; who never has one, has nothing to lapse from', () => {
      const said = [calendar(1, 10), calendar(12, 84, drank([24]))];
      expect(firstEvent(lapse, said)).toMatchObject({ origin: 38, day: 84, outcome: 'censored' });
      expect(firstEvent(lapse, [calendar(1, 84, drank(range(7, 84, 7)))])).toBeUndefined();
    });
    test('after a quit day: day 8, whatever was before; not of whoever had died by then', () => {
      const quit = { ...lapse, after: { quitDay: 8 } };
      const said = [calendar(1, 84, drank([5, 8, 30]))];
      expect(firstEvent(quit, said)).toEqual({ measure: 'm', origin: 8, day: 30, outcome: 'event', lastFree: 29 });
      expect(firstEvent(quit, [calendar(1, 6), left(7, 'died')])).toBeUndefined();
      expect(firstEvent(quit, [calendar(1, 6), left(9, 'died')])).toMatchObject({
        origin: 8,
        day: 9,
        outcome: 'competing',
      });
      expect(firstEvent(quit, [calendar(1, 6)])).toMatchObject({ origin: 8, day: 8, outcome: 'censored' });
    });
  });

  test('retention: leaving is the event, death competes, and who completed or is still there is censored', () => {
    const retention = { kind: 'retention', horizon: 84 };
    const of = (...said: Said[]) => firstEvent(retention, said);
    expect(of(left(30, 'stopped'), left(50, 'lost'))).toEqual({
      measure: 'm',
      day: 30,
      outcome: 'event',
      lastFree: 29,
      why: 'stopped',
    });
    expect(of(left(30, 'died'))).toMatchObject({ day: 30, outcome: 'competing', why: 'death' });
    expect(of(left(70, 'completed'), left(80, 'lost'))).toMatchObject({
      day: 70,
      outcome: 'censored',
      why: 'completed',
    });
    expect(of()).toMatchObject({ day: 84, outcome: 'censored', why: 'horizon' });
    expect(of(left(90, 'lost'))).toMatchObject({ day: 84, outcome: 'censored', why: 'horizon' });
    expect(of(left(0, 'stopped'))).toMatchObject({ day: 1, outcome: 'event' });
    expect(firstEvent(retention, [left(30, 'lost')], 30)).toMatchObject({ day: 29, why: 'still-in-trial' });
  });
});
