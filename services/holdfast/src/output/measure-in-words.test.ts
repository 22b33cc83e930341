import { Measure, type MeasureKind, measureKinds, measureShape } from '@holdfast/events';
import { describe, expect, test } from 'vitest';
import { measureInWords } from './measure-in-words.ts';

type Fields = Readonly<Record<string, unknown>>;
const read = (measure: object) => Measure.parse(measure);

/** Of a field, one value and another; a field of use evidence, unless the kind says otherwise. */
type Pairs = Readonly<Record<string, readonly [unknown, unknown]>>;
const named: Pairs = { population: ['dosed', 'treated'] };
const ofUse: Pairs = {
  ...named,
  substances: [['alcohol'], ['alcohol', 'cocaine']],
  evidence: ['any-positive', 'confirmed-by-urine'],
  biomarkers: [{ kinds: ['peth'] }, { kinds: ['peth'], covers: 'look-back' }],
  horizon: [180, 181],
  controlledDays: ['exclude', 'ignore'],
  death: ['ignore', 'exclude'],
};
const horizon: Pairs = { ...named, horizon: [91, 92] };
const windows: Pairs = { windows: [[28], [14, 28]] };
const heavy: Pairs = { heavy: [{ atLeastGrams: 70 }, { by: 'sex', atLeastGrams: { female: 56, male: 71 } }] };
const over: Pairs = { over: [[{ from: 1, to: 28 }], [{ from: 2, to: 28 }]] };
const followed: Pairs = { policies: [['observed-only'], ['observed-only', 'worst-case']] };
const policies: Pairs = { policies: [['observed-only'], ['carry-forward-17']] };
const decisivePositive: Pairs = { decisivePositive: [true, false] };

const fields: Readonly<Record<MeasureKind, Pairs>> = {
  'rolling-abstinence': {
    ...ofUse,
    ...windows,
    ...policies,
    ...decisivePositive,
    coverage: ['all-days', { atLeast: 5 }],
  },
  'continuous-abstinence': {
    ...ofUse,
    ...policies,
    ...decisivePositive,
    from: [1, 15],
    coverage: ['all-days', { gapAtMost: 31 }],
  },
  'first-use': { ...ofUse, ...windows },
  lapse: { ...ofUse, ...windows, after: [{ abstinentDays: 14 }, { quitDay: 3 }] },
  relapse: {
    ...ofUse,
    ...windows,
    ...heavy,
    from: [1, 8],
    patterns: [
      [{ is: 'weeks-in-a-row', weeks: 4, missing: 'use' }],
      [{ is: 'heavy-days', days: 3, within: 9 }, { is: 'leaving' }],
    ],
  },
  retention: { ...horizon, ...windows },
  'days-of-use': { ...ofUse, ...over, ...heavy, ...followed, counts: ['abstinent', 'heavy'] },
  amount: { ...ofUse, ...over, unit: ['g', 'dollars'], per: ['day', 'using-day'] },
  'no-heavy-days': { ...ofUse, ...over, ...heavy, ...followed },
  'risk-level': {
    ...ofUse,
    ...over,
    sex: [
      { covariate: 'sex', female: 'F' },
      { covariate: 'sex', female: 'woman' },
    ],
    baselineDays: [28, 60],
  },
  scale: {
    ...named,
    instrument: ['HAM-D', 'MADRS'],
    subscore: ['sleep', 'mood'],
    baseline: [{ visit: 'V0' }, { day: -3, within: 2 }],
    at: [[{ visit: 'V4' }], [{ hoursAfterDose: 24, within: 5, session: 2 }]],
  },
  choices: { ...named, substance: ['cocaine', 'alcohol'], at: [[{ visit: 'V4' }], [{ day: 12 }]] },
  visits: horizon,
  exposure: { ...horizon, drug: ['ketamine', 'midazolam'] },
  'adverse-events': { ...horizon, only: ['all', 'serious'] },
  suicidality: { ...horizon, rise: [2, 3] },
  'vital-peaks': {
    ...horizon,
    severe: [
      { systolic: 180, diastolic: 110 },
      { systolic: 170, diastolic: 105 },
    ],
  },
};

const withAll = (kind: MeasureKind, which: 0 | 1): Fields => ({
  ...{ id: 'm', kind },
  ...Object.fromEntries(Object.entries(fields[kind]).map(([name, pair]) => [name, pair[which]])),
});

describe.each([...measureKinds])('%s', (kind) => {
  test('the words change with every parameter', () => {
    const base = withAll(kind, 0);
    const words = measureInWords(read(base));
    for (const [name, [, other]] of Object.entries(fields[kind]))
      expect(measureInWords(read({ ...base, [name]: other })), `${name} is not spoken of`).not.toBe(words);
    expect(words).not.toMatch(/undefined|\[object|NaN/);
  });

  test('no parameter of the kind was forgotten here', () => {
    const declared = measureShape(kind)
      .fields.map(({ path }) => path)
      .filter((path) => /^\w+$/.test(path));
    expect([...Object.keys(fields[kind]), 'id', 'title'].sort()).toEqual(declared.sort());
  });

  test('names its numbers as they stand in the protocol, and its title', () => {
    for (const which of [0, 1] as const) {
      const measure = withAll(kind, which);
      const words = measureInWords(read({ ...measure, title: 'A title' }));
      expect(words).toContain('“A title”');
      const numbers = JSON.stringify(measure).match(/(?<=[:[,])\d+(?=[\],}])/g) ?? [];
      for (const number of numbers) expect(words).toMatch(new RegExp(`\\b${number}\\b`));
    }
  });
});

test('every pattern of relapse has words of its own', () => {
  const patterns = [
    { is: 'weeks-in-a-row', weeks: 4, missing: 'use' },
    { is: 'weeks-in-a-row', weeks: 4, missing: 'free' },
    { is: 'days-in-a-row', days: 7, missing: 'use' },
    { is: 'days-in-a-row', days: 7 },
    { is: 'heavy-days', days: 3, within: 28 },
    { is: 'first-use' },
    { is: 'leaving' },
    { is: 'baseline-pattern', within: 28 },
  ];
  const words = patterns.map((pattern) => measureInWords(read({ ...withAll('relapse', 0), patterns: [pattern] })));
  expect(new Set(words).size).toBe(patterns.length);
});
