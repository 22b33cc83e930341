import { civilDay, dateOf, type EventData, type PatternRule, Protocol } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbHistory, arbRearranged } from '../../../../test/reference/arbitraries.ts';
import { naiveIsClosedPattern, naivePattern } from '../../../../test/reference/naive-patterns.ts';
import { arbPatternCase } from '../../../../test/reference/pattern-arbitraries.ts';
import type { History, Observation } from '../observation.ts';
import { isOpenPattern } from './open-patterns.ts';
import { patternWords, usePattern } from './use-pattern.ts';

/** A failure prints seed and the shrunk counter-example. */
const runs = { numRuns: 3_000 };

describe('use patterns of random participants by random rules', () => {
  test('are those of the naive reference, with every day that a symbol stands on', () => {
    fc.assert(
      fc.property(arbPatternCase(), ({ protocol, rule, history, asOf }) => {
        expect(usePattern(protocol, rule, history, asOf)).toEqual(naivePattern(protocol, rule, history, asOf));
      }),
      runs,
    );
  }, 300_000);

  test('depend neither on the order of events nor on how often one was sent', () => {
    fc.assert(
      fc.property(
        arbPatternCase().chain((given) => fc.tuple(fc.constant(given), arbRearranged(given.history))),
        ([{ protocol, rule, history, asOf }, rearranged]) => {
          expect(usePattern(protocol, rule, rearranged, asOf)).toEqual(usePattern(protocol, rule, history, asOf));
        },
      ),
      { numRuns: 1_500 },
    );
  }, 120_000);

  test('only grow at their end as the clock moves on over the same events', () => {
    fc.assert(
      fc.property(arbPatternCase(), fc.integer({ min: 1, max: 20 }), ({ protocol, rule, history, asOf }, later) => {
        if (asOf === undefined) return;
        const now = usePattern(protocol, rule, history, asOf);
        const then = usePattern(protocol, rule, history, asOf + later);
        expect(then?.slice(0, now?.length)).toEqual(now);
      }),
      { numRuns: 1_500 },
    );
  }, 120_000);

  test('by an open rule are a function of the open events alone', () => {
    fc.assert(
      fc.property(
        arbPatternCase().chain((given) => fc.tuple(fc.constant(given), arbHistory(given.protocol))),
        ([{ protocol, rule, history, asOf }, other]) => {
          expect(isOpenPattern(rule, protocol)).toBe(!naiveIsClosedPattern(protocol, rule));
          if (!isOpenPattern(rule, protocol)) return;
          const exchanged: History = { ...history, sealed: other.sealed };
          expect(usePattern(protocol, rule, exchanged, asOf)).toEqual(usePattern(protocol, rule, history, asOf));
        },
      ),
      { numRuns: 1_500 },
    );
  }, 120_000);

  test('cover every existing day once, week after week', () => {
    fc.assert(
      fc.property(arbPatternCase(), ({ protocol, rule, history }) => {
        const weeks = usePattern(protocol, rule, history, civilDay('2199-01-01')) ?? [];
        for (const [index, { week, from, to }] of weeks.entries()) {
          const before = weeks[index - 1];
          if (before !== undefined) expect([week, from]).toEqual([before.week + 1, before.to + 1]);
          const inner = index > 0 && index < weeks.length - 1;
          expect(to - from + 1).toBeGreaterThanOrEqual(inner ? 7 : 1);
          expect(to - from + 1).toBeLessThanOrEqual(7);
        }
      }),
      { numRuns: 1_000 },
    );
  }, 120_000);
});

// --- examples, worked out by hand ------------------------------------------------------------------------------------

const consent = civilDay('2024-03-01');
const site = '/trials/T/sites/S1';
const after = consent + 1_000;

function said<T extends Observation['type']>(type: T, day: number, data: EventData<T>): Observation<'open'> {
  const id = JSON.stringify([type, day, data]);
  const key = { side: 'open', source: site, id, sha256: `sha of ${id}`, recordedAt: day } as const;
  return { ...key, type, day: consent + day, data } as unknown as Observation<'open'>;
}
const enrolled = said('participant-enrolled', 0, { consentDate: dateOf(consent) });
const randomised = (day: number) => said('participant-randomised', day, { date: dateOf(consent + day) });
const again = (day: number, which = 2) => said('participant-rerandomised', day, { which, date: dateOf(consent + day) });
const arm = (name: string) => said('arm-assigned', 0, { arm: name });
const kept = (day: number) => said('visit-attended', day, {});
const screen = (day: number, results: EventData<'urine-screen'>['results']) => said('urine-screen', day, { results });
const positive = (day: number) => screen(day, { opioid: 'positive' });

