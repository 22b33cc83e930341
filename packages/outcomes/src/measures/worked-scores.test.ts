import { civilDay, dateOf, type EventData, type ObservationType, Protocol } from '@holdfast/events';
import { describe, expect, test } from 'vitest';
import type { ValueFact } from '../facts.ts';
import { fold } from '../fold.ts';
import type { Observation } from '../observation.ts';

// The worked cases of the notes, and what is decided where the literature leaves a choice. Study day 0 is 2 March 2026.

const dayZero = civilDay('2026-03-02');
const end = dayZero + 400;

type Said = { [T in ObservationType]: readonly [T, number, EventData<T>] }[ObservationType];

const declared = {
  format: 'holdfast-protocol/1',
  trial: 'T',
  version: 1,
  title: 'T',
  blinding: 'open',
  clock: 'imported',
  plannedFollowUp: 90,
  entryLag: 7,
  arms: [{ id: 'ketamine' }],
  sites: ['GB-01'],
  substances: [{ id: 'alcohol' }, { id: 'cocaine' }],
  visits: [
    { id: 'W4', day: 28, closes: 7 },
    { id: 'W8', day: 56, closes: 7 },
    { id: 'W12', day: 84, closes: 7 },
  ],
};

/** What a measure says, as `item kind value/of`; thousandths are written as decimals. */
function says(
  measure: object,
  said: readonly Said[],
  { clock = end, ...rest }: { clock?: number; visits?: object[]; instruments?: object[] } = {},
): string[] {
  const protocol = Protocol.parse({ ...declared, measures: [{ id: 'm', ...measure }], ...rest });
  const joined: Said[] = [
    ['participant-enrolled', -7, { consentDate: dateOf(dayZero - 7) }],
    ['participant-randomised', 0, { date: dateOf(dayZero) }],
  ];
  const open = [...joined, ...said].map(([type, day, data], i) => {
    const id = `e${String(i).padStart(3, '0')}`;
    const head = { side: 'open', type, source: '/trials/T/sites/GB-01', id, sha256: id, recordedAt: 0 };
    return { ...head, day: dayZero + day, data } as Observation<'open'>;
  });
  const written = ({ item, kind, value, of }: ValueFact) =>
    [...(item === undefined ? [] : [item]), kind, of === 1_000 ? `${value / of}` : `${value}/${of}`].join(' ');
  return fold(protocol, { participant: 'P-1', open, sealed: [] }, clock).open.values.map(written);
}

const score = (instrument: string, day: number, total: number, rest: Partial<EventData<'scale-score'>> = {}): Said => [
  'scale-score',
  day,
  { instrument, total, ...rest },
];
const dose = (day: number, rest: Partial<EventData<'dose-given'>> = {}): Said => [
  'dose-given',
  day,
  { drug: 'ketamine', given: { mgPerKg: 0.5 }, ...rest },
];
const of = (kind: string, all: readonly string[]) => all.filter((one) => one.split(' ').at(-2) === kind);
const not = (kind: string, all: readonly string[]) => all.filter((one) => one.split(' ').at(-2) !== kind);

