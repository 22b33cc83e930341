import {
  civilDay,
  dateOf,
  type EventData,
  isUseMeasure,
  type ObservationType,
  Protocol,
  type UseMeasure,
} from '@holdfast/events';
import { describe, expect, test } from 'vitest';
import { explain } from './explain.ts';
import { fold, statusByDay } from './index.ts';
import type { History, Observation } from './observation.ts';

// The worked examples of docs/evidence.md, as the fold counts them.

const dayZero = civilDay('2026-03-02');
const date = (studyDay: number) => dateOf(dayZero + studyDay);

type Said = { [T in ObservationType]: readonly [T, number, EventData<T>] }[ObservationType];

function history(...said: readonly Said[]): History {
  const setUp: Said[] = [
    ['participant-enrolled', 0, { consentDate: date(0) }],
    ['participant-randomised', 0, { date: date(0) }],
  ];
  const open = [...setUp, ...said].map(
    ([type, day, data], i) =>
      ({
        side: 'open',
        type,
        source: '/trials/T-1/sites/GB-01',
        id: `e${i}`,
        sha256: `${i}`.padStart(64, '0'),
        recordedAt: 0,
        day: dayZero + day,
        data,
      }) as Observation<'open'>,
  );
  return { participant: 'P-1', open, sealed: [] };
}

function protocol(measure: object, rest: object = {}): Protocol {
  return Protocol.parse({
    format: 'holdfast-protocol/1',
    trial: 'T-1',
    version: 1,
    title: 'Worked examples',
    blinding: 'open',
    clock: 'live',
    plannedFollowUp: 60,
    arms: [{ id: 'ketamine' }],
    sites: ['GB-01'],
    substances: [{ id: 'alcohol' }],
    measures: [
      {
        id: 'abstinence',
        kind: 'rolling-abstinence',
        substances: ['alcohol'],
        evidence: 'any-positive',
        windows: [7],
        horizon: 60,
        ...('kind' in measure ? {} : { policies: ['observed-only', 'missing-is-use', 'carry-forward-14'] }),
        ...measure,
      },
    ],
    ...rest,
  });
}

const calendar = (from: number, to: number, uses: readonly number[], rest: object = {}): Said => [
  'use-calendar',
  to,
  {
    from: date(from),
    to: date(to),
    complete: true,
    days: Object.fromEntries(uses.map((day) => [date(day), { alcohol: {} }])),
    informant: 'participant',
    interview: date(to),
    ...rest,
  },
];
const urine = (day: number, alcohol: 'positive' | 'negative'): Said => ['urine-screen', day, { results: { alcohol } }];
const peth = (day: number, result: 'positive' | 'negative', lookBack = 6): Said => [
  'biomarker',
  day,
  { kind: 'peth', substance: 'alcohol', lookBack, result },
];
const breath = (day: number, result: 'positive' | 'negative'): Said => [
  'biomarker',
  day,
  { kind: 'breath-alcohol', substance: 'alcohol', lookBack: 0, result },
];
const left = (day: number, how: 'lost' | 'died'): Said => ['participant-left', day, { how }];

const end = dayZero + 400;

function measureOf({ measures: [measure] }: Protocol): UseMeasure {
  if (measure === undefined || !isUseMeasure(measure)) throw new Error('the protocol has a measure of use');
  return measure;
}

/** How the window of one day is judged, and how each policy counts it: abstinent, not abstinent, or not at all. */
function judged(trial: Protocol, given: History, day: number, clock = end): string {
  const [window] = explain(trial, measureOf(trial), given, clock, day).windows;
  if (window === undefined) return 'none';
  const counts = window.policies.map(({ assessable, abstinent }) => (assessable ? (abstinent ? 'yes' : 'no') : '-'));
  return `${window.status}: ${counts.join(' ')}`;
}

const statusOn = (trial: Protocol, given: History, day: number, clock = end) =>
  statusByDay(trial, measureOf(trial), given, clock)[day - 1]?.status;

