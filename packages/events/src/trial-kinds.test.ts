import { expect, test } from 'vitest';
import { parseEvent, trialOf } from './event.ts';
import { protocolCheck } from './protocol/check-event.ts';
import { Protocol } from './protocol/protocol.ts';
import { observationTypes } from './types/observation-types.ts';

/** One participant of a kind of trial that has been published: everything that such a trial records. */
type TrialKind = { readonly what: string; readonly protocol: object; readonly events: readonly Sent[] };
type Sent = { readonly type: string; readonly time: string; readonly data: object; readonly from?: string };

const say = (type: string, time: string, data: object, from?: string): Sent => ({
  type,
  time: time.includes('T') ? time : `${time}T12:00:00+00:00`,
  data,
  ...(from === undefined ? {} : { from }),
});
const arm = (time: string, name: string) => say('arm-assigned', time, { arm: name }, 'randomisation');
/** A day of a month, such as `2026-03-07`. */
const on = (month: string, day: number) => `${month}-${String(day).padStart(2, '0')}`;

const measure = (substance: string, horizon: number) => ({
  id: 'first-use',
  kind: 'first-use',
  substances: [substance],
  evidence: 'any-positive',
  windows: [28],
  horizon,
});
const common = { format: 'holdfast-protocol/1', version: 1, clock: 'live', sites: ['GB-01'] };

