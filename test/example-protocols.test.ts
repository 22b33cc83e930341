import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isClosed } from '@holdfast/access';
import {
  civilDay,
  dateOf,
  type EventData,
  fullType,
  isFirstEventMeasure,
  isUseMeasure,
  isValueMeasure,
  type ObservationType,
  type Protocol,
  parseEvent,
  parseProtocol,
  protocolCheck,
  type UseMeasure,
} from '@holdfast/events';
import {
  explain,
  fold,
  type History,
  type Observation,
  patternWords,
  statusByDay,
  usePattern,
} from '@holdfast/outcomes';
import { describe, expect, test } from 'vitest';

// The example protocols, and what their pages in docs/ say of them: the events of each worked case stand here, and the outcome
// stands in the page's table below the case's heading.

const root = join(import.meta.dirname, '..');
const examples = join(root, 'schemas/examples');
const files = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.yaml') && basename(file) !== 'mapping.yaml' && !file.startsWith('scenarios'),
);

function protocolAt(file: string): Protocol {
  const parsed = parseProtocol(readFileSync(join(examples, file), 'utf8'));
  if (!parsed.ok) throw new Error(`${file}: ${JSON.stringify(parsed.problems)}`);
  return parsed.value;
}

test.each(files)('%s is a valid protocol', (file) => {
  expect(protocolAt(file).format).toBe('holdfast-protocol/1');
});

// A participant of the cases.

const dayZero = civilDay('2026-03-02');
const date = (studyDay: number) => dateOf(dayZero + studyDay);
/** When everything has been collected and entered. */
const end = dayZero + 400;

type Said = { [T in ObservationType]: readonly [T, number, EventData<T>] }[ObservationType];

const joined = (consent = 0): Said[] => [
  ['participant-enrolled', consent, { consentDate: date(consent) }],
  ['participant-randomised', 0, { date: date(0) }],
];

function history(said: readonly Said[]): History {
  const setUp = said.some(([type]) => type === 'participant-enrolled') ? [] : joined();
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

/** A calendar of every day from one to another, asked on the day after; use of one substance on some. */
const calendar = (from: number, to: number, use: { readonly [day: number]: string } = {}): Said => [
  'use-calendar',
  to + 1,
  {
    from: date(from),
    to: date(to),
    complete: true,
    days: Object.fromEntries(Object.entries(use).map(([day, substance]) => [date(Number(day)), { [substance]: {} }])),
    informant: 'participant',
    interview: date(to + 1),
  },
];
/** The same of alcohol, in UK units by study day; told by the participant or a relative. */
const drank = (from: number, to: number, units: { readonly [day: number]: number }, informant: Informant): Said => [
  'use-calendar',
  to + 1,
  {
    from: date(from),
    to: date(to),
    complete: true,
    days: Object.fromEntries(
      Object.entries(units).map(([day, amount]) => [date(Number(day)), { alcohol: { amount, unit: 'units' } }]),
    ),
    informant,
    interview: date(to + 1),
  },
];
type Informant = EventData<'use-calendar'>['informant'];
const daily = (days: readonly number[], units: number) => Object.fromEntries(days.map((day) => [day, units]));
/** What a relative tells of one day, and of no other. */
const relativeOn = (day: number, substance: string): Said => [
  'use-calendar',
  91,
  {
    from: date(day),
    to: date(day),
    complete: false,
    days: { [date(day)]: { [substance]: {} } },
    informant: 'relative',
    interview: date(91),
  },
];
const away = (kind: 'hospital' | 'prison' | 'other', from: number, to: number): Said => [
  'controlled-environment',
  from,
  { kind, from: date(from), to: date(to) },
];
const left = (day: number, how: 'lost' | 'stopped'): Said => ['participant-left', day, { how }];
const missed = (day: number, visit: string): Said => ['visit-missed', day, { visit }];

const range = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);

// The alcohol trial.

