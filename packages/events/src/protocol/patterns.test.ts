import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseProtocol } from './protocol-file.ts';

/** Line numbers in the tests are of this text. */
const declared = `format: holdfast-protocol/1
trial: KARE-2
version: 1
title: A trial
blinding: open
clock: imported
plannedFollowUp: 90
arms: [{ id: methadone, studyDrugs: [methadone] }, { id: saline }]
sites: [GB-01]
substances: [{ id: opioid }, { id: methadone }]
measures:
  - { id: m, kind: first-use, substances: [opioid], evidence: urine-only, windows: [7], horizon: 84 }
patterns:
  - id: current
    default: true
    first: [{ anchor: consent, day: -30 }]
    last:
      - { anchor: second-randomisation, day: 168 }
      - { anchor: consent, day: 98 }
    weekOne:
      - { anchor: randomisation, day: 1 }
      - { anchor: consent, day: 0 }
    phaseTwo: [{ anchor: second-randomisation, day: 2 }]
    substances: [opioid, methadone]
    studyDrugs: excluded
    title: Weekly opioid pattern
    negative: [kept-visit, tested]
    emptyBeforeWeekOne: { visitDueEvery: 7 }
    neverRandomised: positives-only
  - id: plain
    first: [{ anchor: consent, day: -7 }]
    last: [{ anchor: consent, day: 70 }]
    weekOne: [{ anchor: consent, day: 3 }]
    substances: [methadone]
    negative: [tested]
`;

