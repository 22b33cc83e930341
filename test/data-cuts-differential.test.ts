import { contentsOf, type RecordSource, type Selection, selectionTallies } from '@holdfast/aggregate';
import {
  canonicalEvent,
  civilDay,
  dateOf,
  isAbstinenceMeasure,
  isFirstEventMeasure,
  type Protocol,
  windowsOf,
} from '@holdfast/events';
import { type LogRecord, partitionOf } from '@holdfast/log';
import type { History, Observation } from '@holdfast/outcomes';
import { abstinenceCurve, eventsCurve, type Slice, type Tallies } from '@holdfast/tallies';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbProtocol, arbTrial, referenceDay, toEvent } from './reference/arbitraries.ts';
import { type NaiveParticipant, naiveFold } from './reference/naive-fold.ts';
import { alwaysAsked } from './reference/naive-measures.ts';
import { firstDayOf, inPart, naiveAbstinence, naiveEvents, studyAxis } from './reference/naive-rates.ts';

/** An event as it was received: on a day after the reference day, at noon in the trial's zone (all are in UTC here). */
type Received = { readonly participant: string; readonly observation: Observation; readonly day: number };

const openProtocol = arbProtocol().map(
  (protocol): Protocol => ({ ...protocol, blinding: 'open', timeZone: 'Etc/UTC' }),
);
const aDay = fc.integer({ min: -5, max: 60 }).map((days) => referenceDay + days);

const arbRun = openProtocol.chain((protocol) =>
  arbTrial(protocol).chain((trial) => {
    const all = trial.flatMap(({ participant, open }) => open.map((observation) => ({ participant, observation })));
    return fc.record({
      protocol: fc.constant(protocol),
      trial: fc.constant(trial),
      days: fc.array(aDay, { minLength: all.length, maxLength: all.length }),
      order: fc.shuffledSubarray(
        [...all, ...all].map((_, index) => index),
        { minLength: 2 * all.length },
      ),
      asOf: fc.option(aDay, { nil: undefined }),
      cutOff: fc.option(aDay, { nil: undefined }),
      turned: fc.option(aDay, { nil: undefined }),
    });
  }),
);

const bytes = (text: string) => Buffer.from(text, 'utf8');
const instant = (day: number) => `${dateOf(day)}T12:00:00.000Z`;

function sourceOf(
  trial: string,
  received: readonly Received[],
  turned: number | undefined,
  partitions: number,
): RecordSource {
  const logs: LogRecord[][] = Array.from({ length: partitions }, () => []);
  const put = (partition: number, key: string, text: string) => {
    const log = logs[partition] ?? [];
    log.push({ partition, offset: 2 * log.length, key, value: bytes(text) });
  };
  for (const [n, { participant, observation, day }] of received.entries()) {
    const record = canonicalEvent(toEvent(trial, participant, observation), instant(day));
    put(partitionOf(participant, partitions), participant, record);
    if (n % 3 !== 0) continue;
    const mark = `{"data":{"cut":"x${n}"},"id":"m","type":"org.holdfast.cut-marked.v1"}`;
    for (const partition of logs.keys()) put(partition, '', mark);
  }
  if (turned !== undefined) {
    const text = `{"data":{"date":"${dateOf(turned)}"},"id":"d","type":"org.holdfast.day-turned.v1"}`;
    for (const partition of logs.keys()) put(partition, '', text);
  }
  return {
    ends: logs.map((log) => 2 * log.length),
    async *read(partition) {
      const log = logs[partition] ?? [];
      for (let i = 0; i < log.length; i += 7) yield log.slice(i, i + 7);
    },
  };
}