const firstMonths = { ...daily(range(22, 39), 7), ...daily(range(40, 48), 3) };
const lastMonths = daily([100, 120, 140], 2);
const risk = (['participant', 'relative'] as const).flatMap((informant) => [
  drank(-28, -1, daily(range(-28, -9), 20), informant),
  drank(1, 90, firstMonths, informant),
  drank(91, 180, lastMonths, informant),
]);

const alcoholTest = (
  kind: 'etg' | 'peth' | 'breath-alcohol' | 'transdermal-alcohol',
  day: number,
  result: 'positive' | 'negative',
  lookBack: number,
): Said => ['biomarker', day, { kind, substance: 'alcohol', lookBack, result }];
const sober = [calendar(1, 90), calendar(91, 180)];

// The opioid trial.

type Screen = EventData<'urine-screen'>['results'];
const clean: Screen = { opioid: 'negative', fentanyl: 'negative', methadone: 'negative', buprenorphine: 'negative' };
const urine = (day: number, results: Screen): Said => ['urine-screen', day, { results }];
const weekly = (days: readonly number[], found: { readonly [day: number]: Screen } = {}): Said[] =>
  days.map((day) => urine(day, { ...clean, ...found[day] }));
const everyWeek = range(7, 168, 7);
const without = (days: readonly number[], ...gone: readonly number[]) => days.filter((day) => !gone.includes(day));
const noUrine = [
  ...weekly([7, 14]),
  ['visit-attended', 21, { visit: 'W03' }] as const,
  urine(28, { opioid: 'negative', methadone: 'negative', buprenorphine: 'negative' }),
];

// The cocaine trial.

const threeAWeek = range(0, 7).flatMap((week) => [2, 4, 7].map((day) => week * 7 + day));
const cocaineUrine = (days: readonly number[], ...positive: readonly number[]): Said[] =>
  days.map((day) => urine(day, { cocaine: positive.includes(day) ? 'positive' : 'negative' }));
const calendars = (weeks: number, use: { readonly [day: number]: string } = {}): Said[] =>
  range(1, weeks).map((week) => calendar(week * 7 - 7, week * 7 - 1, use));
const stays = [away('other', 2, 4), away('other', 30, 32)];
const chosen: Said = [
  'choice-task',
  3,
  {
    substance: 'cocaine',
    offered: 5,
    chosen: 3,
    dose: { amount: 25, unit: 'mg' },
    alternative: { amount: 11, unit: 'USD' },
    visit: 'L1',
  },
];
const inTheLaboratory = [...cocaineUrine(threeAWeek, 4), chosen, ...calendars(8), calendar(56, 56)];

type Example = {
  readonly name: string;
  readonly cases: Readonly<Record<string, readonly Said[]>>;
  /** One participant's events: each type that the page asks a site for, and what comes from the randomisation service. */
  readonly sent: readonly Said[];
  /** The types of those that are closed, always or as they stand here. */
  readonly closed: readonly ObservationType[];
};

const adverseEvent: Said = [
  'adverse-event',
  20,
  {
    ae: 'AE-1',
    term: 'headache',
    onset: date(20),
    severity: 'mild',
    seriousness: [],
    relatedness: 'unlikely',
    outcome: 'recovered',
  },
];