describe('a scale after an infusion (Zarate 2006, Han 2016: response is a fall of at least half)', () => {
  const at = [24, 72, 168].map((hoursAfterDose) => ({ hoursAfterDose, within: 12 }));
  const hamd = { kind: 'scale', instrument: 'HAM-D-17', at };
  const after = (hours: number, day: number, total: number) => score('HAM-D-17', day, total, { hoursAfterDose: hours });
  const course = [score('HAM-D-17', -1, 24), dose(1), after(24, 2, 12), after(72, 4, 7), after(168, 8, 13)];

  test('HAM-D-17 of 24 falls to 12, 7 and 13', () => {
    expect(not('due', says(hamd, course))).toEqual([
      ...['24h score 12', '24h change -12', '24h response 1/1', '24h remission 0/1'],
      ...['72h score 7', '72h change -17', '72h response 1/1', '72h remission 1/1'],
      ...['168h score 13', '168h change -11', '168h response 0/1', '168h remission 0/1'],
    ]);
  });

  test('a week after the first infusion is the day of the second, and a score taken before it is still of the first', () => {
    const second = {
      ...hamd,
      at: [
        { hoursAfterDose: 168, session: 1 },
        { hoursAfterDose: 2, session: 2 },
      ],
    };
    const said = [score('HAM-D-17', -1, 24), dose(1), after(168, 8, 13), dose(8), after(2, 8, 6)];
    expect(of('score', says(second, said))).toEqual(['168h-session-1 score 13', '2h-session-2 score 6']);
  });

  test('a score of hours after an infusion that nobody reported is of none', () => {
    const twoHours = { ...hamd, at: [{ hoursAfterDose: 2 }] };
    expect(says(twoHours, [dose(1), after(2, 8, 6)])).toEqual(['2h due 1/1']);
    expect(of('score', says(twoHours, [dose(1), dose(8), after(2, 8, 6)]))).toEqual([]);
  });

  test('who never had the dose is not due, and before the entry lag nobody is', () => {
    expect(says(hamd, [score('HAM-D-17', -1, 24)])).toEqual([]);
    // The dose may have been given late on day 1, so 24 hours and 12 more end on day 3; seven days to enter it.
    expect(says(hamd, course, { clock: dayZero + 10 })).toEqual([]);
    expect(says(hamd, course, { clock: dayZero + 11 })).toContain('24h score 12');
  });

  test('a score after a dose is none of a visit, a day or the baseline', () => {
    const during = { kind: 'scale', instrument: 'HAM-D-17', at: [{ visit: 'W4' }, { day: 28 }] };
    const said = [dose(0), score('HAM-D-17', 0, 24, { hoursAfterDose: 1 }), after(2, 28, 12)];
    expect(says(during, [...said, score('HAM-D-17', 28, 9, { hoursAfterDose: 2, visit: 'W4' })])).toEqual([
      'W4 due 1/1',
      'day-28 due 1/1',
    ]);
  });
});

