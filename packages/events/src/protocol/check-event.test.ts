import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fullType, type HoldfastEvent, parseEvent } from '../event.ts';
import type { ObservationType } from '../types/observation-types.ts';
import { protocolCheck } from './check-event.ts';
import { Protocol } from './protocol.ts';
import { parseProtocol } from './protocol-file.ts';

const examples = join(import.meta.dirname, '../../../../schemas/examples');

const protocol = (changes: object = {}): Protocol =>
  Protocol.parse({
    format: 'holdfast-protocol/1',
    trial: 'KARE-2',
    version: 1,
    title: 'A trial',
    blinding: 'open',
    clock: 'imported',
    plannedFollowUp: 90,
    arms: [
      { id: 'Ketamine + therapy', factors: { drug: 'ketamine' } },
      { id: 'Saline + therapy', control: true, factors: { drug: 'saline' } },
    ],
    sites: ['GB-01', 'GB-02'],
    strata: ['moderate', 'severe'],
    substances: [{ id: 'alcohol', unit: 'drinks', gramsPerUnit: 8 }, { id: 'cocaine' }],
    baseline: [{ id: 'age' }],
    periods: [{ id: 'P1' }, { id: 'P2' }],
    instruments: [
      { id: 'withdrawal-severity', total: { low: 0, high: 3 }, higher: 'worse' },
      { id: 'CADSS', total: { low: 0, high: 92 }, items: { count: 23, low: 0, high: 4 } },
    ],
    visits: [
      { id: 'W04', day: 28, collects: ['urine'] },
      { id: 'W08', day: 56 },
    ],
    measures: [
      { id: 'first', kind: 'first-use', substances: ['alcohol'], evidence: 'any-positive', windows: [28], horizon: 84 },
    ],
    ...changes,
  });

const time = '2026-03-02T10:15:00+00:00';
const atSite = '/trials/KARE-2/sites/GB-01';
const randomisation = '/trials/KARE-2/randomisation';