const base = {
  id: 'rule',
  default: true,
  first: [{ anchor: 'consent', day: -7 }],
  last: [{ anchor: 'consent', day: 27 }],
  weekOne: [
    { anchor: 'randomisation', day: 1 },
    { anchor: 'consent', day: 0 },
  ],
  substances: ['opioid', 'methadone'],
  negative: ['kept-visit'],
};

function declare(rule: object, protocol: object = {}): { protocol: Protocol; rule: PatternRule } {
  const declared = Protocol.parse({
    format: 'holdfast-protocol/1',
    trial: 'T',
    version: 1,
    title: 'T',
    blinding: 'open',
    clock: 'imported',
    plannedFollowUp: 90,
    arms: [{ id: 'methadone', studyDrugs: ['methadone'] }, { id: 'placebo' }],
    sites: ['S1'],
    substances: [{ id: 'opioid' }, { id: 'methadone' }, { id: 'thc' }],
    evidence: { unnamed: 'negative', attendedVisit: 'nothing' },
    measures: [
      { id: 'm', kind: 'first-use', substances: ['opioid'], evidence: 'urine-only', windows: [7], horizon: 84 },
    ],
    patterns: [{ ...base, ...rule }],
    ...protocol,
  });
  const [first] = declared.patterns;
  if (first === undefined) throw new Error('no rule');
  return { protocol: declared, rule: first };
}

function words(
  events: readonly Observation<'open'>[],
  rule: object = {},
  protocol: object = {},
  clock = after,
): string {
  const declared = declare(rule, protocol);
  const weeks = usePattern(declared.protocol, declared.rule, { participant: 'P', open: events, sealed: [] }, clock);
  if (weeks === undefined) return 'none';
  const { baseline, 'phase-1': one, 'phase-2': two } = patternWords(weeks);
  return `${baseline}|${one}|${two}`;
}

describe('a week', () => {
  test('is +, -, * or o by what was found in it; of whoever is not enrolled there is none', () => {
    const events = [enrolled, randomised(-1), positive(1), kept(8), positive(15), kept(16)];
    expect(words(events)).toBe('_|+-*o|');
    expect(words(events.slice(1))).toBe('none');
  });

  test('is not mixed by a positive at a kept visit, nor by a sample without any target', () => {
    expect(words([enrolled, randomised(-1), positive(1), kept(1)])).toBe('_|+ooo|');
    expect(words([enrolled, randomised(-1), screen(1, { thc: 'positive' })])).toBe('_|oooo|');
    expect(words([enrolled, randomised(-1), screen(1, { thc: 'positive' })], { negative: ['tested'] })).toBe('_|-ooo|');
  });

  test('is negative by a test only if every target was tested', () => {
    const events = [enrolled, randomised(-1), screen(1, { opioid: 'negative' })];
    const unknown = { evidence: { unnamed: 'unknown', attendedVisit: 'nothing' } };
    expect(words(events, { negative: ['tested'] }, unknown)).toBe('_|oooo|');
    const both = [...events, screen(1, { methadone: 'negative' })];
    expect(words(both, { negative: ['tested'] }, unknown)).toBe('_|-ooo|');
  });

  test('numbers from the day that the rule names: randomisation may close week 0 or open week 1', () => {
    const events = [enrolled, randomised(6), positive(6), kept(13)];
    expect(words(events)).toBe('_+|-oo|');
    const opening = { weekOne: [{ anchor: 'randomisation', day: 0 }, base.weekOne[1]] };
    expect(words(events, opening)).toBe('__|+-oo|');
  });
});

describe('the study drug', () => {
  const rule = { studyDrugs: 'excluded' };
  const events = [enrolled, randomised(-1), screen(1, { methadone: 'positive' }), kept(1)];

  test('may be no use in its arm, and is use in any other, or where no arm is known', () => {
    expect(words([...events, arm('methadone')], rule)).toBe('_|-ooo|');
    expect(words([...events, arm('placebo')], rule)).toBe('_|+ooo|');
    expect(words(events, rule)).toBe('_|+ooo|');
    expect(words([...events, arm('methadone')])).toBe('_|+ooo|');
  });

  test('closes a rule in a double-blind trial, and so does a sealed source', () => {
    const open = (declared: object, protocol: object) => {
      const { protocol: trial, rule: its } = declare(declared, protocol);
      return isOpenPattern(its, trial);
    };
    const double = { blinding: 'double' };
    expect(open(rule, {})).toBe(true);
    expect(open(rule, double)).toBe(false);
    expect(open({ ...rule, substances: ['opioid'] }, double)).toBe(true);
    expect(open({}, double)).toBe(true);
    expect(open({}, { ...double, closed: ['visit-attended'] })).toBe(false);
    expect(open({ negative: ['tested'] }, { ...double, closed: ['visit-attended'] })).toBe(true);
    expect(open({ negative: ['tested'] }, { ...double, closed: ['urine-screen'] })).toBe(false);
  });
});

