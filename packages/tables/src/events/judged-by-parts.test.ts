import type { Problem } from '@holdfast/events';
import { expect, test } from 'vitest';
import { judgedByParts } from './judged-by-parts.ts';
import type { SourceLine } from './source-line.ts';
import type { Judge, TableEvent } from './table-event.ts';

const event: TableEvent = {
  specversion: '1.0',
  id: '1',
  source: '/trials/T/sites/A',
  subject: '1',
  type: 'org.holdfast.urine-screen.v1',
  time: '2000-01-01T12:00:00+00:00',
  recordedtime: '2000-01-01T12:00:00+00:00',
  data: Object.freeze({
    visit: 'W1',
    results: Object.freeze({ opioid: 'positive', crack: 'positive', glue: 'positive' }),
  }),
};
const line = (n: number, part?: string): SourceLine => ({ tab: 'uds', line: n, part });
const lines = [line(2, 'results.opioid'), line(3, 'results.crack'), line(4, 'results.glue'), line(9)];
const problem = (path: string): Problem => ({ path, message: 'no' });

/** Refuses what is named, as long as it is there. */
const refusing =
  (...paths: string[]): Judge<unknown> =>
  ({ data }) => {
    const { visit, results } = data as { visit?: string; results: Record<string, string> };
    const there = [
      ...Object.keys(results).map((key) => `data.results.${key}`),
      ...(visit === undefined ? [] : ['data.visit']),
    ];
    const problems = paths.filter((path) => there.includes(path)).map(problem);
    return problems.length === 0 ? { ok: true, value: data } : { ok: false, problems };
  };
const judged = (judge: Judge<unknown>, of = lines) => {
  const first = judge(event, 'T');
  return judgedByParts(event, 'T', of, first.ok ? [] : first.problems, judge);
};

test('a refused part costs its line, and the rest of the event stands', () => {
  const { accepted, refused } = judged(refusing('data.results.crack', 'data.results.glue'));
  expect(accepted).toEqual({ value: { visit: 'W1', results: { opioid: 'positive' } } });
  expect(refused.map((one) => `${one.line} ${one.problems.map(({ path }) => path)}`)).toEqual([
    '3 data.results.crack',
    '4 data.results.glue',
  ]);
  expect(event.data).toHaveProperty('results.crack');
});

test('a problem that no line supplied costs them all', () => {
  const { accepted, refused } = judged(refusing('data.visit'));
  expect(accepted).toBeUndefined();
  expect(refused.map((one) => `${one.line} ${one.problems.map(({ path }) => path)}`)).toEqual(
    [2, 3, 4, 9].map((n) => `${n} data.visit`),
  );
});

test('parts are lost first, and what is wrong besides costs the lines that are left', () => {
  const { accepted, refused } = judged(refusing('data.results.crack', 'data.visit'));
  expect(accepted).toBeUndefined();
  expect(refused.map((one) => `${one.line} ${one.problems.map(({ path }) => path)}`)).toEqual([
    '3 data.results.crack',
    '2 data.visit',
    '4 data.visit',
    '9 data.visit',
  ]);
});

test('an event without any line left is refused, though nothing is wrong with it', () => {
  const { accepted, refused } = judged(refusing('data.results.crack'), [
    line(3, 'results.crack'),
    line(5, 'results.crack'),
  ]);
  expect(accepted).toBeUndefined();
  expect(refused.map((one) => one.line)).toEqual([3, 5]);
});

test('a problem inside a part is none of the part itself', () => {
  const deep: Judge<unknown> = () => ({ ok: false, problems: [problem('data.results.crack.amount')] });
  expect(judged(deep).refused.map((one) => one.line)).toEqual([2, 3, 4, 9]);
});

test('a judge who refuses what is no longer there is believed once', () => {
  const stubborn: Judge<unknown> = () => ({ ok: false, problems: [problem('data.results.crack')] });
  const { accepted, refused } = judged(stubborn);
  expect(accepted).toBeUndefined();
  expect(refused.map((one) => one.line)).toEqual([3, 2, 4, 9]);
});
