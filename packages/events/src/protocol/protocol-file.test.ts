import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { observationTypes } from '../types/observation-types.ts';
import { parseProtocol } from './protocol-file.ts';

const demo = readFileSync(join(import.meta.dirname, '../../../../schemas/examples/demo/demo-2x2.yaml'), 'utf8');

/** A small protocol; line numbers in the tests are of this text. */
const small = `format: holdfast-protocol/1
trial: KARE-2
version: 1
title: A trial
blinding: open
clock: imported
plannedFollowUp: 90
arms:
  - id: ketamine
  - id: saline
    control: true
sites:
  - GB-01
  - GB-02
strata: [moderate, severe]
substances:
  - id: alcohol
  - id: cocaine
visits:
  - { id: W04, day: 28, collects: [urine] }
  - { id: W08, day: 56 }
measures:
  - id: abstinence
    kind: rolling-abstinence
    substances: [alcohol]
    evidence: urine-only
    windows: [7, 28]
    horizon: 84
    policies: [observed-only]
  - id: first
    kind: first-use
    substances: [alcohol, cocaine]
    evidence: any-positive
    windows: [28]
    horizon: 84
`;

/** The small protocol with one text in place of another. */
function broken(what: string, by: string): string {
  if (small.split(what).length !== 2) throw new Error(`${what} does not stand once in the protocol`);
  return small.replace(what, () => by);
}