/** KARE and MORE-KARE (Grabski 2022): drug and therapy as factors, three infusions, seven sessions, six months. */
const alcohol: TrialKind = {
  what: 'alcohol, 2 × 2 of drug and therapy, with daily breath tests, a bracelet, calendars at 3 and 6 months',
  protocol: {
    ...common,
    trial: 'ALCOHOL-2X2',
    title: 'Ketamine and therapy for alcohol use disorder',
    blinding: 'double',
    plannedFollowUp: 180,
    arms: ['ketamine', 'saline'].flatMap((drug) =>
      ['relapse-prevention', 'education'].map((therapy) => ({
        id: `${drug} + ${therapy}`,
        factors: { drug, therapy },
      })),
    ),
    strata: ['severe'],
    substances: [{ id: 'alcohol', unit: 'units', gramsPerUnit: 8 }],
    baseline: [{ id: 'age' }, { id: 'sex' }, { id: 'unitsPerWeek' }],
    visits: [
      { id: 'M3', day: 90, closes: 14, collects: ['calendar', 'urine'] },
      { id: 'M6', day: 181, closes: 14, collects: ['calendar', 'urine'] },
    ],
    instruments: [
      { id: 'infusion-likert', title: 'Eight ratings of 1 to 10', total: { low: 8, high: 80 }, higher: 'neither' },
    ],
    measures: [measure('alcohol', 180)],
  },
  events: [
    say('screened', '2026-02-20', { eligible: true }),
    say('participant-enrolled', '2026-02-23', {
      consentDate: '2026-02-23',
      substances: ['alcohol'],
      baseline: { age: 44, sex: 'female', unitsPerWeek: 74 },
    }),
    say('scale-score', '2026-02-23', { instrument: 'AUDIT', total: 28, rater: 'self' }),
    say('scale-score', '2026-02-24', { instrument: 'CIWA-Ar', total: 6, rater: 'clinician' }),
    say('lab-result', '2026-02-23', { test: 'ALT', value: 61, unit: 'U/L', normal: { high: 40 } }),
    say('lab-result', '2026-02-23', { test: 'pregnancy', finding: 'negative' }),
    say('participant-randomised', '2026-03-02', { date: '2026-03-02', stratum: 'severe' }),
    arm('2026-03-02', 'ketamine + relapse-prevention'),
    ...[3, 10, 17].flatMap((day, index) => [
      say('vital-signs', `${on('2026-03', day)}T12:50:00+00:00`, {
        bloodPressure: { systolic: 128, diastolic: 81 },
        heartRate: 70,
        spo2: 98,
      }),
      say('dose-given', `${on('2026-03', day)}T13:00:00+00:00`, {
        drug: 'ketamine',
        route: 'iv',
        session: index + 1,
        planned: { mgPerKg: 0.8 },
        given: index === 2 ? { mgPerKg: 0.5 } : { mgPerKg: 0.8 },
        start: `${on('2026-03', day)}T13:00:00+00:00`,
        end: `${on('2026-03', day)}T13:40:00+00:00`,
        stoppedEarly: index === 2,
      }),
      ...[20, 40, 120].map((minutes) =>
        say('vital-signs', `${on('2026-03', day)}T14:00:00+00:00`, {
          bloodPressure: { systolic: 150, diastolic: 92 },
          sedation: 4,
          minutesAfterDose: minutes,
        }),
      ),
      say('scale-score', on('2026-03', day), { instrument: 'CADSS', total: 31, hoursAfterDose: 0.7 }),
      say('scale-score', on('2026-03', day), { instrument: 'infusion-likert', total: 44, hoursAfterDose: 0.3 }),
      say('scale-score', on('2026-03', day), { instrument: 'MEQ30', total: 96, hoursAfterDose: 4 }),
      say('scale-score', on('2026-03', day), { instrument: 'C-SSRS', items: { ideation: 0, attempt: 0 } }),
    ]),
    ...[1, 2, 3, 4, 5, 6, 7].map((session) =>
      say('therapy-session', on('2026-03', 3 * session), { kind: 'relapse-prevention', minutes: 90, session }),
    ),
    ...Array.from({ length: 28 }, (_, day) =>
      say('biomarker', on('2026-03', day + 4), {
        kind: 'breath-alcohol',
        substance: 'alcohol',
        lookBack: 0,
        value: day === 11 ? 0.35 : 0,
        unit: 'mg/L',
        cutOff: 0.05,
      }),
    ),
    say('biomarker', '2026-04-01', {
      kind: 'transdermal-alcohol',
      substance: 'alcohol',
      lookBack: 1,
      result: 'negative',
    }),
    say('biomarker', '2026-06-01', {
      kind: 'peth',
      substance: 'alcohol',
      lookBack: 28,
      value: 12,
      unit: 'ng/mL',
      cutOff: 20,
      visit: 'M3',
    }),
    say('visit-attended', '2026-06-01', { visit: 'M3' }),
    say('use-calendar', '2026-06-01', {
      from: '2026-03-03',
      to: '2026-05-31',
      complete: true,
      days: {
        '2026-03-15': { alcohol: { amount: 9, unit: 'units' } },
        '2026-04-02': { alcohol: { amount: 70, unit: 'g' } },
      },
      informant: 'participant',
      interview: '2026-06-01',
    }),
    say('urine-screen', '2026-06-01', { visit: 'M3', results: { alcohol: 'negative' }, supervised: true }),
    say('visit-missed', '2026-09-02', { visit: 'M6', reason: 'on holiday' }),
    say('allocation-guess', '2026-06-01', { by: 'participant', factor: 'drug', level: 'ketamine', sure: 90 }),
    say('allocation-guess', '2026-06-01', { by: 'rater' }),
    say('adverse-event', '2026-03-17', {
      ae: 'AE-1',
      term: 'raised blood pressure',
      onset: '2026-03-17',
      end: '2026-03-17',
      grade: 2,
      seriousness: [],
      relatedness: 'probable',
      expectedness: 'expected',
      outcome: 'recovered',
      awareness: { site: '2026-03-17' },
    }),
    say('treatment-discontinued', '2026-03-17', { factor: 'drug', reason: 'adverse-event' }),
    say('concomitant-medication', '2026-04-02', { name: 'acamprosate', from: '2026-04-02', route: 'oral' }),
    say('protocol-deviation', '2026-04-05', { kind: 'assessment', importance: 'minor', detail: 'bracelet not worn' }),
  ],
};

