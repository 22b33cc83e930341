import { canonicalEvent, type HoldfastEvent, parseEvent, protocolCheck } from '@holdfast/events';
import { expect, test } from 'vitest';
import { loadByDay, loadByParticipant, loadProtocol } from './load-trial.ts';

const size = { participants: 60, eventsEach: 200 };
const byDay = [...loadByDay(size)].flatMap(({ events }) => events);
const byParticipant = [...loadByParticipant(size)].flat();
const texts = (events: readonly HoldfastEvent[]) => events.map((event) => canonicalEvent(event, undefined));

test('the door takes in every event', () => {
  const check = protocolCheck(loadProtocol());
  const problems = byDay.flatMap((event) => {
    const parsed = parseEvent(event);
    return parsed.ok ? check(parsed.value) : parsed.problems;
  });
  expect(problems).toEqual([]);
});

test('both orders hold the same events', () => {
  expect(texts(byDay).sort()).toEqual(texts(byParticipant).sort());
  expect(texts(byDay)).not.toEqual(texts(byParticipant));
});

test('there are about as many events as asked for, with corrections, repeats and late ones among them', () => {
  expect(byDay.length / (size.participants * size.eventsEach)).toBeCloseTo(1, 1);
  const corrections = byDay.filter(({ type }) => type === 'org.holdfast.correction.v1').length;
  const repeats = byDay.length - new Set(texts(byDay)).size;
  const late = byDay.filter(({ time, recordedtime }) => time.slice(0, 10) < recordedtime.slice(0, 10)).length;
  for (const [some, share] of [
    [corrections, 0.01],
    [repeats, 0.02],
    [late, 0.02],
  ] as const) {
    expect(some).toBeGreaterThan((byDay.length * share) / 2);
    expect(some).toBeLessThan(byDay.length * share * 2);
  }
});