function problemsIn(text: string): string[] {
  const parsed = parseProtocol(text);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path} | ${message}`);
}

describe('the pattern rules of a protocol', () => {
  test('may be left out, and what a rule leaves out has its default', () => {
    const without = parseProtocol(declared.slice(0, declared.indexOf('patterns:')));
    expect(without).toMatchObject({ ok: true, value: { patterns: [] } });
    const parsed = parseProtocol(declared);
    if (!parsed.ok) expect.fail(problemsIn(declared).join('\n'));
    expect(parsed.value.patterns[1]).toEqual({
      id: 'plain',
      default: false,
      first: [{ anchor: 'consent', day: -7 }],
      last: [{ anchor: 'consent', day: 70 }],
      weekOne: [{ anchor: 'consent', day: 3 }],
      phaseTwo: [],
      substances: ['methadone'],
      studyDrugs: 'count',
      negative: ['tested'],
      emptyBeforeWeekOne: 'unscheduled',
      neverRandomised: 'as-randomised',
    });
  });

  test.each(['ctn-0027', 'ctn-0030'])('of %s are valid, and `current` is the default', (file) => {
    const path = join(import.meta.dirname, `../../../../schemas/examples/ctn0094/${file}.yaml`);
    const parsed = parseProtocol(readFileSync(path, 'utf8'));
    if (!parsed.ok) expect.fail(JSON.stringify(parsed.problems));
    expect(parsed.value.patterns.map((rule) => [rule.id, rule.default])).toEqual([
      ['current', true],
      ['ctnote', false],
    ]);
  });

  test('of the page that explains them are those of CTN-0030, to the letter', () => {
    const file = (path: string) => readFileSync(join(import.meta.dirname, '../../../..', path), 'utf8');
    const block = /```yaml\n([\s\S]*?)```/.exec(file('docs/patterns.md'))?.[1] ?? '';
    const whole = file('schemas/examples/ctn0094/ctn-0030.yaml');
    const page = parseProtocol(whole.slice(0, whole.indexOf('\npatterns:') + 1) + block);
    const example = parseProtocol(whole);
    if (!page.ok || !example.ok) expect.fail('not valid');
    expect({ ...page.value.patterns[0], title: '' }).toEqual({ ...example.value.patterns[0], title: '' });
  });

  test.each<[string, string, string, ...string[]]>([
    [
      'no default',
      '    default: true\n',
      '',
      'line 13: patterns | none of the rules is the default; mark one by default: true',
    ],
    [
      'two defaults',
      '  - id: plain',
      '  - id: plain\n    default: true',
      'line 31: patterns[1].default | "current" is the default already; keep one',
    ],
    [
      'one id twice',
      'id: plain',
      'id: current',
      'line 30: patterns[1].id | pattern rule "current" is declared twice; keep one',
    ],
    [
      'an id that is no name',
      'id: plain',
      'id: The plain',
      'line 30: patterns[1].id | not the id of a pattern rule; write it like current',
    ],
    [
      'an anchor that not everybody has, at the end',
      'first: [{ anchor: consent, day: -30 }]',
      'first: [{ anchor: randomisation, day: -30 }]',
      'line 16: patterns[0].first[0].anchor | not everybody has a randomisation; end the list with a day from consent',
    ],
    [
      'a fall-back that nobody reaches',
      'phaseTwo: [{ anchor: second-randomisation, day: 2 }]',
      'phaseTwo: [{ anchor: consent, day: 1 }, { anchor: randomisation, day: 1 }]',
      'line 23: patterns[0].phaseTwo[0].anchor | everybody has a consent, so nothing after it would ever be reached; put it last',
    ],
    [
      'one anchor twice',
      '{ anchor: randomisation, day: 1 }',
      '{ anchor: consent, day: 1 }',
      'line 21: patterns[0].weekOne[0].anchor | everybody has a consent, so nothing after it would ever be reached; put it last',
      'line 22: patterns[0].weekOne[1].anchor | "consent" stands in this list twice; keep one',
    ],
    [
      'an anchor that there is not',
      'second-randomisation, day: 168',
      'discharge, day: 168',
      'line 18: patterns[0].last[0].anchor | must be one of "consent", "randomisation", "second-randomisation"',
    ],
    [
      'an empty list of days',
      'weekOne: [{ anchor: consent, day: 3 }]',
      'weekOne: []',
      'line 33: patterns[1].weekOne | is too short; at least 1',
    ],
    [
      'a last day before the first',
      'anchor: consent, day: 98',
      'anchor: consent, day: -31',
      'line 19: patterns[0].last[1].day | lies before the first day (-30 from consent); no day would exist',
    ],
    [
      'a substance that the trial has not',
      'substances: [opioid, methadone]\n',
      'substances: [opioid, heroin]\n',
      'line 24: patterns[0].substances[1] | "heroin" is not among the trial’s substances; declare it under substances',
    ],
    [
      'a substance twice',
      'substances: [methadone]',
      'substances: [methadone, methadone]',
      'line 34: patterns[1].substances[1] | substance "methadone" is declared twice; keep one',
    ],
    [
      'a study drug that is not among the substances',
      'studyDrugs: [methadone]',
      'studyDrugs: [heroin]',
      'line 8: arms[0].studyDrugs[0] | "heroin" is not among the trial’s substances; declare it under substances',
    ],
    [
      'a rule that leaves an arm nothing to be positive for',
      'studyDrugs: [methadone]',
      'studyDrugs: [methadone, opioid]',
      'line 24: patterns[0].substances | has nothing but the study drugs of methadone, which the rule excludes; add another',
    ],
    [
      'nothing that is negative',
      'negative: [tested]',
      'negative: []',
      'line 35: patterns[1].negative | is too short; at least 1',
    ],
    [
      'what is negative twice',
      'negative: [kept-visit, tested]',
      'negative: [tested, tested]',
      'line 27: patterns[0].negative[1] | stands there twice; keep one',
    ],
    [
      'empty weeks written in a way that there is not',
      '{ visitDueEvery: 7 }',
      'missing',
      'line 28: patterns[0].emptyBeforeWeekOne | must be unscheduled, or visitDueEvery with the number of days from one due visit to the next',
    ],
    [
      'visits due every no days',
      'visitDueEvery: 7',
      'visitDueEvery: 0',
      'line 28: patterns[0].emptyBeforeWeekOne.visitDueEvery | is too small; at least 1',
    ],
    [
      'a field that there is not',
      'neverRandomised:',
      'neverRandomized:',
      'line 29: patterns[0].neverRandomized | is no field of this; remove it or correct its name (an unknown field is refused, lest an observation be lost)',
    ],
  ])('%s is refused, on its line and with what to do', (_, what, by, ...expected) => {
    expect(declared.split(what)).toHaveLength(2);
    expect(problemsIn(declared.replace(what, () => by))).toEqual(expected);
  });
});