/** Krupitsky 2002 and 2007: one or three sessions, then abstinence confirmed every month up to 24 months. */
const heroin: TrialKind = {
  what: 'heroin, one or three sessions, with monthly urine and relatives’ reports to 24 months',
  protocol: {
    ...common,
    trial: 'HEROIN-KPT',
    title: 'One or three sessions of ketamine psychotherapy',
    blinding: 'open',
    plannedFollowUp: 720,
    arms: [{ id: 'three sessions' }, { id: 'one session', control: true }],
    substances: [{ id: 'heroin' }],
    visits: Array.from({ length: 24 }, (_, month) => ({
      id: `M${month + 1}`,
      day: 30 * (month + 1),
      closes: 10,
      collects: ['urine', 'calendar'],
    })),
    measures: [measure('heroin', 720)],
  },
  events: [
    say('participant-enrolled', '2024-01-08', { consentDate: '2024-01-08', substances: ['heroin'] }),
    say('controlled-environment', '2024-01-08', { kind: 'detox', from: '2023-12-20', to: '2024-01-09' }),
    say('scale-score', '2024-01-08', { instrument: 'COWS', total: 3 }),
    say('dose-given', '2024-01-10', { drug: 'ketamine', route: 'im', session: 1, given: { mgPerKg: 2 } }),
    say('participant-randomised', '2024-01-11', { date: '2024-01-11' }),
    arm('2024-01-11', 'three sessions'),
    ...[2, 3].map((session) =>
      say('dose-given', `2024-0${session}-10`, { drug: 'ketamine', route: 'im', session, given: { mgPerKg: 2 } }),
    ),
    ...Array.from({ length: 24 }, (_, month) => {
      const date = `${2024 + Math.floor((month + 1) / 12)}-${String(((month + 1) % 12) + 1).padStart(2, '0')}-10`;
      const asked = { from: date.replace(/10$/, '01'), to: date.replace(/10$/, '09'), complete: true, interview: date };
      return [
        say('urine-screen', date, {
          visit: `M${month + 1}`,
          results: { heroin: month === 14 ? 'positive' : 'negative' },
        }),
        say('use-calendar', date, { ...asked, informant: 'participant', days: {} }),
        say('use-calendar', date, {
          ...asked,
          complete: false,
          informant: 'relative',
          days: month === 14 ? { [asked.to]: { heroin: {} } } : {},
        }),
      ];
    }).flat(),
    say('overdose', '2025-05-02', {
      substances: ['heroin', 'benzodiazepine'],
      intent: 'unintentional',
      naloxone: 'given',
      outcome: 'recovered',
      hospitalised: true,
    }),
    say('participant-left', '2026-01-20', { how: 'completed' }),
  ],
};

/** Dakwar 2014 and 2017: ketamine and an active control in turn, then choices of cocaine or money a day later. */
const cocaine: TrialKind = {
  what: 'cocaine, a crossover with craving, readiness and choices of drug or money',
  protocol: {
    ...common,
    trial: 'COCAINE-XO',
    title: 'Ketamine and midazolam, self-administration of cocaine',
    blinding: 'double',
    plannedFollowUp: 28,
    arms: [{ id: 'ketamine, then midazolam' }, { id: 'midazolam, then ketamine' }],
    substances: [{ id: 'cocaine', unit: 'USD' }],
    periods: [{ id: 'P1' }, { id: 'P2' }],
    measures: [measure('cocaine', 28)],
  },
  events: [
    say('participant-enrolled', '2026-02-02', { consentDate: '2026-02-02', substances: ['cocaine'] }),
    say('use-calendar', '2026-02-02', {
      from: '2026-01-05',
      to: '2026-02-01',
      complete: true,
      days: { '2026-01-30': { cocaine: { amount: 149.3, unit: 'USD' } } },
      informant: 'participant',
      interview: '2026-02-02',
    }),
    say('participant-randomised', '2026-02-03', { date: '2026-02-03' }),
    arm('2026-02-03', 'ketamine, then midazolam'),
    ...['P1', 'P2'].flatMap((period, index) => [
      say('period-started', on('2026-02', 4 + 7 * index), { period }),
      say('period-started', on('2026-02', 4 + 7 * index), { period, sequence: 'AB' }, 'randomisation'),
      say('controlled-environment', on('2026-02', 4 + 7 * index), {
        kind: 'hospital',
        from: on('2026-02', 4 + 7 * index),
        to: on('2026-02', 7 + 7 * index),
      }),
      say('dose-given', on('2026-02', 5 + 7 * index), {
        drug: index === 0 ? 'ketamine' : 'midazolam',
        route: 'iv',
        given: { mgPerKg: index === 0 ? 0.71 : 0.025 },
      }),
      ...[0, 24].map((hours) =>
        say('scale-score', on('2026-02', 5 + 7 * index), {
          instrument: 'craving-VAS',
          total: hours === 0 ? 71 : 22,
          ...(hours === 0 ? {} : { hoursAfterDose: hours }),
        }),
      ),
      say('scale-score', on('2026-02', 6 + 7 * index), { instrument: 'URICA', total: 4.87, hoursAfterDose: 24 }),
      say('choice-task', on('2026-02', 6 + 7 * index), {
        substance: 'cocaine',
        offered: 5,
        chosen: index === 0 ? 2 : 4,
        dose: { amount: 25, unit: 'mg' },
        alternative: { amount: 11, unit: 'USD' },
      }),
    ]),
    say('unblinding', '2026-02-13', { by: 'medical monitor', reason: 'seizure', told: ['treating-clinician'] }),
    say('consent-withdrawn', '2026-02-20', { scope: 'follow-up' }),
  ],
};

