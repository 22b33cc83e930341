import { describe, expect, test } from 'vitest';
import { instrumentsOf } from '../instruments.ts';
import { checkMeasure, type KnownOfMeasures } from './check-measure.ts';
import { Measure } from './measure.ts';

const instruments = instrumentsOf([
  {
    id: 'sleep-diary',
    higher: 'better',
    items: { count: 3, low: 0, high: 4 },
    subscores: { onset: { low: 0, high: 4 } },
  },
]);
/** Twelve weeks, with a last visit that may be late by five days. */
const trial: KnownOfMeasures = {
  substances: [{ id: 'opioid' }],
  visits: [
    { id: 'W04', day: 28, closes: 3 },
    { id: 'W12', day: 85, closes: 4 },
  ],
  plannedFollowUp: 84,
  arms: [{ gives: ['ketamine'] }, { gives: ['midazolam'] }],
  instruments,
  baseline: undefined,
  populations: [],
};

function wrongWith(measure: object, known: KnownOfMeasures = trial): string[] {
  const found: string[] = [];
  const report = (path: PropertyKey[], message: string) => found.push(`${path.join('.')} | ${message}`);
  checkMeasure(Measure.parse({ id: 'm', ...measure }), known, report);
  return found;
}

const use = { substances: ['opioid'], evidence: 'self-report-only', windows: [28], horizon: 84 };
const relapse = (...patterns: object[]) => ({ ...use, kind: 'relapse', heavy: { atLeastGrams: 70 }, patterns });

describe('what could never show anything is refused', () => {
  test.each([
    [
      { is: 'weeks-in-a-row', weeks: 12 },
      { is: 'weeks-in-a-row', weeks: 13 },
      'patterns.0.weeks | needs 91 days, and days 1 to 84 are 84: nobody could ever relapse so; shorten it, or move from or the horizon',
    ],
    [
      { is: 'days-in-a-row', days: 84 },
      { is: 'days-in-a-row', days: 85 },
      'patterns.0.days | needs 85 days, and days 1 to 84 are 84: nobody could ever relapse so; shorten it, or move from or the horizon',
    ],
    [
      { is: 'heavy-days', days: 84, within: 365 },
      { is: 'heavy-days', days: 85, within: 365 },
      'patterns.0.days | needs 85 days, and days 1 to 84 are 84: nobody could ever relapse so; shorten it, or move from or the horizon',
    ],
  ])('a pattern of relapse fits into its days: %o', (fits, tooLong, said) => {
    expect(wrongWith(relapse(fits))).toEqual([]);
    expect(wrongWith(relapse(tooLong))).toEqual([said]);
  });

  test('the days of a relapse begin with `from`', () => {
    const fourWeeks = relapse({ is: 'weeks-in-a-row', weeks: 4 });
    expect(wrongWith({ ...fourWeeks, from: 57 })).toEqual([]);
    expect(wrongWith({ ...fourWeeks, from: 58 })).toEqual([
      expect.stringMatching(/^patterns.0.weeks .* days 58 to 84 are 27/),
    ]);
    expect(wrongWith({ ...fourWeeks, from: 85 })).toEqual(['from | lies after the horizon (84); correct it']);
  });

  test('of a pattern without a length of its own nothing is said', () => {
    const patterns = [{ is: 'first-use' }, { is: 'leaving' }, { is: 'baseline-pattern', within: 365 }];
    expect(wrongWith({ ...relapse(...patterns), from: 84 })).toEqual([]);
  });

  test('a run that leaves no day to lapse on', () => {
    const lapse = (abstinentDays: number) => ({ ...use, kind: 'lapse', after: { abstinentDays } });
    expect(wrongWith(lapse(83))).toEqual([]);
    expect(wrongWith(lapse(84))).toEqual([
      'after.abstinentDays | leaves no day before the horizon (84) on which anybody could lapse; shorten it',
    ]);
  });

  test('a day more than a year after the planned follow-up and the last visit, but for days that it may be off', () => {
    const scale = (at: object, more = {}) => ({
      kind: 'scale',
      instrument: 'MADRS',
      at: [{ visit: 'W04' }, at],
      ...more,
    });
    const said =
      'lies more than a year after the planned follow-up and the last visit (89), when nobody is followed any more; correct it, or plannedFollowUp';
    expect(wrongWith(scale({ day: 89 + 365 }))).toEqual([]);
    expect(wrongWith(scale({ day: 461, within: 7 }))).toEqual([]);
    expect(wrongWith(scale({ day: 462, within: 7 }))).toEqual([`at.1.day | ${said}`]);
    expect(wrongWith(scale({ day: 89 }, { baseline: { day: 455 } }))).toEqual([`baseline.day | ${said}`]);
    expect(wrongWith({ kind: 'choices', substance: 'opioid', at: [{ day: 455 }] })).toEqual([`at.0.day | ${said}`]);
    expect(wrongWith(scale({ day: 84 }), { ...trial, visits: [{ id: 'W04', day: 28, closes: 3 }] })).toEqual([]);
  });

  test('a horizon more than a year after the planned follow-up and the last visit, of any kind of measure', () => {
    for (const measure of [{ ...use, kind: 'first-use' }, { kind: 'adverse-events' }, { kind: 'visits' }]) {
      expect(wrongWith({ ...measure, horizon: 89 + 365 })).toEqual([]);
      expect(wrongWith({ ...measure, horizon: 840 })).toEqual([
        'horizon | lies more than a year after the planned follow-up and the last visit (89), when nobody is followed any more; correct it, or plannedFollowUp',
      ]);
    }
  });
});

describe('what nobody declares is refused', () => {
  test('a subscore, where the instrument declares its own', () => {
    const scale = (instrument: string, subscore: string) => ({
      kind: 'scale',
      instrument,
      subscore,
      at: [{ visit: 'W04' }],
    });
    expect(wrongWith(scale('sleep-diary', 'onset'))).toEqual([]);
    expect(wrongWith(scale('sleep-diary', 'constructor'))).toEqual([
      'subscore | "constructor" is no subscore of sleep-diary (it has onset); declare it under instruments',
    ]);
    expect(wrongWith(scale('MADRS', 'sadness'))).toEqual([]);
  });

  test('an instrument in neither table; one of the table need not be declared', () => {
    const scale = (instrument: string) => ({ kind: 'scale', instrument, at: [{ visit: 'W04' }] });
    expect(wrongWith(scale('MADRS'))).toEqual([]);
    expect(wrongWith(scale('MARDS'))).toEqual([
      'instrument | "MARDS" is no instrument of the trial; declare it under instruments',
    ]);
  });

  test('a drug that an arm gives under another spelling; what everybody gets besides need be given by no arm', () => {
    const exposure = (drug: string) => ({ kind: 'exposure', drug, horizon: 84 });
    expect(wrongWith(exposure('midazolam'))).toEqual([]);
    expect(wrongWith(exposure('esketamine'))).toEqual([]);
    expect(wrongWith(exposure('Keta-mine'))).toEqual([
      'drug | "Keta-mine" is given by no arm, but "ketamine" is; write it alike',
    ]);
  });
});
