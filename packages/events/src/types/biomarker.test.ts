import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEvent } from '../event.ts';
import { Biomarker, biomarkerResult } from './biomarker.ts';

const breath = { kind: 'breath-alcohol', substance: 'alcohol', lookBack: 0 };
const number = fc.double({ min: 0, max: 1000, noNaN: true }).map((value) => value + 0);

function problemsIn(data: object): string[] {
  const parsed = parseEvent({
    specversion: '1.0',
    id: 'b-1',
    source: '/trials/KARE-2/sites/GB-01',
    subject: 'GB-01-0042',
    type: 'org.holdfast.biomarker.v1',
    time: '2026-03-30T10:25:00+01:00',
    recordedtime: '2026-03-30T10:26:00+01:00',
    data,
  });
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path} ${message}`);
}

describe('a biomarker', () => {
  test.each([
    ['a breath test of the day, as a device gives it', { ...breath, result: 'negative' }],
    [
      'a day of a transdermal bracelet',
      { ...breath, kind: 'transdermal-alcohol', value: 0.02, unit: 'g/dL', cutOff: 0.02 },
    ],
    ['a monthly PEth', { ...breath, kind: 'peth', lookBack: 28, value: 210, unit: 'ng/mL', cutOff: 20, visit: 'M2' }],
    ['one that was refused', { ...breath, result: 'refused' }],
    ['a hair test of three months', { kind: 'hair', substance: 'cocaine', lookBack: 90, result: 'positive' }],
  ])('%s is valid', (_, data) => {
    expect(problemsIn(data)).toEqual([]);
  });

  test.each([
    [{ kind: 'PEth' }, /^data\.kind must be one of "breath-alcohol", /],
    [{ lookBack: -1 }, /^data\.lookBack is too small; at least 0$/],
    [{ lookBack: undefined }, /^data\.lookBack is missing; give a/],
    [{ result: undefined }, /^data\.result is missing and cannot be derived; give it, or both `value` and `cutOff`$/],
    [{ result: undefined, value: 3, unit: 'g/L' }, /^data\.result is missing and cannot be derived/],
    [{ value: 3 }, /^data\.unit is missing beside a value or cut-off; give it/],
    [{ value: 3, cutOff: 2, unit: 'g/L' }, /^data\.result contradicts `value` and `cutOff`.*correct one of the three$/],
    [{ drinks: 3 }, /^data\.drinks is no field of this/],
  ])('with %j is refused, and told what to do', (change, expected) => {
    const problems = problemsIn(JSON.parse(JSON.stringify({ ...breath, result: 'negative', ...change })));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
  });

  test('is positive at or above its cut-off, and says the same with or without the result beside it', () => {
    fc.assert(
      fc.property(number, number, (value, cutOff) => {
        const measured = Biomarker.parse({ ...breath, value, cutOff, unit: 'mg/L' });
        const result = biomarkerResult(measured);
        expect(result).toBe(value >= cutOff ? 'positive' : 'negative');
        expect(biomarkerResult(Biomarker.parse({ ...measured, result }))).toBe(result);
        const other = result === 'positive' ? 'negative' : 'positive';
        expect(Biomarker.safeParse({ ...measured, result: other }).success).toBe(false);
      }),
    );
  });

  test('an invalid sample says so, whatever was measured', () => {
    const data = Biomarker.parse({ ...breath, value: 9, cutOff: 1, unit: 'mg/L', result: 'invalid' });
    expect(biomarkerResult(data)).toBe('invalid');
  });
});