const all: readonly Example[] = [
  {
    name: 'alcohol-2x2',
    cases: {
      '1. Nobody saw a drink': sober,
      '2. A missed visit': [
        missed(91, 'M3'),
        calendar(91, 180),
        ...range(1, 40).map((day) => alcoholTest('transdermal-alcohol', day, 'negative', 0)),
      ],
      '3. A positive PEth that reaches back before the window': [...sober, alcoholTest('peth', 91, 'positive', 28)],
      '4. A positive EtG': [...sober, alcoholTest('etg', 91, 'positive', 3)],
      '5. A relative contradicts the participant': [...sober, relativeOn(50, 'alcohol')],
      '6. A hospital stay': [...sober, away('hospital', 40, 50)],
      '7. Somebody who left': [calendar(1, 90), left(100, 'lost')],
      '8. Heavy days': [
        ['participant-enrolled', 0, { consentDate: date(0), baseline: { sex: 'female' } }],
        ['participant-randomised', 0, { date: date(0) }],
        drank(1, 90, { 30: 6, 50: 7, 53: 8, 55: 10 }, 'participant'),
        calendar(91, 180),
      ],
      '9. Days, drinks and risk': [
        ['participant-enrolled', -7, { consentDate: date(-7), baseline: { sex: 'female' } }],
        ['participant-randomised', 0, { date: date(0) }],
        ...risk,
      ],
      '10. Days of somebody who left': [
        drank(1, 90, daily(range(81, 90), 8), 'participant'),
        drank(25, 28, {}, 'relative'),
        left(100, 'lost'),
      ],
    },
    sent: [
      ['screened', -7, { eligible: true }],
      [
        'participant-enrolled',
        -7,
        { consentDate: date(-7), substances: ['alcohol'], baseline: { age: 44, sex: 'female', unitsPerWeek: 90 } },
      ],
      ['participant-randomised', 0, { date: date(0), stratum: 'female' }],
      ['arm-assigned', 0, { arm: 'Ketamine 0.8 + therapy' }],
      ['visit-attended', 1, { visit: 'D1' }],
      ['dose-given', 1, { drug: 'ketamine', route: 'iv', session: 1, given: { mgPerKg: 0.8 } }],
      ['vital-signs', 1, { heartRate: 88 }],
      ['scale-score', 1, { instrument: 'infusion-effects', items: { r1: 10, r2: 1 }, hoursAfterDose: 1, visit: 'D1' }],
      ['therapy-session', 2, { kind: 'relapse-prevention', minutes: 90, session: 1 }],
      ['biomarker', 3, { kind: 'breath-alcohol', substance: 'alcohol', lookBack: 0, result: 'negative' }],
      ['biomarker', 3, { kind: 'transdermal-alcohol', substance: 'alcohol', lookBack: 0, result: 'negative' }],
      [
        'biomarker',
        28,
        { kind: 'etg', substance: 'alcohol', lookBack: 3, value: 80, unit: 'ng/mL', cutOff: 100, visit: 'W04' },
      ],
      [
        'biomarker',
        28,
        { kind: 'peth', substance: 'alcohol', lookBack: 28, value: 12, unit: 'ng/mL', cutOff: 20, visit: 'W04' },
      ],
      ...(['HAM-D-17', 'BDI-II', 'craving-VAS'] as const).map(
        (instrument): Said => ['scale-score', 28, { instrument, total: 12, visit: 'W04' }],
      ),
      ['scale-score', 28, { instrument: 'C-SSRS', items: { ideation: 1 }, visit: 'W04' }],
      adverseEvent,
      away('hospital', 40, 50),
      ['treatment-discontinued', 40, { factor: 'therapy', reason: 'participant' }],
      missed(91, 'M3'),
      [
        'use-calendar',
        181,
        {
          from: date(91),
          to: date(180),
          complete: true,
          days: {
            [date(100)]: { alcohol: { amount: 6, unit: 'units' } },
            [date(101)]: { alcohol: { amount: 48, unit: 'g' } },
          },
          informant: 'participant',
          interview: date(181),
        },
      ],
      ['participant-left', 181, { how: 'completed' }],
      ['allocation-guess', 181, { by: 'participant', factor: 'drug', level: 'ketamine-0.8', sure: 80 }],
    ],
    closed: ['arm-assigned', 'dose-given', 'vital-signs', 'scale-score', 'therapy-session', 'allocation-guess'],
  },
  {
    name: 'opioid-weekly-urine',
    cases: {
      '1. Every urine negative': [...weekly(everyWeek), calendar(1, 174)],
      '2. Missed visits': [
        ...weekly(without(everyWeek, 63, 70)),
        missed(63, 'W09'),
        missed(70, 'W10'),
        calendar(1, 174),
      ],
      '3. One positive urine': [...weekly(everyWeek, { 35: { fentanyl: 'positive' } }), calendar(1, 174)],
      '4. A positive urine, and then nobody': [
        ...weekly([7, 14, 21, 28, 35], { 35: { opioid: 'positive' } }),
        calendar(1, 27),
        left(50, 'lost'),
      ],
      '5. A visit without urine, and a panel without fentanyl': noUrine,
      '6. The calendar tells of use, the urine does not': [
        ...weekly(everyWeek),
        calendar(1, 174, { 10: 'opioid' }),
        relativeOn(80, 'opioid'),
      ],
      '7. Prison': [
        ...weekly(without(everyWeek, 35, 42, 49, 56)),
        away('prison', 30, 57),
        calendar(1, 29),
        calendar(58, 174),
      ],
      '8. Treatment in the urine, and two ways to number weeks': [
        ...joined(-7),
        ['arm-assigned', 0, { arm: 'Methadone' }],
        ...weekly([-7, 0, 7, 14, 21], {
          [-7]: { opioid: 'positive' },
          0: { opioid: 'positive' },
          7: { methadone: 'positive' },
          14: { methadone: 'positive' },
          21: { methadone: 'positive', opioid: 'positive' },
        }),
      ],
      '9. Two positive urines, and two that are missed': [
        ...weekly(without(everyWeek, 49, 56), { 35: { opioid: 'positive' }, 42: { opioid: 'positive' } }),
        missed(49, 'W07'),
        missed(56, 'W08'),
        calendar(1, 174),
      ],
    },
    sent: [
      ['screened', -7, { eligible: true }],
      ['participant-enrolled', -7, { consentDate: date(-7), substances: ['opioid', 'fentanyl'] }],
      ['participant-randomised', 0, { date: date(0), stratum: 'does not inject' }],
      ['arm-assigned', 0, { arm: 'Extended-release naltrexone' }],
      ['dose-given', 1, { drug: 'naltrexone', route: 'depot', given: { mg: 380 } }],
      ['visit-attended', 7, { visit: 'W01' }],
      ['urine-screen', 7, { visit: 'W01', results: clean, sample: 'valid', supervised: true }],
      missed(14, 'W02'),
      calendar(0, 27, { 10: 'fentanyl' }),
      [
        'overdose',
        29,
        {
          substances: ['fentanyl'],
          intent: 'unintentional',
          naloxone: 'given',
          outcome: 'recovered',
          hospitalised: true,
        },
      ],
      adverseEvent,
      away('hospital', 29, 31),
      ['treatment-discontinued', 40, { reason: 'participant' }],
      ['participant-left', 175, { how: 'completed' }],
    ],
    closed: [],
  },
  {
    name: 'cocaine-crossover',
    cases: {
      '1. No use at all': [...stays, ...cocaineUrine(threeAWeek), ...calendars(8), calendar(56, 56)],
      '2. Cocaine in the laboratory': [...stays, ...inTheLaboratory],
      '3. A week of missed visits': [
        ...stays,
        ...cocaineUrine(without(threeAWeek, 21, 23, 25)),
        missed(21, 'U09'),
        missed(23, 'U10'),
        missed(25, 'U11'),
        calendar(1, 13),
        calendar(14, 27),
        calendar(28, 56),
      ],
      '4. The urine contradicts the participant': [
        ...stays,
        ...cocaineUrine(threeAWeek, 44),
        ...calendars(8),
        calendar(56, 56),
      ],
      '5. Use at the end of the first period': [
        ...stays,
        ...cocaineUrine(threeAWeek),
        ...calendars(8, { 27: 'cocaine' }),
        calendar(56, 56),
      ],
      '6. Somebody who left between the periods': [
        away('other', 2, 4),
        ...cocaineUrine(threeAWeek.filter((day) => day <= 28)),
        ...calendars(4),
        left(28, 'stopped'),
      ],
      '7. Use in two weeks running': [
        ...stays,
        ...cocaineUrine(threeAWeek),
        ...calendars(8, { 10: 'cocaine', 18: 'cocaine' }),
        calendar(56, 56),
      ],
      '8. Days of use in each period': [
        ...stays,
        ...cocaineUrine(threeAWeek),
        ...calendars(7, { 10: 'cocaine', 18: 'cocaine', 27: 'cocaine', 40: 'cocaine' }),
      ],
    },
    sent: [
      ['screened', -10, { eligible: true }],
      ['participant-enrolled', -10, { consentDate: date(-10), baseline: { age: 48, daysOfUse: 15 } }],
      ['participant-randomised', 0, { date: date(0) }],
      ['arm-assigned', 0, { arm: 'Midazolam then ketamine' }],
      ['period-started', 1, { period: 'P1' }],
      ['period-started', 1, { period: 'P1', sequence: 'MK' }],
      ['dose-given', 1, { drug: 'study drug', route: 'iv', session: 1, given: { mgPerKg: 0.025 } }],
      ['vital-signs', 1, { heartRate: 75, minutesAfterDose: 20 }],
      away('other', 2, 4),
      chosen,
      ['scale-score', 2, { instrument: 'craving-VAS', total: 40, hoursAfterDose: 24 }],
      ['visit-attended', 2, { visit: 'U01' }],
      ['urine-screen', 2, { visit: 'U01', results: { cocaine: 'negative' } }],
      missed(4, 'U02'),
      calendar(0, 6, { 5: 'cocaine' }),
      adverseEvent,
      ['period-started', 29, { period: 'P2' }],
      ['participant-left', 57, { how: 'completed' }],
    ],
    closed: ['arm-assigned', 'dose-given', 'vital-signs', 'scale-score', 'period-started', 'choice-task'],
  },
];