const firstEvent = (trial: Protocol, given: History) => {
  const [event] = fold(trial, given, end).open.firstEvents;
  return `${event?.outcome} ${event?.day}`;
};

describe('the evidence rules', () => {
  const week = [calendar(1, 7, []), calendar(1, 7, [3], { informant: 'relative' }), urine(5, 'negative')];
  test.each([
    ['urine-only', 'missing: - no -'],
    ['self-report-only', 'abstinent: yes yes yes'],
    ['any-positive', 'use: no no no'],
    ['confirmed-by-urine', 'abstinent: yes yes yes'],
    ['confirmed-by-relative', 'use: no no no'],
    ['confirmed-by-urine-or-relative', 'use: no no no'],
  ])('%s: a week of which a relative reports a day of use', (evidence, expected) => {
    expect(judged(protocol({ evidence }), history(...week), 7)).toBe(expected);
  });

  test('confirmed by urine: missing without a urine, use if it is positive', () => {
    const trial = protocol({ evidence: 'confirmed-by-urine' });
    expect(judged(trial, history(calendar(1, 7, [])), 7)).toBe('missing: - no -');
    expect(judged(trial, history(calendar(1, 7, []), urine(5, 'positive')), 7)).toBe('use: no no no');
  });
});

describe('the rules that a relative confirms', () => {
  const byRelative = protocol({ evidence: 'confirmed-by-relative' });
  const byEither = protocol({ evidence: 'confirmed-by-urine-or-relative' });
  const own = calendar(1, 7, []);
  const relative = (uses: readonly number[]) => calendar(2, 6, uses, { informant: 'relative' });

  test('a relative’s word on any day of the window confirms it; a urine does so only where it may', () => {
    expect(judged(byRelative, history(own, relative([])), 7)).toBe('abstinent: yes yes yes');
    expect(judged(byRelative, history(own, urine(5, 'negative')), 7)).toBe('missing: - no -');
    expect(judged(byEither, history(own, urine(5, 'negative')), 7)).toBe('abstinent: yes yes yes');
    expect(judged(byEither, history(own, relative([])), 7)).toBe('abstinent: yes yes yes');
    expect(judged(byEither, history(own), 7)).toBe('missing: - no -');
    // A record is no relative, and a relative's calendar alone covers nothing.
    expect(judged(byRelative, history(own, calendar(2, 6, [], { informant: 'record' })), 7)).toBe('missing: - no -');
    expect(judged(byRelative, history(relative([])), 7)).toBe('missing: - no -');
  });

  test('a day is judged by the participant’s calendar, and of use if the relative tells of it', () => {
    const given = history(calendar(1, 4, [1]), relative([3]));
    expect([1, 2, 3, 5].map((day) => statusOn(byRelative, given, day))).toEqual(['use', 'abstinent', 'use', 'missing']);
    expect(statusOn(byRelative, history(own, urine(5, 'positive')), 5)).toBe('abstinent');
    expect(statusOn(byEither, history(own, urine(5, 'positive')), 5)).toBe('use');
  });

  test('first use is followed as far as both sources reach', () => {
    const first = (trial: Protocol, ...said: Said[]) => firstEvent(trial, history(...said));
    const measure = { kind: 'first-use', evidence: 'confirmed-by-relative' };
    expect(first(protocol(measure), own, relative([]))).toBe('censored 6');
    expect(first(protocol(measure), own)).toBe('censored 0');
    expect(first(protocol(measure), own, relative([4]))).toBe('event 4');
  });

  test('a day waits for interviews, and for urine only where urine may confirm', () => {
    const visits = [
      { id: 'U1', day: 7, closes: 20, collects: ['urine'] },
      { id: 'C1', day: 8, closes: 0, collects: ['calendar'] },
    ];
    const statusAt = (evidence: string, clock: number) =>
      statusOn(protocol({ evidence }, { visits }), history(own, relative([])), 7, dayZero + clock);
    expect([8, 9].map((clock) => statusAt('confirmed-by-relative', clock))).toEqual(['not-yet', 'abstinent']);
    expect([9, 27, 28].map((clock) => statusAt('confirmed-by-urine-or-relative', clock))).toEqual([
      'not-yet',
      'not-yet',
      'abstinent',
    ]);
  });
});