function problemsIn(text: string): string[] {
  const parsed = parseProtocol(text);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path} | ${message}`);
}

describe('a protocol', () => {
  test('the demo’s is valid, with what it leaves out filled in', () => {
    const parsed = parseProtocol(demo);
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        trial: 'DEMO-2X2',
        blinding: 'double',
        partitions: 2,
        entryLag: 3,
        closed: [],
        timeZone: 'Europe/London',
      },
    });
  });

  test('says nothing twice: what is left out has its default', () => {
    const parsed = parseProtocol(small);
    if (!parsed.ok) expect.fail(problemsIn(small).join('\n'));
    const { timeZone, partitions, entryLag, evidence, closed, visits, measures } = parsed.value;
    expect({ timeZone, partitions, entryLag, evidence, closed }).toEqual({
      timeZone: 'Etc/UTC',
      partitions: 4,
      entryLag: 0,
      evidence: { unnamed: 'unknown', attendedVisit: 'nothing' },
      closed: [],
    });
    expect(visits[0]).toEqual({ id: 'W04', day: 28, opens: 0, closes: 0, collects: ['urine'] });
    expect(measures[0]).toMatchObject({
      coverage: 'all-days',
      decisivePositive: false,
      controlledDays: 'exclude',
      death: 'exclude',
    });
  });

  test('is the same with Windows line ends and a byte-order mark', () => {
    expect(parseProtocol(`\uFEFF${small.replaceAll('\n', '\r\n')}`)).toEqual(parseProtocol(small));
  });

  test('may use anchors and aliases within reason', () => {
    const text = broken('strata: [moderate, severe]', 'strata: &s [moderate, severe]').replace(
      'substances: [alcohol]',
      'substances: &a [alcohol]',
    );
    expect(problemsIn(text)).toEqual([]);
  });
});

describe('each mistake is found on its line, with what to do about it', () => {
  const unknown =
    'is no field of this; remove it or correct its name (an unknown field is refused, lest an observation be lost)';
  test.each<[string, string, string, ...string[]]>([
    ['a field left out', 'trial: KARE-2\n', '', 'line 1: trial | is missing; give a string'],
    [
      'a field of an arm left out',
      '  - id: saline\n    control: true',
      '  - control: true',
      'line 10: arms[1].id | is missing; give a string',
    ],
    ['another format', 'holdfast-protocol/1', 'holdfast-protocol/2', 'line 1: format | must be "holdfast-protocol/1"'],
    [
      'a trial id that cannot be a topic',
      'KARE-2',
      'KARE 2',
      'line 2: trial | not a valid trial id (1 to 64 letters, digits, . _ -); write it like CTN-0027',
    ],
    ['a trial id that YAML takes for a number', 'KARE-2', '27', 'line 2: trial | must be a string'],
    ['a version that is no whole number', 'version: 1', 'version: 1.5', 'line 3: version | must be a whole number'],
    ['version 0', 'version: 1', 'version: 0', 'line 3: version | is too small; at least 1'],
    [
      'a blinding that there is not',
      'blinding: open',
      'blinding: triple',
      'line 5: blinding | must be one of "open", "double"',
    ],
    [
      'an unknown field of the trial',
      'clock: imported',
      'clock: imported\nsponsor: ACME',
      `line 7: sponsor | ${unknown}`,
    ],
    ['an unknown field deep down', 'control: true', 'controll: true', `line 11: arms[1].controll | ${unknown}`],
    [
      'an unknown field of a measure',
      '    evidence: urine-only',
      '    evidence: urine-only\n    policy: x',
      `line 27: measures[0].policy | ${unknown}`,
    ],
    [
      'a policy where none can be',
      '    evidence: any-positive',
      '    evidence: any-positive\n    policies: [observed-only]',
      `line 34: measures[1].policies | ${unknown}`,
    ],
    [
      'the same arm twice',
      '- id: saline',
      '- id: ketamine',
      'line 10: arms[1].id | arm "ketamine" is declared twice; keep one',
    ],
    ['the same site twice', '- GB-02', '- GB-01', 'line 14: sites[1] | site "GB-01" is declared twice; keep one'],
    [
      'the same stratum twice',
      '[moderate, severe]',
      '[severe, severe]',
      'line 15: strata[1] | stratum "severe" is declared twice; keep one',
    ],
    [
      'the same substance twice',
      '- id: cocaine',
      '- id: alcohol',
      'line 18: substances[1].id | substance "alcohol" is declared twice; keep one',
      'line 32: measures[1].substances[1] | "cocaine" is not among the trial’s substances; declare it under substances',
    ],
    ['the same visit twice', 'id: W08', 'id: W04', 'line 21: visits[1].id | visit "W04" is declared twice; keep one'],
    [
      'the same measure twice',
      '- id: first',
      '- id: abstinence',
      'line 30: measures[1].id | measure "abstinence" is declared twice; keep one',
    ],
    [
      'the same window twice',
      '[7, 28]',
      '[7, 7]',
      'line 27: measures[0].windows[1] | window "7" is declared twice; keep one',
    ],
    [
      'the same policy twice',
      '[observed-only]',
      '[observed-only, observed-only]',
      'line 29: measures[0].policies[1] | policy "observed-only" is declared twice; keep one',
    ],
    ...['carry-forward', 'carry-forward-0', 'carry-forward-028', 'carry-forward-4001', 'last-value'].map(
      (policy): [string, string, string, string] => [
        `the policy ${policy}`,
        '[observed-only]',
        `[observed-only, ${policy}]`,
        'line 29: measures[0].policies[1] | must be observed-only, missing-is-use, worst-case, best-case, or carry-forward-N with N from 1 to 4000 days, such as carry-forward-28',
      ],
    ),
    [
      'the same biomarker twice',
      '    evidence: urine-only',
      '    evidence: urine-only\n    biomarkers: { kinds: [peth, etg, peth] }',
      'line 27: measures[0].biomarkers.kinds[2] | biomarker "peth" is declared twice; keep one',
    ],
    [
      'biomarkers where the rule looks at none',
      '    evidence: urine-only',
      '    evidence: self-report-only\n    biomarkers: { kinds: [peth] }',
      'line 27: measures[0].biomarkers | self-report-only looks at no biomarker; remove it, or choose another evidence rule',
    ],
    [
      'a measure of a substance twice',
      '[alcohol, cocaine]',
      '[alcohol, alcohol]',
      'line 32: measures[1].substances[1] | substance "alcohol" is declared twice; keep one',
    ],
    [
      'a measure of a substance that the trial has not',
      '[alcohol, cocaine]',
      '[alcohol, heroin]',
      'line 32: measures[1].substances[1] | "heroin" is not among the trial’s substances; declare it under substances',
    ],
    [
      'a substance id with capitals',
      '- id: cocaine',
      '- id: Cocaine',
      'line 18: substances[1].id | not a valid substance id (lower case letters, digits, -); write it like cocaine',
      'line 32: measures[1].substances[1] | "cocaine" is not among the trial’s substances; declare it under substances',
    ],
    [
      'a window longer than the horizon',
      '[7, 28]',
      '[7, 85]',
      'line 27: measures[0].windows[1] | is longer than the horizon (84); shorten it',
    ],
    [
      'a coverage that the shortest window cannot have',
      '    policies: [observed-only]',
      '    policies: [observed-only]\n    coverage: { atLeast: 8 }',
      'line 30: measures[0].coverage.atLeast | asks for more days than the shortest window has; no such window could ever be covered',
    ],
    [
      'a coverage that there is not',
      '    policies: [observed-only]',
      '    policies: [observed-only]\n    coverage: most-days',
      'line 30: measures[0].coverage | must be all-days, or atLeast with a number of days that need evidence',
    ],
    [
      'a time zone that there is not',
      'clock: imported',
      'clock: imported\ntimeZone: Europe/Londn',
      'line 7: timeZone | is no IANA time zone; write it like Europe/London',
    ],
    [
      'a measure of no kind',
      'kind: first-use',
      'kind: last-use',
      'line 31: measures[1].kind | is no kind of measure; use rolling-abstinence, continuous-abstinence, first-use, lapse, relapse, retention, days-of-use, amount, no-heavy-days, risk-level, scale, choices, visits, exposure, adverse-events, suicidality, vital-peaks',
    ],
    [
      'a measure without kind',
      '    kind: first-use\n',
      '',
      'line 30: measures[1].kind | is no kind of measure; use rolling-abstinence, continuous-abstinence, first-use, lapse, relapse, retention, days-of-use, amount, no-heavy-days, risk-level, scale, choices, visits, exposure, adverse-events, suicidality, vital-peaks',
    ],
    [
      'a measure id that is no name',
      '- id: first',
      '- id: First use',
      'line 30: measures[1].id | not a measure id; write it like opioid-abstinence',
    ],
    [
      'no measures',
      small.slice(small.indexOf('measures:')),
      'measures: []\n',
      'line 22: measures | is too short; at least 1',
    ],
    [
      'a visit collecting what nobody collects',
      '[urine]',
      '[urine, blood]',
      'line 20: visits[0].collects[1] | must be one of "urine", "calendar", "breath-alcohol", "blood-alcohol", "transdermal-alcohol", "etg", "ets", "peth", "cdt", "hair", "oral-fluid", "sweat-patch", "exhaled-co", "cotinine"',
    ],
    ['a list that is not one', '[moderate, severe]', 'severe', 'line 15: strata | must be an array'],
    [
      'day zero closed',
      'clock: imported',
      'clock: imported\nclosed: [participant-randomised]',
      `line 7: closed[0] | must be one of ${Object.keys(observationTypes)
        .filter((type) => !/^participant-(enrolled|(re)?randomised)$/.test(type))
        .map((type) => `"${type}"`)
        .join(', ')}`,
    ],
    [
      'an administrative end that is no date',
      'clock: imported',
      'clock: imported\nadministrativeEnd: 2026-02-30',
      'line 7: administrativeEnd | not a calendar date; write it like 2026-03-02',
    ],
    [
      'grams of no unit',
      '- id: alcohol',
      '- { id: alcohol, gramsPerUnit: 8 }',
      'line 17: substances[0].gramsPerUnit | is of no unit; declare the unit, or remove it',
    ],
    [
      'the same period twice',
      'clock: imported',
      'clock: imported\nperiods: [{ id: P1 }, { id: P1 }]',
      'line 7: periods[1].id | period "P1" is declared twice; keep one',
    ],
    [
      'an instrument of its own that does not say what it scores',
      'clock: imported',
      'clock: imported\ninstruments:\n  - id: withdrawal-severity',
      'line 8: instruments[0].total | is missing for an instrument that is not in the table of instruments; give total or items',
      'line 8: instruments[0].higher | is missing for an instrument that is not in the table of instruments; say what higher means',
    ],
    [
      'an instrument’s range upside down',
      'clock: imported',
      'clock: imported\ninstruments:\n  - id: CADSS\n    total: { low: 92, high: 0 }',
      'line 9: instruments[0].total.high | is below `low`; swap the two',
    ],
    [
      'a remission that cannot be',
      'clock: imported',
      'clock: imported\ninstruments:\n  - id: MADRS\n    remission: { atMost: 61 }',
      'line 9: instruments[0].remission.atMost | lies outside the total’s range, 0 to 60; correct it',
    ],
    [
      'a response of an instrument without a total',
      'clock: imported',
      'clock: imported\ninstruments:\n  - id: C-SSRS\n    response: { fall: 0.5 }',
      'line 9: instruments[0].response | is of an instrument without a total; declare one',
    ],
    [
      'too many partitions',
      'clock: imported',
      'clock: imported\npartitions: 300',
      'line 7: partitions | is too large; at most 256',
    ],
    [
      'a field called __proto__',
      'control: true',
      'control: true\n    factors: { __proto__: x }',
      'line 12: arms[1].factors.__proto__ | has an unusable name; remove it or correct its name',
    ],
    [
      'a field called constructor',
      'clock: imported',
      'clock: imported\nconstructor: {}',
      `line 7: constructor | ${unknown}`,
    ],
    [
      'a merge, which YAML 1.2 has not',
      '- id: saline',
      '- id: saline\n    <<: { title: x }',
      `line 11: arms[1].<< | ${unknown}`,
    ],
  ])('%s', (_, what, by, ...expected) => {
    expect(problemsIn(broken(what, by))).toEqual(expected);
  });

  test('all mistakes of a file are said at once', () => {
    const text = broken('blinding: open', 'blinding: triple')
      .replace('day: 28', 'day: soon')
      .replace('horizon: 84', 'horizon: 0');
    expect(problemsIn(text)).toEqual([
      'line 5: blinding | must be one of "open", "double"',
      'line 20: visits[0].day | must be a number',
      'line 28: measures[0].horizon | is too small; at least 1',
    ]);
  });
});

describe('what is not YAML', () => {
  test.each([
    [
      'the same field twice',
      broken('version: 1', 'version: 1\nversion: 2'),
      'line 4 | is not YAML: Map keys must be unique; mend it there',
    ],
    ['a bracket that is not closed', broken('[moderate, severe]', '[moderate, severe'), 'line 16 | is not YAML: '],
    ['a tab as indentation', broken('    control', '\tcontrol'), 'line 11 | is not YAML: '],
    [
      'a quote that is not closed',
      broken('A trial', '"A trial'),
      ' | is not YAML: Missing closing "quote; mend it there',
    ],
    ['two documents', `${small}---\n${small}`, 'line 36 | is not YAML: Source contains multiple documents'],
    [
      'a mapping in a mapping’s line',
      broken('A trial', 'A: trial'),
      'line 4 | is not YAML: Nested mappings are not allowed in compact mappings; mend it there',
    ],
  ])('%s is found on its line', (_, text, expected) => {
    expect(problemsIn(text).join('\n')).toContain(expected);
    for (const problem of problemsIn(text)) expect(problem).toMatch(/^line \d+ \| is not YAML: .+; mend it there$/);
  });

  test.each([[''], [' \n'], ['# only a comment'], ['null'], ['- a list'], ['5'], ['just text']])(
    '%j is no protocol',
    (text) => {
      expect(problemsIn(text)).toEqual(['line 1 | must be an object']);
    },
  );
});

describe('a file that means harm', () => {
  test('a bomb of aliases is refused before it goes off', () => {
    const layers = Array.from({ length: 20 }, (_, n) => `l${n}: &l${n} [${`*l${n - 1}, `.repeat(n === 0 ? 0 : 9)}x]`);
    expect(problemsIn(layers.join('\n'))).toEqual([
      'line 1 | cannot be read (Excessive alias count indicates a resource exhaustion attack); write it out without aliases',
    ]);
  });

  test('an alias of nothing is named', () => {
    expect(problemsIn(broken('A trial', '*none'))).toEqual([
      'line 1 | cannot be read (Unresolved alias (the anchor must be set before the alias): none); write it out without aliases',
    ]);
  });

  test('an alias of itself ends like any wrong value', () => {
    expect(problemsIn(broken('[moderate, severe]', '&s [*s]'))).toEqual(['line 15: strata[0] | must be a string']);
  });

  test.each([['['], ['{a: '], ['[1, '], ['- '], ['? '], ['? - ']])(
    'a hundred thousand levels of %j are refused',
    (level) => {
      expect(problemsIn(level.repeat(100_000))).toEqual([' | is nested more than 60 deep; this is no protocol']);
    },
  );

  test('a file far longer than any protocol is not even looked at', () => {
    expect(problemsIn(`${small}${'# long\n'.repeat(200_000)}`)).toEqual([
      ' | is longer than 1000000 characters; this is no protocol',
    ]);
  });
});

describe('parseProtocol', () => {
  test('never throws, whatever the text', () => {
    const yamlish = fc
      .array(
        fc.constantFrom(
          'a',
          ':',
          ' ',
          '\n',
          '- ',
          '[',
          ']',
          '{',
          '}',
          '&a ',
          '*a ',
          '!!x ',
          '"',
          "'",
          '|',
          '>',
          '#',
          '%',
          '---',
          '...',
          '? ',
          '<<',
          ',',
          '\t',
          '\\',
          '0x1',
          '~',
          '@',
          '`',
          '\u0000',
          '\u2028',
          '__proto__',
        ),
        {
          maxLength: 40,
        },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), yamlish), (text) => {
        expect(parseProtocol(text).ok).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  test('of a protocol with one piece missing, doubled or changed it says what is wrong, or takes it; each problem has its line', () => {
    const bit = fc.constantFrom('', ' ', '\n', ':', '[', '}', '"', '&a ', '*a', '- ', 'x', '0', '\t', '__proto__: ');
    fc.assert(
      fc.property(fc.nat(small.length), fc.nat(30), bit, (from, length, text) => {
        const damaged = small.slice(0, from) + text + small.slice(from + length);
        const lines = damaged.split('\n').length;
        for (const problem of problemsIn(damaged)) {
          const line = Number(/^line (\d+)(: [^|]*)? \| .+$/.exec(problem)?.[1]);
          if (!(line >= 1 && line <= lines)) expect.fail(problem);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