// What a page says.

type Row = Readonly<Record<string, string>>;

/** The rows of the first table below a heading of a page; backticks are taken off. */
function tableUnder(page: string, heading: string): Row[] {
  const section = page.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`the page has no heading "${heading}"`);
  const [names = [], , ...rows] = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
  return rows.map((cells) => Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ''])));
}

function measureOf(protocol: Protocol, id: string | undefined): UseMeasure {
  const measure = protocol.measures.find((declared) => declared.id === id);
  if (measure === undefined || !isUseMeasure(measure)) throw new Error(`there is no measure of use ${id}`);
  return measure;
}

/** The row as the fold has it. */
function counted(protocol: Protocol, given: History, row: Row): Row {
  if (row.rule !== undefined) {
    const rule = protocol.patterns.find(({ id }) => id === row.rule);
    const weeks = rule && usePattern(protocol, rule, given, end);
    if (weeks === undefined) throw new Error(`there is no rule ${row.rule}`);
    const words = patternWords(weeks);
    return { rule: row.rule, baseline: words.baseline, 'phase 1': words['phase-1'] };
  }
  const timed = protocol.measures.filter(isFirstEventMeasure).find(({ id }) => id === row.measure);
  if (timed !== undefined) {
    const blank = Object.fromEntries(Object.keys(row).map((name) => [name, '']));
    const event = fold(protocol, given, end).open.firstEvents.find(({ measure }) => measure === timed.id);
    const confirmed = event?.confirmed === undefined ? '' : `, confirmed on day ${event.confirmed}`;
    return { ...blank, measure: timed.id, judged: `${event?.outcome} on day ${event?.day}${confirmed}` };
  }
  const valued = protocol.measures.filter(isValueMeasure).find(({ id }) => id === row.measure);
  if (valued !== undefined) return countedValues(protocol, valued, given, row);
  const measure = measureOf(protocol, row.measure);
  if (measure.kind === 'continuous-abstinence')
    return { ...row, judged: '', ...countedOn(protocol, measure, given, row) };
  const [window] = explain(protocol, measure, given, end, Number(row.day)).windows;
  const undeclared = Object.fromEntries(
    Object.keys(row)
      .slice(3)
      .map((policy) => [policy, '—']),
  );
  const policies = window?.policies.map(({ policy, assessable, abstinent }) => [
    policy,
    assessable ? (abstinent ? 'abstinent' : 'not abstinent') : 'not counted',
  ]);
  return {
    measure: measure.id,
    day: row.day ?? '',
    judged: window?.status ?? 'none',
    ...undeclared,
    ...Object.fromEntries(policies ?? []),
  };
}