describe('a scale by visit', () => {
  const visits = [{ visit: 'W4' }, { visit: 'W8' }, { visit: 'W12' }];

  test('a missed visit is due and not scored', () => {
    const bdi = { kind: 'scale', instrument: 'BDI-II', at: visits };
    const said = [
      score('BDI-II', -7, 30),
      score('BDI-II', 28, 20, { visit: 'W4' }),
      score('BDI-II', 84, 13, { visit: 'W12' }),
    ];
    expect(says(bdi, said)).toEqual([
      ...['W4 due 1/1', 'W4 score 20', 'W4 change -10', 'W4 response 0/1', 'W4 remission 0/1'],
      'W8 due 1/1',
      ...['W12 due 1/1', 'W12 score 13', 'W12 change -17', 'W12 response 1/1', 'W12 remission 1/1'],
    ]);
  });

  test('MADRS: at most 9 is remission (Hawley 2002), whatever the baseline; without one there is no response', () => {
    const madrs = { kind: 'scale', instrument: 'MADRS', at: [{ visit: 'W4' }] };
    const at = (total: number) => score('MADRS', 28, total, { visit: 'W4' });
    expect(not('due', says(madrs, [at(9)]))).toEqual(['W4 score 9', 'W4 remission 1/1']);
    expect(not('due', says(madrs, [at(10)]))).toEqual(['W4 score 10', 'W4 remission 0/1']);
    expect(not('due', says(madrs, [score('MADRS', 0, 0), at(0)]))).toEqual([
      'W4 score 0',
      'W4 change 0',
      'W4 remission 1/1',
    ]);
    expect(of('response', says(madrs, [score('MADRS', 0, 20), at(10)]))).toEqual(['W4 response 1/1']);
  });

  test('craving-VAS declares neither response nor remission; its tenths are kept', () => {
    const craving = { kind: 'scale', instrument: 'craving-VAS', at: [{ visit: 'W4' }] };
    const said = [score('craving-VAS', 0, 62.5), score('craving-VAS', 30, 20.25, { visit: 'W4' })];
    expect(not('due', says(craving, said))).toEqual(['W4 score 20.25', 'W4 change -42.25']);
  });

  test('of two scores at a visit the last counts, on a day the greater id; a late one still names its visit', () => {
    const bdi = { kind: 'scale', instrument: 'BDI-II', at: [{ visit: 'W4' }] };
    const at = (day: number, total: number) => score('BDI-II', day, total, { visit: 'W4' });
    expect(of('score', says(bdi, [at(40, 11), at(28, 20)]))).toEqual(['W4 score 11']);
    expect(of('score', says(bdi, [at(28, 11), at(28, 20)]))).toEqual(['W4 score 20']);
  });

  test('around a day the nearest counts, of two the earlier', () => {
    const bdi = { kind: 'scale', instrument: 'BDI-II', at: [{ day: 28, within: 3 }] };
    const all = [score('BDI-II', 24, 1), score('BDI-II', 26, 2), score('BDI-II', 30, 3), score('BDI-II', 31, 4)];
    expect(of('score', says(bdi, all))).toEqual(['day-28 score 2']);
    expect(of('score', says(bdi, [...all, score('BDI-II', 29, 5)]))).toEqual(['day-28 score 5']);
  });

  test('a total that was not sent is the sum of all its items, where it is a sum', () => {
    const items = (count: number, each: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`i${i}`, each]));
    const said = (instrument: string, count: number, each: number): Said => [
      'scale-score',
      28,
      { instrument, items: items(count, each), visit: 'W4' },
    ];
    const at = [{ visit: 'W4' }];
    expect(of('score', says({ kind: 'scale', instrument: 'PHQ-9', at }, [said('PHQ-9', 9, 2)]))).toEqual([
      'W4 score 18',
    ]);
    expect(of('score', says({ kind: 'scale', instrument: 'PHQ-9', at }, [said('PHQ-9', 8, 2)]))).toEqual([]);
    // Readiness to change is a difference of means of subscales.
    expect(of('score', says({ kind: 'scale', instrument: 'URICA', at }, [said('URICA', 32, 2)]))).toEqual([]);
  });

  test('where higher is better a response is a rise, and a share of 28 % of 25 is 7', () => {
    const instruments = [
      { id: 'well', total: { low: 0, high: 100 }, higher: 'better', response: { fall: 0.28 } },
      { id: 'ill', total: { low: 0, high: 100 }, higher: 'worse', response: { fall: 0.28 } },
    ];
    const response = (instrument: string, from: number, to: number) =>
      of(
        'response',
        says(
          { kind: 'scale', instrument, at: [{ visit: 'W4' }] },
          [score(instrument, 0, from), score(instrument, 28, to, { visit: 'W4' })],
          { instruments },
        ),
      ).map((one) => one.at(-3));
    expect([response('well', 25, 32), response('well', 25, 31.9), response('well', 25, 18)]).toEqual([
      ['1'],
      ['0'],
      ['0'],
    ]);
    expect([response('ill', 25, 18), response('ill', 25, 18.1), response('ill', 25, 32)]).toEqual([
      ['1'],
      ['0'],
      ['0'],
    ]);
  });

  test('an instrument of items alone has no course but of a subscore', () => {
    const cssrs = { kind: 'scale', instrument: 'C-SSRS', at: [{ visit: 'W4' }] };
    expect(() => says(cssrs, [])).toThrow('has no total');
    expect(says({ ...cssrs, subscore: 'ideation' }, [])).toEqual(['W4 due 1/1']);
  });

  test('a change waits for its declared baseline', () => {
    const later = { kind: 'scale', instrument: 'BDI-II', baseline: { visit: 'W8' }, at: [{ visit: 'W4' }] };
    const said = [score('BDI-II', 28, 20, { visit: 'W4' }), score('BDI-II', 56, 25, { visit: 'W8' })];
    expect(of('change', says(later, said, { clock: dayZero + 70 }))).toEqual([]);
    expect(of('change', says(later, said, { clock: dayZero + 71 }))).toEqual(['W4 change -5']);
  });
});

describe('choices of cocaine or money (Dakwar 2017)', () => {
  const choices = { kind: 'choices', substance: 'cocaine', at: [{ visit: 'W4' }] };
  const task = (day: number, chosen: number, visit?: string): Said => [
    'choice-task',
    day,
    {
      substance: 'cocaine',
      offered: 5,
      chosen,
      dose: { amount: 25, unit: 'mg' },
      alternative: { amount: 11, unit: 'USD' },
      ...(visit === undefined ? {} : { visit }),
    },
  ];
  const total = (chosen: readonly number[]) =>
    chosen.reduce((sum, n) => {
      const [found = ''] = of('chosen', says(choices, [task(28, n, 'W4')]));
      const [value, offered] = found.replace('W4 chosen ', '').split('/').map(Number);
      expect(offered).toBe(5);
      return sum + (value ?? Number.NaN);
    }, 0);

  test('1.61 of five after ketamine, 4.33 after midazolam, 67 % less than before', () => {
    const spread = (sum: number) => Array.from({ length: 18 }, (_, i) => Math.floor((sum + i) / 18));
    const [before, midazolam, ketamine] = [total(spread(88)), total(spread(78)), total(spread(29))];
    expect((midazolam / 18).toFixed(2)).toBe('4.33');
    expect((ketamine / 18).toFixed(2)).toBe('1.61');
    expect(Math.round(100 * (1 - ketamine / before))).toBe(67);
  });

  test('hours after a dose are whole days after the last one', () => {
    const day = { ...choices, at: [{ hoursAfterDose: 48 }, { hoursAfterDose: 48, session: 2 }] };
    expect(says(day, [dose(1), task(3, 1), dose(29), task(31, 4)])).toEqual([
      ...['48h due 1/1', '48h chosen 1/5'],
      ...['48h-session-2 due 1/1', '48h-session-2 chosen 4/5'],
    ]);
  });
});

