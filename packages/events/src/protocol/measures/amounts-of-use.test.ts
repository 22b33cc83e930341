import { expect, test } from 'vitest';
import { checkMeasure } from './check-measure.ts';
import { Measure } from './measure.ts';

const use = {
  id: 'm',
  substances: ['alcohol'],
  evidence: 'self-report-only',
  horizon: 28,
};
const over = [{ from: 1, to: 28 }];
const heavy = { atLeastGrams: 70 };

/** What is wrong with a measure in a trial that counts alcohol in drinks. */
function wrongWith(measure: object, { grams = true } = {}): string[] {
  const found: string[] = [];
  const known = {
    substances: [{ id: 'alcohol', unit: 'drinks', ...(grams ? { gramsPerUnit: 14 } : {}) }],
    visits: [],
    plannedFollowUp: 28,
    arms: [],
    instruments: new Map(),
    baseline: new Set(['sex']),
    populations: [],
  };
  checkMeasure(
    Measure.parse({ ...use, ...('windows' in measure ? {} : { over }), ...measure }),
    known,
    (path, message) => found.push(`${path.join('.')} ${message}`),
  );
  return found;
}

const ofAmounts = [
  { kind: 'days-of-use', counts: 'heavy', heavy },
  { kind: 'no-heavy-days', heavy },
  { kind: 'amount', unit: 'g', per: 'day' },
  { kind: 'risk-level', sex: { covariate: 'sex', female: 'female' } },
];

test.each(ofAmounts)('$kind needs a rule that hears calendars, and grams that can be known', (measure) => {
  expect(wrongWith(measure)).toEqual([]);
  expect(wrongWith({ ...measure, evidence: 'urine-only' })).toEqual([
    expect.stringMatching(/^evidence urine-only looks at no calendar/),
  ]);
  expect(wrongWith(measure, { grams: false })).toEqual([expect.stringMatching(/^substances.0 has no gramsPerUnit/)]);
});

test('days of use or abstinent may be judged by urine alone', () => {
  for (const counts of ['use', 'abstinent'])
    expect(wrongWith({ kind: 'days-of-use', counts, evidence: 'urine-only' })).toEqual([]);
});

test('an amount is in grams or in the unit that the protocol counts the substance in', () => {
  expect(wrongWith({ kind: 'amount', unit: 'drinks', per: 'day' })).toEqual([]);
  expect(wrongWith({ kind: 'amount', unit: 'USD', per: 'day' })).toEqual([
    expect.stringMatching(/^substances.0 is not counted in USD/),
  ]);
});

test('a relapse of heavy days needs a rule that hears calendars', () => {
  const relapse = (is: object, evidence: string) =>
    wrongWith({ kind: 'relapse', windows: [7], heavy, patterns: [is], evidence });
  const heavyDay = { is: 'heavy-days', days: 1, within: 1 };
  expect(relapse(heavyDay, 'self-report-only')).toEqual([]);
  expect(relapse(heavyDay, 'urine-only')).toEqual([expect.stringMatching(/^evidence urine-only looks at no calendar/)]);
  expect(relapse({ is: 'first-use' }, 'urine-only')).toEqual([]);
});