/** The policies that a row has columns for. */
const policiesOf = (row: Row) => Object.keys(row).slice(3);
const byPolicy = (row: Row, measure: Protocol['measures'][number], say: (policy: string) => string): Row =>
  Object.fromEntries(
    policiesOf(row).map((policy) => {
      const isDeclared = 'policies' in measure && (measure.policies as readonly string[]).includes(policy);
      return [policy, isDeclared ? say(policy) : '—'];
    }),
  );

/** A row of a measure's values in one stretch: what no policy touches under `judged`, `value of denominator` under each that does. */
function countedValues(protocol: Protocol, measure: Protocol['measures'][number], given: History, row: Row): Row {
  const values = fold(protocol, given, end).open.values.filter(
    (one) => one.measure === measure.id && one.item === row.day && one.kind !== 'due',
  );
  const plain = values.filter(({ policy }) => policy === undefined);
  const said = plain.map(({ kind, value, of }) => `${kind} ${Number((value / of).toFixed(3))}`).join(', ');
  return {
    ...row,
    judged: 'policies' in measure ? '' : said || 'none',
    ...byPolicy(row, measure, (policy) => {
      const found = values.find((one) => one.policy === policy);
      return found === undefined ? 'not counted' : `${found.value} of ${found.of}`;
    }),
  };
}