describe('recalls', () => {
  test('within one informant the shorter recall counts; another informant’s stands beside it', () => {
    const trial = protocol({});
    const diary = calendar(3, 3, []);
    const interview = calendar(1, 7, [3]);
    expect(statusOn(trial, history(diary, interview), 3)).toBe('abstinent');
    expect(statusOn(trial, history(calendar(3, 3, [3]), calendar(1, 7, [])), 3)).toBe('use');
    expect(statusOn(trial, history(diary, calendar(1, 7, [3], { informant: 'record' })), 3)).toBe('use');
    const tie = history(calendar(1, 7, []), calendar(1, 7, [3]));
    expect(statusOn(trial, tie, 3)).toBe('use');
  });

  test('seven diaries, each of its own day, cover a week', () => {
    const days = [1, 2, 3, 4, 5, 6, 7];
    const trial = protocol({ evidence: 'self-report-only' });
    expect(judged(trial, history(...days.map((day) => calendar(day, day, []))), 7)).toBe('abstinent: yes yes yes');
    expect(judged(trial, history(...days.slice(1).map((day) => calendar(day, day, []))), 7)).toBe('missing: - no -');
  });
});

describe('biomarkers', () => {
  const trial = protocol({ biomarkers: { kinds: ['peth', 'breath-alcohol'] } });
  const sober = calendar(1, 40, []);

  test('a positive makes a window use if all its days lie inside, else it only forbids abstinent', () => {
    const given = history(sober, peth(20, 'positive'));
    expect(judged(trial, given, 13)).toBe('abstinent: yes yes yes');
    expect(judged(trial, given, 14)).toBe('unclear: - no -');
    expect(judged(trial, given, 19)).toBe('unclear: - no -');
    expect(judged(trial, given, 20)).toBe('use: no no no');
    // From the next day on the use that it tells of may have been before the window.
    expect(judged(trial, given, 21)).toBe('unclear: - no -');
    expect(judged(trial, given, 26)).toBe('unclear: - no -');
    expect(judged(trial, given, 27)).toBe('abstinent: yes yes yes');
    expect([13, 14, 20, 21].map((day) => statusOn(trial, given, day))).toEqual([
      'abstinent',
      'missing',
      'missing',
      'abstinent',
    ]);
  });

  test('of two positives of a day the one with the shorter look-back says more, in any order', () => {
    for (const given of [
      history(sober, peth(20, 'positive', 10), peth(20, 'positive', 3)),
      history(sober, peth(20, 'positive', 3), peth(20, 'positive', 10)),
    ])
      expect(judged(trial, given, 20)).toBe('use: no no no');
  });

  test('one that does not look back is a test of its day, as urine is', () => {
    const given = history(sober, breath(20, 'positive'));
    expect([19, 20, 21].map((day) => statusOn(trial, given, day))).toEqual(['abstinent', 'use', 'abstinent']);
    expect(judged(trial, given, 20)).toBe('use: no no no');
  });

  test('one of another kind or of another’s sample day says nothing', () => {
    expect(judged(protocol({}), history(sober, peth(20, 'positive')), 20)).toBe('abstinent: yes yes yes');
    expect(judged(trial, history(sober, peth(61, 'positive', 60)), 20)).toBe('abstinent: yes yes yes');
  });

  test('a negative covers its day, or by declared rule the days that it looks back on; a positive covers the same', () => {
    const back = protocol({ biomarkers: { kinds: ['peth'], covers: 'look-back' } });
    expect(judged(trial, history(peth(20, 'negative')), 20)).toBe('missing: - no -');
    expect(judged(back, history(peth(20, 'negative')), 20)).toBe('abstinent: yes yes yes');
    expect(judged(back, history(peth(20, 'positive')), 20)).toBe('use: no no no');
    // Not covered, and yet never abstinent.
    expect(judged(trial, history(peth(20, 'positive')), 20)).toBe('unclear: - no -');
  });

  test('first use is dated at the sample that shows it; use that may have been before day 1 dates nothing', () => {
    const first = protocol({ kind: 'first-use', biomarkers: { kinds: ['peth'] } });
    expect(firstEvent(first, history(sober, peth(20, 'positive')))).toBe('event 20');
    expect(firstEvent(first, history(calendar(1, 40, [17]), peth(20, 'positive')))).toBe('event 17');
    expect(firstEvent(first, history(sober, peth(5, 'positive')))).toBe('censored 40');
    expect(firstEvent(first, history(calendar(1, 6, []), peth(6, 'positive')))).toBe('censored 0');
  });

  test('use that may have been in a controlled environment is not shown to be use at risk', () => {
    const stay: Said = ['controlled-environment', 15, { kind: 'detox', from: date(15), to: date(16) }];
    expect(judged(trial, history(sober, stay, peth(20, 'positive')), 20)).toBe('unclear: - no -');
    expect(statusOn(trial, history(sober, stay), 15)).toBe('controlled');
  });

  test('matures with every visit up to the day and, since it may look back, the next on the day or later', () => {
    const visit = (id: string, day: number, closes: number, collects: string) => ({
      id,
      day,
      closes,
      collects: [collects],
    });
    const trial = protocol(
      { evidence: 'urine-only', windows: [1], biomarkers: { kinds: ['peth', 'breath-alcohol'] } },
      {
        entryLag: 1,
        visits: [
          visit('B1', 5, 9, 'breath-alcohol'),
          visit('B2', 6, 0, 'breath-alcohol'),
          visit('B3', 7, 0, 'breath-alcohol'),
          visit('M1', 28, 3, 'peth'),
        ],
      },
    );
    const firstClock = (day: number) => {
      for (let clock = 0; clock < 60; clock += 1)
        if (statusOn(trial, history(), day, dayZero + clock) !== 'not-yet') return clock;
      return undefined;
    };
    expect(firstClock(6)).toBe(33);
    expect(firstClock(30)).toBe(33);
    expect(firstClock(40)).toBe(41);
    const daily = protocol(
      { evidence: 'urine-only', windows: [1], biomarkers: { kinds: ['breath-alcohol'] } },
      { visits: trial.visits },
    );
    const dailyClock = (day: number) => {
      for (let clock = 0; clock < 60; clock += 1)
        if (statusOn(daily, history(), day, dayZero + clock) !== 'not-yet') return clock;
      return undefined;
    };
    // B1 stays open until day 14, so what it collects may still come from day 6; B3 is later than day 6 and none of its business.
    expect([4, 6, 7, 8].map(dailyClock)).toEqual([15, 15, 15, 15]);
  });
});