describe('visits', () => {
  const visits = [7, 14, 21, 28].map((day) => ({ id: `D${day}`, day, opens: 2, closes: 2 }));
  const attended = (day: number, visit?: string): Said => ['visit-attended', day, visit === undefined ? {} : { visit }];
  const said = [attended(8, 'D7'), attended(18, 'D14'), attended(22)];
  const left: Said = ['participant-left', 25, { how: 'stopped' }];

  test('one kept, one late, one missed, one after leaving', () => {
    expect(says({ kind: 'visits', horizon: 90 }, [...said, left], { visits })).toEqual([
      ...['D7 due 1/1', 'D7 kept 1/1', 'D7 late 0/1'],
      ...['D14 due 1/1', 'D14 kept 1/1', 'D14 late 1/1'],
      ...['D21 due 1/1', 'D21 kept 0/1'],
      ...['due 1/1', 'kept 2/3'],
    ]);
  });

  test('a last visit that was kept early, and after which follow-up was over, is due', () => {
    const early = [attended(27, 'D28'), ['participant-left', 27, { how: 'completed' }] as const];
    const all = says({ kind: 'visits', horizon: 90 }, [...said, ...early], { visits });
    expect(all).toContain('D28 late 0/1');
    expect(all).toContain('kept 3/4');
  });

  test('a visit waits for its window and the entry lag', () => {
    const asOf = (day: number) => says({ kind: 'visits', horizon: 90 }, said, { visits, clock: dayZero + day }).length;
    expect([asOf(16), asOf(17)]).toEqual([0, 5]);
  });
});

test('exposure: three infusions, one stopped early; therapy, once without anybody', () => {
  const given: Said[] = [
    dose(-3),
    dose(1, { given: { mgPerKg: 0.8 } }),
    dose(8, { given: { mgPerKg: 0.8 } }),
    dose(15, { given: { mgPerKg: 0.5 }, stoppedEarly: true }),
    ...(
      [
        [2, 90],
        [9, 90],
        [16, 0],
      ] as const
    ).map(([day, minutes]): Said => ['therapy-session', day, { kind: 'relapse-prevention', minutes }]),
  ];
  const asOf = (day: number) => says({ kind: 'exposure', horizon: 90 }, given, { clock: dayZero + day });
  expect(asOf(20)).toEqual([
    'due 1/1',
    'sessions 3/1',
    'mg-per-kg 2.1',
    'stopped-early 1/1',
    'therapy-sessions 2/1',
    'therapy-minutes 180',
  ]);
  expect(asOf(1)).toEqual([
    'due 1/1',
    'sessions 0/1',
    'mg 0',
    'mg-per-kg 0',
    'stopped-early 0/1',
    'therapy-sessions 0/1',
    'therapy-minutes 0',
  ]);
  expect(asOf(0)).toEqual([]);
  expect(says({ kind: 'exposure', horizon: 90, drug: 'midazolam' }, given)).toContain('sessions 0/1');
});

describe('numbers too great to be counted', () => {
  test('a score beyond a million is missing, and a sum beyond what tallies hold is none', () => {
    const instruments = [{ id: 'wild', items: { count: 1, low: 0, high: 1 }, higher: 'neither' }];
    const wild = { kind: 'scale', instrument: 'wild', subscore: 'much', at: [{ visit: 'W4' }] };
    const said: Said = [
      'scale-score',
      28,
      { instrument: 'wild', items: { a: 1 }, subscores: { much: 1e20 }, visit: 'W4' },
    ];
    expect(says(wild, [said], { instruments })).toEqual(['W4 due 1/1']);
    const doses = [1, 2, 3].map((day) => dose(day, { given: { mg: 1e6 } }));
    expect(of('mg', says({ kind: 'exposure', horizon: 90 }, doses))).toEqual([]);
  });
});
