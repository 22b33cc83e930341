import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { civilDay, dateOf, Protocol } from '@holdfast/events';
import { succeed } from './holdfast.ts';

const trial = 'MADE-1';
const participants = 120;
const weeks = 12;
const firstDay = civilDay('2026-01-05');

const look = { substances: ['alcohol'], evidence: 'self-report-only', horizon: 84 };
const stretches = [
  { from: 1, to: 28 },
  { from: 1, to: 84 },
];
const heavy = { by: 'sex', atLeastGrams: { female: 56, male: 70 } };

/** An open-label trial of 120 invented participants, who drink, are scored, have adverse events and leave, each by a fixed sequence of numbers. */
const protocol: Protocol = Protocol.parse({
  format: 'holdfast-protocol/1',
  trial,
  version: 1,
  title: 'An invented trial of everything that is measured',
  blinding: 'open',
  clock: 'live',
  partitions: 3,
  plannedFollowUp: 84,
  arms: [{ id: 'Ketamine' }, { id: 'Midazolam', control: true }],
  sites: ['GB-01', 'GB-02', 'US-01'],
  strata: ['severe', 'moderate'],
  baseline: [{ id: 'sex' }],
  substances: [{ id: 'alcohol', unit: 'drinks', gramsPerUnit: 14 }],
  visits: Array.from({ length: weeks }, (_, i) => ({
    id: `W${String(i + 1).padStart(2, '0')}`,
    day: 7 * (i + 1) + 1,
    opens: 1,
    closes: 3,
    collects: ['calendar'],
  })),
  entryLag: 2,
  groups: [
    { id: 'stratum', by: 'stratum' },
    { id: 'sex', by: { covariate: 'sex' } },
  ],
  measures: [
    { id: 'first-drink', kind: 'first-use', windows: [28], ...look },
    {
      id: 'relapse',
      kind: 'relapse',
      windows: [28],
      heavy,
      patterns: [{ is: 'heavy-days', days: 3, within: 7 }, { is: 'leaving' }],
      ...look,
    },
    { id: 'retention', kind: 'retention', windows: [28], horizon: 84 },
    {
      id: 'days-abstinent',
      kind: 'days-of-use',
      counts: 'abstinent',
      over: stretches,
      policies: ['observed-only', 'missing-is-use', 'best-case'],
      ...look,
    },
    { id: 'heavy-days', kind: 'days-of-use', counts: 'heavy', heavy, over: stretches, ...look },
    { id: 'grams', kind: 'amount', unit: 'g', per: 'day', over: stretches, ...look },
    { id: 'no-heavy-days', kind: 'no-heavy-days', heavy, over: stretches, ...look },
    { id: 'depression', kind: 'scale', instrument: 'HAM-D-17', at: [{ visit: 'W04' }, { visit: 'W12' }] },
    { id: 'visits', kind: 'visits', horizon: 84 },
    { id: 'adverse-events', kind: 'adverse-events', horizon: 84 },
  ],
});

/** The fractional part of multiples of the golden ratio: spread out, and the same everywhere. */
const chance = (...of: number[]) => {
  const seed = of.reduce((sum, n, i) => sum + (n + 1) * (i * 7.13 + 0.618_033_988_75), 0);
  return (seed * 1_597.463_007) % 1;
};

function* eventsOf(p: number): Generator<object> {
  const site = protocol.sites[p % 3] ?? '';
  const dayZero = firstDay + (p % 40);
  let n = 0;
  const event = (type: string, day: number, data: object, source = `/trials/${trial}/sites/${site}`) => {
    n += 1;
    return {
      specversion: '1.0',
      id: `${p}-${n}`,
      source,
      subject: `${site}-${1000 + p}`,
      type: `org.holdfast.${type}.v1`,
      time: `${dateOf(day)}T10:00:00+00:00`,
      recordedtime: `${dateOf(day)}T12:00:00+00:00`,
      data,
    };
  };
  const arm = p % 2;
  yield event('participant-enrolled', dayZero - 14, {
    consentDate: dateOf(dayZero - 14),
    substances: ['alcohol'],
    baseline: { sex: p % 3 === 0 ? 'female' : 'male' },
  });
  const score = (day: number, visit: string | undefined, total: number) =>
    event('scale-score', day, { instrument: 'HAM-D-17', total, ...(visit === undefined ? {} : { visit }) });
  yield score(dayZero - 1, undefined, 14 + Math.floor(12 * chance(p, 1)));
  yield event('participant-randomised', dayZero, {
    date: dateOf(dayZero),
    stratum: p % 4 === 0 ? 'severe' : 'moderate',
  });
  yield event('arm-assigned', dayZero, { arm: protocol.arms[arm]?.id }, `/trials/${trial}/randomisation`);
  const leaves = chance(p, 2) < 0.25 ? 10 + Math.floor(70 * chance(p, 3)) : undefined;
  for (const [w, visit] of protocol.visits.entries()) {
    const day = dayZero + visit.day;
    if (leaves !== undefined && visit.day > leaves) break;
    if (chance(p, w, 4) < 0.1) {
      yield event('visit-missed', day, { visit: visit.id });
      continue;
    }
    yield event('visit-attended', day, { visit: visit.id });
    const days: Record<string, object> = {};
    for (let back = 1; back <= 7; back += 1) {
      if (chance(p, w, back, 5) > (arm === 0 ? 0.85 : 0.6))
        days[dateOf(day - back)] = { alcohol: { amount: 1 + Math.floor(10 * chance(p, w, back, 6)) } };
    }
    yield event('use-calendar', day, {
      from: dateOf(day - 7),
      to: dateOf(day - 1),
      complete: true,
      days,
      informant: 'participant',
      interview: dateOf(day),
    });
    if (w % 4 === 3) yield score(day, visit.id, Math.floor((arm === 0 ? 14 : 20) * chance(p, w, 7)));
    if (chance(p, w, 8) < 0.06)
      yield event('adverse-event', day, {
        ae: `AE-${p}-${w}`,
        term: 'felt sick',
        coded: { pt: chance(p, w, 9) < 0.5 ? 'Nausea' : 'Headache', soc: 'General' },
        onset: dateOf(day),
        severity: chance(p, w, 10) < 0.7 ? 'mild' : 'severe',
        seriousness: [],
        relatedness: 'possible',
        outcome: 'recovered',
      });
  }
  if (leaves !== undefined)
    yield event('participant-left', dayZero + leaves, { how: chance(p, 11) < 0.2 ? 'died' : 'lost' });
}

/** Publishes the trial in a store and sends its events; answers its protocol. Everything is mature. */
export async function madeTrial(data: string, folder: string): Promise<Protocol> {
  const file = join(folder, 'made.yaml');
  await writeFile(file, JSON.stringify(protocol));
  await succeed(['protocol', 'publish', file, '--data', data]);
  const over = dateOf(firstDay + 40 + 84 + 40);
  const turned = {
    specversion: '1.0',
    id: `day-turned-${over}`,
    source: `/trials/${trial}`,
    type: 'org.holdfast.day-turned.v1',
    time: `${over}T00:00:00+00:00`,
    recordedtime: `${over}T00:00:00+00:00`,
    data: { date: over },
  };
  const events = [...Array.from({ length: participants }, (_, p) => [...eventsOf(p)]).flat(), turned];
  const lines = join(folder, 'made.ndjson');
  await writeFile(lines, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  await succeed(['ingest', lines, '--replay', '--data', data]);
  return protocol;
}