describe('carrying the last judgement forward', () => {
  const trial = protocol({ evidence: 'self-report-only' });

  test('a missing window counts as the last judgement, for as many days as declared', () => {
    const given = history(calendar(1, 10, []));
    expect(judged(trial, given, 10)).toBe('abstinent: yes yes yes');
    expect(judged(trial, given, 24)).toBe('missing: - no yes');
    expect(judged(trial, given, 25)).toBe('missing: - no -');
    expect(judged(trial, history(calendar(1, 10, [9])), 24)).toBe('missing: - no no');
  });

  test('never after the first day of leaving, whatever the leaving', () => {
    expect(judged(trial, history(calendar(1, 10, []), left(15, 'lost')), 15)).toBe('missing: - no yes');
    expect(judged(trial, history(calendar(1, 10, []), left(15, 'lost')), 16)).toBe('missing: - no -');
  });

  test('not onto a window that a positive biomarker makes unclear, nor over one', () => {
    const tested = protocol({ biomarkers: { kinds: ['peth'] } });
    const given = history(calendar(1, 10, []), peth(14, 'positive', 3));
    expect([10, 11, 20, 21].map((day) => judged(tested, given, day))).toEqual([
      'abstinent: yes yes yes',
      'unclear: - no -',
      'unclear: - no -',
      'missing: - no -',
    ]);
  });

  test('is not limited by planned follow-up', () => {
    const short = protocol({ evidence: 'self-report-only' }, { plannedFollowUp: 12 });
    expect(judged(short, history(calendar(1, 10, [])), 13)).toBe('missing: - - yes');
  });

  test('under its own name in the facts', () => {
    const { spells } = fold(trial, history(calendar(1, 10, [])), end).open;
    expect(spells.filter(({ policy, kind }) => policy === 'carry-forward-14' && kind === 'abstinent')).toEqual([
      { measure: 'abstinence', kind: 'abstinent', window: 7, policy: 'carry-forward-14', from: 7, to: 24, count: 1 },
    ]);
  });
});