describe('an empty week before week 1', () => {
  const rule = { first: [{ anchor: 'consent', day: -14 }], emptyBeforeWeekOne: { visitDueEvery: 7 } };

  test('is missing if a visit was due in it and not kept since the last one was', () => {
    // Week 1 begins on day 22; the weeks before begin on days 15, 8, 1, -6, -13 and earlier; visits are due on days 0, 7, 14 and 21.
    const events = [enrolled, randomised(21), kept(9)];
    expect(words(events)).toBe('___-_|o|');
    expect(words(events, rule)).toBe('__oo-o|o|');
  });

  test('is unscheduled before consent, and where the due visit was kept in the week before', () => {
    const events = [enrolled, randomised(17), kept(0), kept(3), kept(11)];
    // Weeks before week 1 (day 18): 11 to 17, 4 to 10, -3 to 3, -10 to -4, -14 to -11; day 7 was kept for on day 3.
    expect(words(events, rule)).toBe('__-_-|oo|');
  });
});

describe('what happened on a day that does not exist for the rule', () => {
  test('is ignored: a visit kept before the first day is not the one that was due later', () => {
    const rule = {
      first: [{ anchor: 'consent', day: 3 }],
      weekOne: [{ anchor: 'consent', day: 14 }],
      emptyBeforeWeekOne: { visitDueEvery: 7 },
    };
    expect(words([enrolled, kept(1)], rule)).toBe('_o|oo|');
    expect(words([enrolled, kept(4)], rule)).toBe('-_|oo|');
  });
});

describe('whoever is not randomised', () => {
  const events = [enrolled, positive(1), kept(8)];

  test('is read like the others, or has positives only, as the rule says', () => {
    expect(words(events)).toBe('_|+-oo|');
    expect(words(events, { neverRandomised: 'positives-only' })).toBe('_|+ooo|');
    const due = { emptyBeforeWeekOne: { visitDueEvery: 7 }, weekOne: [{ anchor: 'consent', day: 7 }] };
    expect(words([enrolled], due)).toBe('_o|ooo|');
    expect(words([enrolled], { ...due, neverRandomised: 'positives-only' })).toBe('__|ooo|');
  });
});

describe('a second randomisation', () => {
  const rule = {
    last: [
      { anchor: 'second-randomisation', day: 13 },
      { anchor: 'consent', day: 20 },
    ],
    phaseTwo: [{ anchor: 'second-randomisation', day: 0 }],
  };

  test('begins phase 2 with the week that holds it, and moves the end; a third one, or one without a first, does not', () => {
    const events = [enrolled, randomised(-1), kept(1)];
    expect(words(events, rule)).toBe('_|-oo|');
    expect(words([...events, again(16)], rule)).toBe('_|-o|ooo');
    expect(words([...events, again(16, 3)], rule)).toBe('_|-oo|');
    expect(words([enrolled, again(16)], rule)).toBe('_|ooo|');
  });
});

describe('a week that is not over, or not entered yet', () => {
  const events = [enrolled, randomised(-1), kept(1)];

  test('is not in the pattern: it is not missing', () => {
    expect(words(events, {}, {}, consent + 6)).toBe('_||');
    expect(words(events, {}, {}, consent + 7)).toBe('_|-|');
    const visits = { visits: [{ id: 'W2', day: 9, closes: 3, collects: ['urine'] }], entryLag: 2 };
    // The visit is targeted at study day 9 (day 8 from consent), closes three days later, and is entered two days after that.
    expect(words(events, {}, visits, consent + 13)).toBe('_|-|');
    expect(words(events, {}, visits, consent + 14)).toBe('_|-o|');
  });

  test('never comes after the administrative end', () => {
    expect(words(events, {}, { administrativeEnd: dateOf(consent + 8) })).toBe('_|-o|');
  });
});