/** How each policy counts a participant on a day, by the facts. */
function countedOn(protocol: Protocol, measure: Protocol['measures'][number], given: History, row: Row): Row {
  const spells = fold(protocol, given, end).open.spells.filter((one) => one.measure === measure.id);
  const counts = (kind: string, policy: string) =>
    spells.some(
      ({ from, to, ...one }) =>
        one.kind === kind && one.policy === policy && from <= Number(row.day) && Number(row.day) <= to,
    );
  return byPolicy(row, measure, (policy) => {
    if (!counts('assessable', policy)) return 'not counted';
    return counts('abstinent', policy) ? 'abstinent' : 'not abstinent';
  });
}

/** The names of all fields of a protocol file, and the ids of what it declares. */
function fieldsIn(text: string): string[] {
  return [
    ...new Set(
      text
        .split('\n')
        .map((line) => line.replace(/#.*$/, '').replace(/"[^"]*"/g, ''))
        .flatMap((line) =>
          [...line.matchAll(/(?:^|[{,-]|^\s+)\s*([A-Za-z]+):(?=\s|$)/g)].map(([, name]) => name ?? ''),
        ),
    ),
  ];
}

describe.each(all)('$name', ({ name, cases, sent, closed }) => {
  const file = `${name}/${name}.yaml`;
  const protocol = protocolAt(file);
  const page = readFileSync(join(root, `docs/example-${name}.md`), 'utf8');

  test.each(Object.entries(cases))('its page says what the fold counts: %s', (heading, said) => {
    const rows = tableUnder(page, heading);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.map((row) => counted(protocol, history(said), row))).toEqual(rows);
  });

  test('its page has no other case', () => {
    expect([...page.matchAll(/^### (\d.*)$/gm)].map(([, heading]) => heading)).toEqual(Object.keys(cases));
  });

  test('its page says when a day counts', () => {
    const rows = tableUnder(page, 'When a day counts');
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      const [day, from] = [Number(row['study day']), Number(row['counts from study day'])];
      const statusAt = (clock: number) =>
        statusByDay(protocol, measureOf(protocol, protocol.measures[0]?.id), history([]), dayZero + clock)[day - 1]
          ?.status;
      expect([day, statusAt(from - 1), statusAt(from)]).toEqual([day, 'not-yet', expect.not.stringMatching('not-yet')]);
    }
  });

  test('its page explains every field of the file', () => {
    const fields = fieldsIn(readFileSync(join(examples, file), 'utf8'));
    expect(fields.length).toBeGreaterThan(30);
    const [lines = ''] = page.split('## Every line of the file')[1]?.split('\n## ') ?? [];
    const named = new Set([...lines.matchAll(/`([^`]*)`/g)].flatMap(([, code = '']) => code.split(/[^A-Za-z0-9-]+/)));
    const declared = [...protocol.measures, ...protocol.patterns].map(({ id }) => id);
    expect([...fields, ...declared].filter((name) => !named.has(name))).toEqual([]);
  });

  test('what its page asks a site for is taken in, and closed as the page says', () => {
    const [, table = ''] = page.split('## What a site must send');
    const asked = new Set([...table.matchAll(/events\.md#([a-z-]+)\)/g)].map(([, type]) => type));
    expect([...asked].filter((type) => !sent.some(([given]) => given === type))).toEqual([]);
    const check = protocolCheck(protocol);
    for (const [i, [type, day, data]] of sent.entries()) {
      const fromService = type === 'arm-assigned' || 'sequence' in data;
      const parsed = parseEvent({
        specversion: '1.0',
        id: `${i}`,
        source: `/trials/${protocol.trial}/${fromService ? 'randomisation' : `sites/${protocol.sites[0]}`}`,
        subject: 'P-1',
        type: fullType(type),
        time: `${date(day)}T10:00:00+00:00`,
        recordedtime: `${date(day)}T12:00:00+00:00`,
        data,
      });
      if (!parsed.ok) throw new Error(`${type}: ${JSON.stringify(parsed.problems)}`);
      expect(check(parsed.value)).toEqual([]);
    }
    const [, said = ''] = page.split('## What is closed');
    expect(closed.filter((type) => !said.includes(`\`${type}\``))).toEqual([]);
    const sealed = sent.filter(
      ([type, , data]) => protocol.blinding === 'double' && isClosed(type, data, protocol.closed),
    );
    expect(new Set(sealed.map(([type]) => type))).toEqual(new Set(closed));
  });
});

describe('what the pages say beside their tables', () => {
  test('opioid-weekly-urine, case 5: the two rules for what was not said, the other way round', () => {
    const protocol = protocolAt('opioid-weekly-urine/opioid-weekly-urine.yaml');
    for (const evidence of [
      { unnamed: 'negative', attendedVisit: 'negative' },
      { unnamed: 'negative', attendedVisit: 'nothing' },
      { unnamed: 'unknown', attendedVisit: 'negative' },
    ] as const) {
      const changed = { ...protocol, evidence };
      const row = { measure: 'opioid-abstinence', day: '28', judged: '', 'observed-only': '' };
      expect(Object.values(counted(changed, history(noUrine), row))).toEqual([
        'opioid-abstinence',
        '28',
        ...Array.from({ length: 4 }, () => 'abstinent'),
      ]);
    }
  });

  test('opioid-weekly-urine: with studyDrugs counted every week of the methadone arm would be positive', () => {
    const protocol = protocolAt('opioid-weekly-urine/opioid-weekly-urine.yaml');
    const [rule] = protocol.patterns;
    const said = weekly([7, 14, 21], {
      7: { methadone: 'positive' },
      14: { methadone: 'positive' },
      21: { methadone: 'positive' },
    });
    const given = history([...joined(0), ['arm-assigned', 0, { arm: 'Methadone' }], ...said]);
    const word = (studyDrugs: 'count' | 'excluded') => {
      const weeks = rule && usePattern(protocol, { ...rule, studyDrugs }, given, end);
      return weeks && patternWords(weeks)['phase-1'].slice(0, 3);
    };
    expect([word('count'), word('excluded')]).toEqual(['+++', '---']);
  });

  test('alcohol-2x2, case 5: a positive breath test does as a relative’s report does', () => {
    const protocol = protocolAt('alcohol-2x2/alcohol-2x2.yaml');
    const measure = measureOf(protocol, 'alcohol-abstinence');
    const statuses = (said: Said) =>
      explainAt([49, 50, 77, 78], (day) => explain(protocol, measure, history([...sober, said]), end, day));
    expect(statuses(alcoholTest('breath-alcohol', 50, 'positive', 0))).toEqual([
      'abstinent',
      'use',
      'use',
      'abstinent',
    ]);
    expect(statuses(relativeOn(50, 'alcohol'))).toEqual(['abstinent', 'use', 'use', 'abstinent']);
  });

  test('alcohol-2x2, case 8: a man would have had one heavy day', () => {
    const protocol = protocolAt('alcohol-2x2/alcohol-2x2.yaml');
    const given = history([
      ['participant-enrolled', 0, { consentDate: date(0), baseline: { sex: 'male' } }],
      ['participant-randomised', 0, { date: date(0) }],
      drank(1, 90, { 30: 6, 50: 7, 53: 8, 55: 10 }, 'participant'),
      calendar(91, 180),
    ]);
    const ends = fold(protocol, given, end).open.firstEvents;
    const of = (id: string) => ends.find(({ measure }) => measure === id);
    expect(of('first-heavy-day')).toMatchObject({ day: 55, outcome: 'event' });
    expect(of('heavy-week-or-leaving')).toMatchObject({ day: 180, outcome: 'censored' });
  });

  test('opioid-weekly-urine, case 9: before the fourth week is over, censored with the urine of day 28', () => {
    const protocol = protocolAt('opioid-weekly-urine/opioid-weekly-urine.yaml');
    const found = { 35: { opioid: 'positive' }, 42: { opioid: 'positive' } } as const;
    const given = history([...weekly(without(everyWeek, 49, 56), found), calendar(1, 174)]);
    // W08 (day 56, four days to close, two to enter) is what day 55 waits for.
    const ends = fold(protocol, given, dayZero + 63).open.firstEvents;
    expect(ends.find(({ measure }) => measure === 'relapse-four-weeks')).toMatchObject({
      day: 28,
      outcome: 'censored',
      why: 'not-confirmed',
    });
  });

  test('alcohol-2x2: drinks are refused as the unit of an amount', () => {
    const protocol = protocolAt('alcohol-2x2/alcohol-2x2.yaml');
    const parsed = parseEvent({
      specversion: '1.0',
      id: '1',
      source: `/trials/${protocol.trial}/sites/GB-01`,
      subject: 'P-1',
      type: fullType('use-calendar'),
      time: `${date(9)}T10:00:00+00:00`,
      recordedtime: `${date(9)}T10:00:00+00:00`,
      data: {
        from: date(8),
        to: date(8),
        complete: true,
        days: { [date(8)]: { alcohol: { amount: 3, unit: 'drinks' } } },
        informant: 'participant',
        interview: date(9),
      },
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    expect(protocolCheck(protocol)(parsed.value)).toHaveLength(1);
  });

  test('cocaine-crossover, case 5: a relative’s report does as the participant’s', () => {
    const protocol = protocolAt('cocaine-crossover/cocaine-crossover.yaml');
    const given = history([
      ...stays,
      ...cocaineUrine(threeAWeek),
      ...calendars(8),
      calendar(56, 56),
      relativeOn(27, 'cocaine'),
    ]);
    const measure = measureOf(protocol, 'cocaine-abstinence');
    expect(explainAt([26, 27, 40, 41], (day) => explain(protocol, measure, given, end, day))).toEqual([
      'abstinent',
      'use',
      'use',
      'abstinent',
    ]);
  });

  test('cocaine-crossover, case 2: had the stay not been sent', () => {
    const protocol = protocolAt('cocaine-crossover/cocaine-crossover.yaml');
    const given = history(inTheLaboratory);
    const measure = measureOf(protocol, 'cocaine-abstinence');
    expect(explainAt([14, 17, 18], (day) => explain(protocol, measure, given, end, day))).toEqual([
      'use',
      'use',
      'abstinent',
    ]);
    const first = fold(protocol, given, end).open.firstEvents.find(({ measure: id }) => id === 'first-cocaine-use');
    expect([first?.outcome, first?.day]).toEqual(['event', 4]);
  });
});

function explainAt(days: readonly number[], explained: (day: number) => ReturnType<typeof explain>) {
  return days.map((day) => explained(day).windows[0]?.status);
}