/** Berman 2000, Zarate 2006: one infusion, then HAM-D at 24 hours, 3 days and 7 days. */
const depression: TrialKind = {
  what: 'depression, with HAM-D at 24 hours, 3 days and 7 days',
  protocol: {
    ...common,
    trial: 'DEPRESSION-1',
    title: 'One infusion of ketamine for depression with alcohol use disorder',
    blinding: 'double',
    plannedFollowUp: 28,
    arms: [{ id: 'ketamine' }, { id: 'saline', control: true }],
    substances: [{ id: 'alcohol' }],
    instruments: [{ id: 'HAM-D-17', remission: { atMost: 7 } }],
    measures: [measure('alcohol', 28)],
  },
  events: [
    say('screened', '2026-03-01', { eligible: true }),
    say('participant-enrolled', '2026-03-02', { consentDate: '2026-03-02' }),
    say('scale-score', '2026-03-03', { instrument: 'HAM-D-17', version: '1960', total: 24, rater: 'rater' }),
    say('scale-score', '2026-03-03', { instrument: 'MADRS', total: 31, items: { 'apparent-sadness': 4 } }),
    say('scale-score', '2026-03-03', { instrument: 'BDI-II', total: 29, rater: 'self' }),
    say('participant-randomised', '2026-03-04', { date: '2026-03-04' }),
    arm('2026-03-04', 'ketamine'),
    say('dose-given', '2026-03-04', { drug: 'ketamine', route: 'iv', given: { mg: 38, mgPerKg: 0.5 } }),
    ...[
      [24, 10],
      [72, 9],
      [168, 12],
    ].map(([hoursAfterDose, total]) =>
      say('scale-score', on('2026-03', 4 + (hoursAfterDose ?? 0) / 24), {
        instrument: 'HAM-D-17',
        total,
        rater: 'rater',
        hoursAfterDose,
      }),
    ),
  ],
};

test.each([alcohol, heroin, cocaine, depression])('$what: everything it records is taken', ({ protocol, events }) => {
  const declared = Protocol.parse(protocol);
  const check = protocolCheck(declared);
  const problems = events.flatMap(({ type, time, data, from = 'sites/GB-01' }, index) => {
    const parsed = parseEvent({
      specversion: '1.0',
      id: `e${index}`,
      source: `/trials/${declared.trial}/${from}`,
      subject: 'GB-01-0042',
      type: `org.holdfast.${type}.v1`,
      time,
      recordedtime: time,
      data,
    });
    if (!parsed.ok) return parsed.problems.map((problem) => ({ type, ...problem }));
    expect(trialOf(parsed.value.source)).toBe(declared.trial);
    return check(parsed.value).map((problem) => ({ type, ...problem }));
  });
  expect(problems).toEqual([]);
});

test('between them they use every type of observation but those for which nothing special is needed', () => {
  const said = new Set([alcohol, heroin, cocaine, depression].flatMap(({ events }) => events.map(({ type }) => type)));
  expect(Object.keys(observationTypes).filter((type) => !said.has(type))).toEqual(['participant-rerandomised']);
});