function event(type: string, data: unknown, source = atSite): HoldfastEvent {
  const envelope = { specversion: '1.0', id: '1', source, subject: 'GB-01-0042', time, recordedtime: time };
  const parsed = parseEvent({ ...envelope, type: `org.holdfast.${type}.v1`, data });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

/** The same observation, as what a correction puts in place. */
const corrected = (type: ObservationType, data: unknown, source = atSite): HoldfastEvent =>
  event(
    'correction',
    { target: { source, id: '0' }, reason: 'typo', by: 'monitor', event: { type: fullType(type), time, data } },
    source,
  );

const problemsOf = (given: HoldfastEvent, of = protocol()) =>
  protocolCheck(of)(given).map(({ path, message }) => `${path} | ${message}`);

const declareIt = 'correct it, or publish a protocol version that declares it';
const calendar = {
  from: '2026-02-01',
  to: '2026-02-28',
  complete: true,
  informant: 'participant',
  interview: '2026-03-01',
};

describe('what a protocol knows passes', () => {
  const demo = parseProtocol(readFileSync(join(examples, 'demo/demo-2x2.yaml'), 'utf8'));
  if (!demo.ok) throw new Error('the demo’s protocol is not valid');

  test.each(readdirSync(join(examples, 'events')))('the example %s', (file) => {
    const parsed = parseEvent(JSON.parse(readFileSync(join(examples, 'events', file), 'utf8')));
    if (!parsed.ok) expect.fail(JSON.stringify(parsed.problems));
    expect(problemsOf(parsed.value, demo.value)).toEqual([]);
  });
});

const mistakes: [what: string, type: ObservationType, data: unknown, path: string, message: string][] = [
  [
    'a visit attended',
    'visit-attended',
    { visit: 'W05' },
    '.visit',
    `visit "W05" is not in the protocol (it has W04, W08); ${declareIt}`,
  ],
  [
    'a visit missed',
    'visit-missed',
    { visit: 'W05' },
    '.visit',
    `visit "W05" is not in the protocol (it has W04, W08); ${declareIt}`,
  ],
  [
    'the visit of a screen',
    'urine-screen',
    { visit: 'w04', results: {} },
    '.visit',
    `visit "w04" is not in the protocol (it has W04, W08); ${declareIt}`,
  ],
  [
    'the visit of a score',
    'scale-score',
    { instrument: 'AUDIT', total: 9, visit: 'W05' },
    '.visit',
    `visit "W05" is not in the protocol (it has W04, W08); ${declareIt}`,
  ],
  [
    'a substance screened for',
    'urine-screen',
    { results: { alcohol: 'negative', heroin: 'positive' } },
    '.results.heroin',
    `substance "heroin" is not in the protocol (it has alcohol, cocaine); ${declareIt}`,
  ],
  [
    'the substance of a biomarker',
    'biomarker',
    { kind: 'hair', substance: 'heroin', lookBack: 90, result: 'positive' },
    '.substance',
    `substance "heroin" is not in the protocol (it has alcohol, cocaine); ${declareIt}`,
  ],
  [
    'the visit of a biomarker',
    'biomarker',
    { kind: 'peth', substance: 'alcohol', lookBack: 28, result: 'positive', visit: 'W05' },
    '.visit',
    `visit "W05" is not in the protocol (it has W04, W08); ${declareIt}`,
  ],
  [
    'a substance used',
    'use-calendar',
    { ...calendar, days: { '2026-02-03': { alcohol: {} }, '2026-02-04': { heroin: {} } } },
    '.days.2026-02-04.heroin',
    `substance "heroin" is not in the protocol (it has alcohol, cocaine); ${declareIt}`,
  ],
  [
    'a substance of the disorder',
    'participant-enrolled',
    { consentDate: '2026-02-01', substances: ['alcohol', 'heroin'] },
    '.substances[1]',
    `substance "heroin" is not in the protocol (it has alcohol, cocaine); ${declareIt}`,
  ],
  [
    'a stratum',
    'participant-randomised',
    { date: '2026-03-02', stratum: 'mild' },
    '.stratum',
    `stratum "mild" is not in the protocol (it has moderate, severe); ${declareIt}`,
  ],
  [
    'a baseline covariate',
    'participant-enrolled',
    { consentDate: '2026-02-01', baseline: { age: 44, weight: 80 } },
    '.baseline.weight',
    `baseline covariate "weight" is not in the protocol (it has age); ${declareIt}`,
  ],
  [
    'a period',
    'period-started',
    { period: 'P3' },
    '.period',
    `period "P3" is not in the protocol (it has P1, P2); ${declareIt}`,
  ],
  [
    'a substance that was chosen',
    'choice-task',
    {
      substance: 'heroin',
      offered: 5,
      chosen: 5,
      dose: { amount: 25, unit: 'mg' },
      alternative: { amount: 11, unit: 'USD' },
    },
    '.substance',
    `substance "heroin" is not in the protocol (it has alcohol, cocaine); ${declareIt}`,
  ],
  [
    'the visit of a laboratory result',
    'lab-result',
    { test: 'ALT', value: 31, unit: 'U/L', visit: 'W05' },
    '.visit',
    `visit "W05" is not in the protocol (it has W04, W08); ${declareIt}`,
  ],
  [
    'a factor',
    'treatment-discontinued',
    { factor: 'therapy', reason: 'participant' },
    '.factor',
    `factor "therapy" is not in the protocol (it has drug); ${declareIt}`,
  ],
  [
    'a unit of a substance that has another',
    'use-calendar',
    { ...calendar, days: { '2026-02-03': { alcohol: { amount: 3, unit: 'units' } } } },
    '.days.2026-02-03.alcohol.unit',
    'is not what the protocol counts it in; use drinks or g',
  ],
  [
    'an instrument',
    'scale-score',
    { instrument: 'KARE-likert', total: 7 },
    '.instrument',
    `instrument "KARE-likert" is neither in the table of instruments nor in the protocol (it has withdrawal-severity, CADSS); ${declareIt}`,
  ],
  [
    'a total beyond the table’s range',
    'scale-score',
    { instrument: 'MADRS', total: 61 },
    '.total',
    'lies outside 0 to 60, the range of MADRS; correct it, or the instrument',
  ],
  [
    'a total beyond the range that the protocol narrowed',
    'scale-score',
    { instrument: 'CADSS', total: 93 },
    '.total',
    'lies outside 0 to 92, the range of CADSS; correct it, or the instrument',
  ],
  [
    'a total beyond the range of an instrument of the trial’s own',
    'scale-score',
    { instrument: 'withdrawal-severity', total: -1 },
    '.total',
    'lies outside 0 to 3, the range of withdrawal-severity; correct it, or the instrument',
  ],
  [
    'an item beyond its range',
    'scale-score',
    { instrument: 'MADRS', items: { sadness: 7, tension: 0 } },
    '.items.sadness',
    'lies outside 0 to 6, the range of an item of MADRS; correct it, or the instrument',
  ],
  [
    'more items than there are',
    'scale-score',
    { instrument: 'ICSI', items: { a: 0, b: 1, c: 2, d: 3, e: 4 } },
    '.items',
    'are more than the 4 items of ICSI; correct them, or the instrument',
  ],
  [
    'an item that has a range of its own',
    'scale-score',
    { instrument: 'C-SSRS', items: { ideation: 5, attempt: 2 } },
    '.items.attempt',
    'lies outside 0 to 1, the range of attempt of C-SSRS; correct it, or the instrument',
  ],
  [
    'an item of an instrument whose items have names',
    'scale-score',
    { instrument: 'C-SSRS', items: { constructor: 1 } },
    '.items.constructor',
    'is no item of C-SSRS; use one of ideation, intensity, preparatory, aborted, interrupted, attempt, self-injury',
  ],
  [
    'a guessed arm',
    'allocation-guess',
    { by: 'rater', arm: 'Ketamine', sure: 50 },
    '.arm',
    'is no arm of the protocol (it has Ketamine + therapy, Saline + therapy); write it as there',
  ],
  [
    'a guessed factor',
    'allocation-guess',
    { by: 'rater', factor: 'therapy', level: 'ketamine' },
    '.factor',
    'is no factor of the protocol (it has drug); write it as there',
  ],
  [
    'a guessed level',
    'allocation-guess',
    { by: 'rater', factor: 'drug', level: 'placebo' },
    '.level',
    'is no level of that factor of the protocol (it has ketamine, saline); write it as there',
  ],
];

describe('what a protocol does not know is refused, where it stands and with what it has', () => {
  test.each(mistakes)('%s', (_, type, data, path, message) => {
    expect(problemsOf(event(type, data))).toEqual([`data${path} | ${message}`]);
  });

  test.each(mistakes)('%s, in a correction', (_, type, data, path, message) => {
    expect(problemsOf(corrected(type, data))).toEqual([`data.event.data${path} | ${message}`]);
  });

  test('a site, of every type of event', () => {
    const elsewhere = '/trials/KARE-2/sites/GB-09';
    const reason = `source | site "GB-09" is not in the protocol (it has GB-01, GB-02); ${declareIt}`;
    expect(problemsOf(event('visit-attended', {}, elsewhere))).toEqual([reason]);
    expect(
      problemsOf(event('retraction', { target: { source: atSite, id: '1' }, reason: 'typo', by: 'me' }, elsewhere)),
    ).toEqual([reason]);
    expect(problemsOf(corrected('visit-attended', {}, elsewhere))).toEqual([reason]);
    expect(
      problemsOf(event('sealed', { keyId: '0123456789abcdef', enc: 'a', nonce: 'a', box: 'a' }, elsewhere)),
    ).toEqual([reason]);
  });

  test('an arm', () => {
    const reason = 'is no arm of the protocol (it has Ketamine + therapy, Saline + therapy); write it as there';
    expect(problemsOf(event('arm-assigned', { arm: 'ketamine + therapy' }, randomisation))).toEqual([
      `data.arm | ${reason}`,
    ]);
    expect(problemsOf(corrected('arm-assigned', { arm: 'Ketamine' }, randomisation))).toEqual([
      `data.event.data.arm | ${reason}`,
    ]);
  });

  test('an arm that a site sends, even if it is right: directly or as a correction', () => {
    const reason =
      'source | arms come from the randomisation service, never from a site; send it from /trials/…/randomisation';
    expect(problemsOf(event('arm-assigned', { arm: 'Saline + therapy' }))).toEqual([reason]);
    expect(problemsOf(corrected('arm-assigned', { arm: 'Saline + therapy' }))).toEqual([reason]);
  });

  test('several things at once, each by itself', () => {
    const screen = event(
      'urine-screen',
      { visit: 'W05', results: { heroin: 'negative', crack: 'negative' } },
      '/trials/KARE-2/sites/GB-09',
    );
    expect(protocolCheck(protocol())(screen).map(({ path }) => path)).toEqual([
      'source',
      'data.visit',
      'data.results.heroin',
      'data.results.crack',
    ]);
  });

  test('of a long list the first twelve are shown; of an empty one that there is none', () => {
    const sites = Array.from({ length: 30 }, (_, n) => `S-${n}`);
    expect(problemsOf(event('visit-attended', {}), protocol({ sites }))).toEqual([
      `source | site "GB-01" is not in the protocol (it has S-0, S-1, S-2, S-3, S-4, S-5, S-6, S-7, S-8, S-9, S-10, S-11, …); ${declareIt}`,
    ]);
    expect(
      problemsOf(event('participant-randomised', { date: '2026-03-02', stratum: 'x' }), protocol({ strata: [] })),
    ).toEqual([`data.stratum | stratum "x" is not in the protocol (it has none); ${declareIt}`]);
  });

  test('what JavaScript knows by a name no protocol knows', () => {
    expect(problemsOf(event('urine-screen', { results: { constructor: 'negative' } }))).toHaveLength(1);
    expect(problemsOf(event('visit-attended', { visit: '__proto__' }))).toHaveLength(1);
  });
});

describe('what no protocol has to know passes', () => {
  test('any visit label, where the protocol has no schedule', () => {
    expect(problemsOf(event('visit-attended', { visit: 'anything' }), protocol({ visits: [] }))).toEqual([]);
  });

  test('any covariate, period, instrument and unit, where the protocol declares none', () => {
    const bare = protocol({
      baseline: undefined,
      periods: undefined,
      instruments: undefined,
      substances: [{ id: 'alcohol' }, { id: 'cocaine' }],
    });
    for (const [type, data] of [
      ['participant-enrolled', { consentDate: '2026-02-01', baseline: { weight: 80 } }],
      ['period-started', { period: 'P3' }],
      ['scale-score', { instrument: 'withdrawal-severity', total: 7, items: { anything: -3 } }],
      ['use-calendar', { ...calendar, days: { '2026-02-03': { alcohol: { amount: 3, unit: 'units' } } } }],
    ] as const) {
      expect(problemsOf(event(type, data), bare)).toEqual([]);
    }
    expect(problemsOf(event('scale-score', { instrument: 'MADRS', total: 61 }), bare)).toHaveLength(1);
  });

  test('a subscore that the instrument does not declare, or out of its range; any, where it declares none', () => {
    const instruments = [
      { id: 'MADRS', subscores: { sadness: { low: 0, high: 6 } } },
      { id: 'CADSS', total: { low: 0, high: 92 } },
    ];
    const said = (score: object) => problemsOf(event('scale-score', score), protocol({ instruments }));
    expect(said({ instrument: 'MADRS', total: 9, subscores: { sadness: 6 } })).toEqual([]);
    expect(said({ instrument: 'MADRS', total: 9, subscores: { sadness: 7, constructor: 1 } })).toEqual([
      'data.subscores.sadness | lies outside 0 to 6, the range of sadness of MADRS; correct it, or the instrument',
      'data.subscores.constructor | is no subscore of MADRS; use one of sadness',
    ]);
    expect(said({ instrument: 'CADSS', total: 9, subscores: { anything: -7 } })).toEqual([]);
  });

  test('an instrument of the table that the protocol does not declare, and scores at the ends of ranges', () => {
    for (const score of [
      { instrument: 'HAM-D-17', total: 52 },
      { instrument: 'URICA', total: -2 },
      { instrument: 'CADSS', total: 92, items: { a: 4 } },
      { instrument: 'C-SSRS', items: { ideation: 0, 'self-injury': 1 } },
    ]) {
      expect(problemsOf(event('scale-score', score))).toEqual([]);
    }
  });

  test('grams of any substance, and amounts without a unit', () => {
    const days = { '2026-02-03': { alcohol: { amount: 48, unit: 'g' }, cocaine: { amount: 1, unit: 'lines' } } };
    expect(problemsOf(event('use-calendar', { ...calendar, days }))).toEqual([]);
    expect(
      problemsOf(event('use-calendar', { ...calendar, days: { '2026-02-03': { alcohol: { amount: 6 } } } })),
    ).toEqual([]);
  });

  test('an overdose of what the trial does not know: no report of one is refused for that', () => {
    const overdose = { substances: ['fentanyl'], intent: 'unknown', naloxone: 'given', outcome: 'recovered' };
    expect(problemsOf(event('overdose', overdose))).toEqual([]);
  });

  test('an event without visit, stratum or substances', () => {
    expect(problemsOf(event('visit-attended', {}))).toEqual([]);
    expect(problemsOf(event('participant-randomised', { date: '2026-03-02' }))).toEqual([]);
    expect(problemsOf(event('participant-enrolled', { consentDate: '2026-03-02' }))).toEqual([]);
  });

  test('a source that is no site, and a target that was never seen: history is not the door’s business', () => {
    expect(problemsOf(event('visit-attended', {}, '/trials/KARE-2/central-laboratory'))).toEqual([]);
    expect(
      problemsOf(event('retraction', { target: { source: '/trials/OTHER/x', id: '?' }, reason: 'typo', by: 'me' })),
    ).toEqual([]);
  });
});

describe('in a double-blind trial no reason quotes what was sent', () => {
  const blinded = protocol({ blinding: 'double' });
  const secret = fc.stringMatching(/^[a-z][a-z0-9]{6,12}$/).filter((text) => !JSON.stringify(blinded).includes(text));

  test('the reason names the field and what the protocol has', () => {
    expect(problemsOf(event('visit-attended', { visit: 'W05' }), blinded)).toEqual([
      `data.visit | is no visit of the protocol (it has W04, W08); ${declareIt}`,
    ]);
  });

  test('whatever arm, visit or stratum it was', () => {
    fc.assert(
      fc.property(secret, (text) => {
        const sent = [
          event('arm-assigned', { arm: text }, randomisation),
          corrected('arm-assigned', { arm: text }, randomisation),
          event('participant-randomised', { date: '2026-03-02', stratum: text }),
          event('visit-missed', { visit: text }),
          event('urine-screen', { visit: text, results: {} }),
          event('scale-score', { instrument: 'CADSS', total: 31, visit: text, hoursAfterDose: 1 }),
          event('participant-enrolled', { consentDate: '2026-03-02', substances: [text] }),
          corrected('visit-attended', { visit: text }),
          event('period-started', { period: text }),
          event('scale-score', { instrument: text, total: 1 }),
          event('treatment-discontinued', { factor: text, reason: 'other' }),
          event('allocation-guess', { by: 'participant', arm: text }),
          event('allocation-guess', { by: 'participant', factor: 'drug', level: text }),
        ];
        for (const one of sent) {
          const problems = problemsOf(one, blinded);
          expect(problems).toHaveLength(1);
          expect(problems.join()).not.toContain(text);
        }
      }),
    );
  });

  test('an arm is never quoted, not even in an open-label trial', () => {
    fc.assert(
      fc.property(secret, (arm) => {
        expect(problemsOf(event('arm-assigned', { arm }, randomisation)).join()).not.toContain(arm);
      }),
    );
  });

  test('a score out of range names the range, neither score nor instrument: of a closed score they are closed', () => {
    const score = event('scale-score', { instrument: 'CADSS', total: 93, items: { a: 5 }, hoursAfterDose: 1 });
    expect(problemsOf(score, blinded)).toEqual([
      'data.total | lies outside 0 to 92, the range of its instrument; correct it, or the instrument',
      'data.items.a | lies outside 0 to 4, the range of an item of its instrument; correct it, or the instrument',
    ]);
  });

  test('an event of unknown arm is refused alike, whatever the arm', () => {
    fc.assert(
      fc.property(secret, secret, (one, other) => {
        expect(problemsOf(event('arm-assigned', { arm: one }, randomisation), blinded)).toEqual(
          problemsOf(event('arm-assigned', { arm: other }, randomisation), blinded),
        );
      }),
    );
  });
});

test('a verdict depends on the event and the protocol alone: asked again, in any order, it is the same', () => {
  const check = protocolCheck(protocol());
  const events = mistakes.map(([, type, data]) => event(type, data));
  const first = events.map(check);
  expect(events.toReversed().map(check).toReversed()).toEqual(first);
});
