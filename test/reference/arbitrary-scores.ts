import fc from 'fast-check';
import type { MeasureSetting } from './arbitrary-measures.ts';
import { scoredInstruments } from './arbitrary-score-events.ts';

const hours = fc.constantFrom(0, 2, 24, 28, 48);
const within = fc.option(fc.constantFrom(0.5, 6, 24), { nil: undefined });

/** Landmarks of a small trial, none after its planned follow-up (four days before the horizon, or later): few visits, days and hours, so that what is assessed falls on them. */
export function arbLandmark({ visits, horizon }: MeasureSetting): fc.Arbitrary<object> {
  const byDay = fc.record({ day: fc.integer({ min: -1, max: Math.max(-1, horizon - 4) }), within: fc.nat({ max: 3 }) });
  const byHours = fc
    .record({ hoursAfterDose: hours, within, session: fc.option(fc.constantFrom(1, 2, 3), { nil: undefined }) })
    .map((landmark) => Object.fromEntries(Object.entries(landmark).filter(([, value]) => value !== undefined)));
  const byVisit = visits.length === 0 ? byDay : fc.constantFrom(...visits).map((visit) => ({ visit }));
  return fc.oneof(
    { weight: 3, arbitrary: byVisit },
    { weight: 2, arbitrary: byDay },
    { weight: 2, arbitrary: byHours },
  );
}

const nameOf = (landmark: object): string => {
  const { within: _, ...named } = landmark as { within?: number };
  return JSON.stringify(named);
};

/** What random protocols declare: among them one of which more is better, and a response whose share is no round number. */
export const declaredInstruments = [
  { id: 'HAM-D-17', response: { fall: 0.28 } },
  { id: 'BPRS-positive' },
  { id: 'URICA', response: { fall: 0.2 }, remission: { atMost: 3 } },
  {
    id: 'gain',
    total: { low: 0, high: 40 },
    items: { count: 2, low: 0, high: 20 },
    higher: 'better',
    response: { fall: 0.5 },
  },
  { id: 'C-SSRS' },
] as const;

export function arbScale(setting: MeasureSetting): fc.Arbitrary<object> {
  return fc
    .record(
      {
        id: fc.constant(setting.id),
        kind: fc.constant('scale'),
        instrument: fc.constantFrom(...scoredInstruments),
        subscore: fc.constantFrom('mood', 'constructor'),
        baseline: arbLandmark(setting),
        at: fc.uniqueArray(arbLandmark(setting), { minLength: 1, maxLength: 4, selector: nameOf }),
      },
      { requiredKeys: ['id', 'kind', 'instrument', 'at'] },
    )
    .chain((measure) => fc.boolean().map((plain) => (plain ? { ...measure, subscore: undefined } : measure)))
    .chain((measure) => fc.boolean().map((usual) => (usual ? { ...measure, baseline: undefined } : measure)))
    .map((measure) => Object.fromEntries(Object.entries(measure).filter(([, value]) => value !== undefined)));
}

export function arbChoices(setting: MeasureSetting): fc.Arbitrary<object> {
  return fc.record({
    id: fc.constant(setting.id),
    kind: fc.constant('choices'),
    substance: fc.constantFrom(...setting.substances),
    at: fc.uniqueArray(arbLandmark(setting), { minLength: 1, maxLength: 4, selector: nameOf }),
  });
}

export function arbVisits({ id, horizon }: MeasureSetting): fc.Arbitrary<object> {
  return fc.record({ id: fc.constant(id), kind: fc.constant('visits'), horizon: fc.constant(horizon) });
}

export function arbExposure({ id, horizon }: MeasureSetting): fc.Arbitrary<object> {
  return fc.record(
    {
      id: fc.constant(id),
      kind: fc.constant('exposure'),
      horizon: fc.constant(horizon),
      drug: fc.constantFrom('ketamine', 'midazolam'),
    },
    { requiredKeys: ['id', 'kind', 'horizon'] },
  );
}
