import { civilDay, dateOf, type EventData, type Measure, type ObservationType, Protocol } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  arbAsOf,
  arbHistory,
  arbProtocol,
  arbRearranged,
  referenceDay,
} from '../../../../test/reference/arbitraries.ts';
import { arbLapse, arbRelapse, arbRetention } from '../../../../test/reference/arbitrary-first-events.ts';
import { type NaiveFacts, type NaiveTold, naiveKinds } from '../../../../test/reference/naive-kinds.ts';
import { settle as naiveSettle } from '../../../../test/reference/naive-replacing.ts';
import type { FirstEvent, Spell } from '../facts.ts';
import { fold } from '../fold.ts';
import type { History, Observation } from '../observation.ts';

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
const arbOpenProtocol = arbProtocol().chain((protocol) => {
  const substances = protocol.substances.map(({ id }) => id);
  const visits = protocol.visits.map(({ id }) => id);
  const horizon = Math.max(...protocol.measures.map((measure) => ('horizon' in measure ? measure.horizon : 5)));
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
      Protocol.parse({
        ...protocol,
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

function firstEventOf({ protocol, history, asOf }: Case, id: string): FirstEvent | undefined {
  return fold(protocol, history, asOf).open.firstEvents.find(({ measure }) => measure === id);
}

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
        { numRuns: 4_000 },
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