describe('coverage and what is left out', () => {
  test('one urine covers a week that asks for one; use alone covers only where it is declared to', () => {
    const one = protocol({ evidence: 'urine-only', coverage: { atLeast: 1 } });
    expect(judged(one, history(urine(5, 'negative')), 7)).toBe('abstinent: yes yes yes');
    const decisive = protocol({ evidence: 'urine-only', decisivePositive: true });
    expect(judged(decisive, history(urine(5, 'positive')), 7)).toBe('use: no no no');
    expect(judged(decisive, history(urine(5, 'negative')), 7)).toBe('missing: - no -');
    expect(judged(protocol({ evidence: 'urine-only' }), history(urine(5, 'positive')), 7)).toBe('missing: - no -');
  });

  test('controlled days go with their evidence, and the rest of the window judges', () => {
    const stay: Said = ['controlled-environment', 3, { kind: 'detox', from: date(3), to: date(5) }];
    const given = history(stay, calendar(1, 2, []), calendar(6, 7, []), calendar(4, 4, [4]));
    expect(judged(protocol({}), given, 7)).toBe('abstinent: yes yes yes');
    expect(judged(protocol({ controlledDays: 'ignore' }), given, 7)).toBe('missing: - no -');
  });
});

describe('the status of a day', () => {
  const visits = [
    { id: 'W1', day: 7, opens: 1, closes: 1, collects: ['urine'] },
    { id: 'W2', day: 14, opens: 1, closes: 1, collects: ['urine'] },
  ];
  const trial = protocol({ evidence: 'urine-only', windows: [1] }, { visits, administrativeEnd: date(50) });

  test('is missing where a visit asked for evidence, unscheduled where none did, not yet before that is known', () => {
    const given = history(urine(7, 'negative'), urine(15, 'positive'), left(20, 'died'));
    const at = (day: number, clock: number) => statusOn(trial, given, day, dayZero + clock);
    expect([6, 7, 8, 10, 14, 15].map((day) => at(day, 400))).toEqual([
      'missing',
      'abstinent',
      'missing',
      'unscheduled',
      'missing',
      'use',
    ]);
    expect([at(7, 8), at(7, 9)]).toEqual(['not-yet', 'abstinent']);
    expect([at(20, 400), at(21, 400), at(51, 400)]).toEqual(['unscheduled', 'off-study', 'off-study']);
  });

  test('is off study after leaving only where there is no evidence', () => {
    const given = history(left(10, 'lost'), urine(14, 'negative'));
    expect([9, 10, 11, 14, 15].map((day) => statusOn(trial, given, day))).toEqual([
      'unscheduled',
      'unscheduled',
      'off-study',
      'abstinent',
      'off-study',
    ]);
  });

  test('names its sources', () => {
    const any = protocol({ biomarkers: { kinds: ['peth'] } });
    const given = history(
      calendar(1, 7, []),
      calendar(5, 5, [5], { informant: 'relative' }),
      urine(5, 'negative'),
      peth(6, 'positive'),
    );
    const day5 = statusByDay(any, measureOf(any), given, end)[4];
    expect(day5?.status).toBe('use');
    expect(
      day5?.sources.map(({ source, known, use }) => `${source} ${known} ${use ? 'use' : 'no use'}`).sort(),
    ).toEqual(['biomarker tested use', 'participant reported no use', 'relative reported use', 'urine tested no use']);
  });
});
