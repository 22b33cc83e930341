import { observationTypes, typeNotes } from '@holdfast/events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closedByDefault, closedIfTold, isClosed } from './closed-types.ts';

const correctionTo = (type: unknown, data: unknown) => ({
  target: { source: '/trials/T/sites/S', id: '1' },
  reason: 'typing error',
  by: 'monitor',
  event: { type, time: '2026-03-02T10:15:00+00:00', data },
});

test.each(closedByDefault)('%s is closed, by its short and by its full name', (type) => {
  expect(isClosed(type, {})).toBe(true);
  expect(isClosed(`org.holdfast.${type}.v1`, {})).toBe(true);
  expect(isClosed(`org.holdfast.${type}.v12`, undefined)).toBe(true);
});

const tellingAll = { hoursAfterDose: 2, minutesAfterDose: 5, sequence: 'AB' };
const openTypes = Object.keys(observationTypes).filter(
  (type) => !closedByDefault.includes(type) && !closedIfTold.has(type),
);

test.each([...openTypes, 'sealed', 'day-turned', 'cut-marked', 'retraction', 'dose-given-elsewhere'])(
  '%s is open',
  (type) => {
    expect(isClosed(type, tellingAll)).toBe(false);
  },
);

test('nothing is closed by default that is no type of event, and no field that its type has not', () => {
  for (const type of closedByDefault) expect(Object.keys(observationTypes)).toContain(type);
  for (const [type, field] of closedIfTold) {
    const schema = observationTypes[type as 'scale-score'];
    expect(Object.keys(schema.shape), type).toContain(field);
  }
});

test('a score is closed only if it tells the hours after a dose', () => {
  expect(isClosed('scale-score', { instrument: 'CADSS', total: 31, hoursAfterDose: 0 })).toBe(true);
  expect(isClosed('scale-score', { instrument: 'AUDIT', total: 31 })).toBe(false);
  expect(isClosed('scale-score', { minutesAfterDose: 31 })).toBe(false);
});

test('vital signs are closed only after a dose', () => {
  expect(isClosed('vital-signs', { heartRate: 71, minutesAfterDose: 40 })).toBe(true);
  expect(isClosed('vital-signs', { heartRate: 71 })).toBe(false);
});

test('the page of events marks as closed what is closed, and nothing else', () => {
  for (const [type, { closed }] of Object.values(typeNotes).flatMap((notes) => Object.entries(notes))) {
    const field = closedIfTold.get(type);
    const expected = closedByDefault.includes(type) ? 'always' : field === undefined ? undefined : { ifGiven: field };
    expect(closed, type).toEqual(expected);
  }
});

test('the start of a period is closed only if it tells the sequence of treatments', () => {
  expect(isClosed('period-started', { period: 'P1', sequence: 'AB' })).toBe(true);
  expect(isClosed('period-started', { period: 'P1' })).toBe(false);
});

test('the protocol closes further types, by either name, and opens none', () => {
  expect(isClosed('biomarker', {}, ['biomarker'])).toBe(true);
  expect(isClosed('org.holdfast.biomarker.v1', {}, ['biomarker'])).toBe(true);
  expect(isClosed('biomarker', {}, ['org.holdfast.biomarker.v1'])).toBe(true);
  expect(isClosed('dose-given', {}, ['biomarker'])).toBe(true);
  expect(isClosed('urine-screen', {}, ['biomarker'])).toBe(false);
});

const types = fc.constantFrom(...closedByDefault, ...closedIfTold.keys(), 'urine-screen', 'biomarker');
const data = fc.constantFrom<unknown>(
  {},
  { hoursAfterDose: 2 },
  { minutesAfterDose: 5 },
  { sequence: 'AB' },
  null,
  'text',
  [],
);

test('a correction is as closed as what it puts in place, however deep and under whatever name', () => {
  fc.assert(
    fc.property(
      types,
      data,
      fc.constantFrom([], ['biomarker']),
      fc.integer({ min: 1, max: 4 }),
      (type, inner, declared, depth) => {
        let event = { type, data: inner };
        for (let i = 0; i < depth; i++) {
          event = { type: 'correction', data: correctionTo(`org.holdfast.${event.type}.v1`, event.data) };
        }
        expect(isClosed(event.type, event.data, declared)).toBe(isClosed(type, inner, declared));
      },
    ),
  );
});

test.each([[undefined], [null], ['text'], [{}], [{ event: null }], [{ event: { type: 7 } }]])(
  'a correction that does not say what it puts in place (%j) is closed, to be safe',
  (unreadable) => {
    expect(isClosed('correction', unreadable)).toBe(true);
  },
);

test('corrections nested 100,000 deep do not exhaust the stack', () => {
  let nested: unknown = correctionTo('dose-given', {});
  for (let i = 0; i < 100_000; i++) nested = correctionTo('correction', nested);
  expect(isClosed('correction', nested)).toBe(true);
});