/** What the text says, told again in other words: the events of the selection, the last day that counts, and the clock. */
function naive(
  protocol: Protocol,
  trial: readonly History[],
  firstReceived: (observation: Observation) => number,
  asOf: number | undefined,
  cutOff: number | undefined,
  turned: number | undefined,
): NaiveParticipant[] {
  const isKnowledge = ({ type }: Observation) => type === 'correction' || type === 'retraction';
  const selected = trial.map((history) => ({
    ...history,
    open: history.open
      .filter((observation) => asOf === undefined || firstReceived(observation) <= asOf)
      .filter((observation) => cutOff === undefined || isKnowledge(observation) || observation.day <= cutOff),
  }));
  let clock = protocol.clock === 'live' && asOf !== undefined ? asOf : turned;
  let bounded = protocol;
  if (cutOff !== undefined) {
    const end = protocol.administrativeEnd;
    if (end === undefined || civilDay(end) > cutOff) bounded = { ...protocol, administrativeEnd: dateOf(cutOff) };
    // What closes on the cut-off date is over when its entry lag has passed; what closes later never is.
    const stop = cutOff + protocol.entryLag + 1;
    if (clock !== undefined && clock > stop) clock = stop;
  }
  return selected.map((history) => naiveFold(bounded, history, clock));
}

function expectRates(protocol: Protocol, tallies: Tallies, people: readonly NaiveParticipant[]): void {
  const parts = [undefined, ...protocol.arms.map(({ id }) => [id])];
  for (const measure of protocol.measures) {
    if (!isAbstinenceMeasure(measure) && !isFirstEventMeasure(measure)) continue;
    for (const arms of parts) {
      const slice: Slice = { arms: arms && new Set(arms) };
      const isIn = inPart(protocol, measure, { arms });
      for (const window of windowsOf(measure)) {
        const days = { from: firstDayOf(measure, window), to: measure.horizon };
        const axis = studyAxis(days.from, days.to);
        const question = { measure: measure.id, window };
        if (isFirstEventMeasure(measure)) {
          const naive = naiveEvents(people, measure, window, isIn, axis);
          expect(eventsCurve(tallies, question, days, slice)).toEqual(naive);
          continue;
        }
        for (const policy of new Set([...alwaysAsked, ...measure.policies])) {
          const naive = naiveAbstinence(people, measure, window, policy, isIn, axis);
          expect(abstinenceCurve(tallies, { ...question, policy }, days, slice)).toEqual(naive);
        }
      }
    }
  }
}

test('rates of a selection equal the naive reference over what was known and had happened; its digest knows no partitions, order or repetition', async () => {
  let [moved, bounded] = [0, 0];
  await fc.assert(
    fc.asyncProperty(arbRun, async ({ protocol, trial, days, order, asOf, cutOff, turned }) => {
      const all = trial.flatMap(({ participant, open }) => open.map((observation) => ({ participant, observation })));
      // Each is received twice, the second time some days later: the first time counts.
      const once: Received[] = all.map((one, i) => ({ ...one, day: days[i] ?? referenceDay }));
      const twice = [...once, ...once.map((one, i) => ({ ...one, day: one.day + (i % 4) }))];
      const shuffled = order.flatMap((index) => twice[index] ?? []);
      const firstReceived = (observation: Observation) =>
        Math.min(...twice.filter((one) => one.observation.sha256 === observation.sha256).map(({ day }) => day));
      const people = naive(protocol, trial, firstReceived, asOf, cutOff, turned);
      const selection: Selection = {
        asOf: asOf === undefined ? undefined : dateOf(asOf),
        cutOff: cutOff === undefined ? undefined : dateOf(cutOff),
      };
      const newest = turned === undefined ? null : dateOf(turned);
      const digests = new Set<string>();
      for (const [received, partitions] of [
        [once, 1],
        [shuffled, 1],
        [shuffled, 4],
      ] as const) {
        const source = sourceOf(protocol.trial, received, turned, partitions);
        const { tallies } = await selectionTallies({ source, protocol, selection, newest, key: undefined });
        expectRates(protocol, tallies, people);
        const contents = await contentsOf(source, protocol, selection);
        digests.add(`${contents.events} ${contents.digest} ${contents.openDigest} ${contents.newest ?? null}`);
      }
      expect(digests.size).toBe(1);
      if (asOf !== undefined) moved += 1;
      if (cutOff !== undefined) bounded += 1;
    }),
    { numRuns: 25 },
  );
  expect(Math.min(moved, bounded)).toBeGreaterThan(0);
}, 300_000);
