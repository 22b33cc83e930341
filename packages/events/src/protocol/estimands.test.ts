import { describe, expect, test } from 'vitest';
import { problemsWith } from './fixtures/double-blind.ts';

const contrast = 'treatment: { arms: [ketamine, midazolam], against: [saline] }';
const variable = 'variable: { measure: abstinence, window: 28, missing: missing-is-use }';
const estimand = (text: string) => problemsWith(`estimands:\n  - { id: one, rank: primary, ${text} }\n`);

describe('estimands', () => {
  test('are declared by the five attributes of ICH E9(R1)', () => {
    expect(
      estimand(
        `${contrast}, ${variable}, summary: difference-in-proportions, intercurrentEvents: [
      { event: treatment-discontinued, strategy: treatment-policy }, { event: participant-left, strategy: composite },
      { event: death, strategy: while-alive }, { event: controlled-environment, strategy: hypothetical } ]`,
      ),
    ).toEqual([]);
  });

  test.each([
    [
      'an arm that there is not',
      `treatment: { arms: [other], against: [saline] }, ${variable}`,
      /treatment\.arms.*"other" is no arm/,
    ],
    ['an arm on both sides', `treatment: { arms: [saline], against: [saline] }, ${variable}`, /against.*both sides/],
    ['a measure that there is not', `${contrast}, variable: { measure: other }`, /"other" is no measure/],
    ['a window that there is not', `${contrast}, variable: { measure: abstinence, window: 14 }`, /window.*7, 28/],
    ['no window where there are several', `${contrast}, variable: { measure: abstinence }`, /window.*is missing/],
    [
      'a policy that there is not',
      `${contrast}, variable: { measure: abstinence, window: 7, missing: worst-case }`,
      /missing.*observed-only/,
    ],
    ['a day after the horizon', `${contrast}, variable: { measure: abstinence, window: 7, day: 91 }`, /day.*horizon/],
    ['a population that there is not', `${contrast}, ${variable}, population: other`, /"other" is no population/],
    [
      'another population than the measure’s',
      `${contrast}, ${variable}, population: dosed`,
      /population.*counts everybody randomised/,
    ],
    [
      'death otherwise than the measure counts it',
      `${contrast}, ${variable}, intercurrentEvents: [{ event: death, strategy: composite }]`,
      /strategy.*death: exclude.*while-alive/,
    ],
    [
      'a strategy for ended treatment that nothing here computes',
      `${contrast}, ${variable}, intercurrentEvents: [{ event: treatment-discontinued, strategy: hypothetical }]`,
      /strategy.*treatment-policy/,
    ],
    [
      'an event twice',
      `${contrast}, ${variable}, intercurrentEvents: [{ event: death, strategy: while-alive }, { event: death, strategy: while-alive }]`,
      /declared twice/,
    ],
  ])('are refused with %s', (_, text, named) => {
    expect(estimand(`${text}, summary: difference-in-proportions`)).toEqual([expect.stringMatching(named)]);
  });

  test.each([
    ['leaving', '{ is: leaving }'],
    ['weeks without evidence', '{ is: weeks-in-a-row, weeks: 4, missing: use }'],
  ])('are refused with a relapse that %s is a part of, and leaving as if it had not been', (_, pattern) => {
    const relapse = `  - { id: back, kind: relapse, substances: [alcohol], evidence: urine-only, windows: [28], horizon: 90, patterns: [{ is: first-use }, ${pattern}] }\n`;
    const by = (strategy: string) =>
      problemsWith(
        `${relapse}estimands:\n  - { id: one, rank: primary, ${contrast}, variable: { measure: back }, summary: difference-in-survival, intercurrentEvents: [{ event: participant-left, strategy: ${strategy} }] }\n`,
      );
    expect(by('hypothetical')).toEqual([expect.stringMatching(/strategy.*leaving.*composite/)]);
    expect(by('composite')).toEqual([]);
    expect(problemsWith(relapse.replace(`, ${pattern}`, ''))).toEqual([]);
  });

  test('are refused with a summary of another kind of variable', () => {
    expect(estimand(`${contrast}, variable: { measure: first }, summary: difference-in-proportions`)).toEqual([
      expect.stringMatching(/summary.*difference-in-survival/),
    ]);
    expect(
      estimand(
        `${contrast}, variable: { measure: stay }, summary: hazard-ratio, intercurrentEvents: [{ event: participant-left, strategy: hypothetical }]`,
      ),
    ).toEqual([expect.stringMatching(/leaving is the event of stay/)]);
  });
});
