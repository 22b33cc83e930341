import { createTrialKey, opener, sealer } from '@holdfast/access';
import { canonicalJson, observationTypes, sha256, type Upcasts } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Decoded, recordDecoder } from './decode.ts';
import { envelopeOf } from './envelope.ts';

// A type that never was, whose data are those of a visit missed without a reason.
const older: Upcasts = new Map([
  [
    'org.holdfast.visit-skipped.v1',
    {
      data: observationTypes['visit-missed'],
      next: (data) => ({ type: 'org.holdfast.visit-missed.v1', data: { ...(data as object), reason: 'not recorded' } }),
    },
  ],
]);
const time = '2026-03-02T10:15:00+00:00';
const envelope = {
  specversion: '1.0',
  id: '1',
  source: '/trials/T/sites/GB-01',
  subject: 'GB-01-0042',
  time,
  recordedtime: time,
};
const said = { type: 'org.holdfast.visit-skipped.v1', data: { visit: 'W04' } };
const current = { type: 'visit-missed', data: { visit: 'W04', reason: 'not recorded' } };
const record = (event: object) => ({
  partition: 0,
  offset: 0,
  key: 'GB-01-0042',
  value: Buffer.from(canonicalJson({ ...event, receivedtime: '2026-07-01T08:00:00.000Z' })),
});
const hashOf = (event: object) => sha256(canonicalJson(event));

test('an open event of an older version is read in the current one, under the hash of what was received', async () => {
  const event = { ...envelope, ...said };
  const decoded = await recordDecoder(undefined, older)(record(event));
  expect(decoded).toMatchObject({ kind: 'open', observation: { ...current, sha256: hashOf(event) } });
});

test('an open event that names the type of its content says what it says without', async () => {
  const event = { ...envelope, type: 'org.holdfast.visit-missed.v1', data: current.data };
  const named = { ...event, datacontenttype: 'application/json' };
  const decoded = await recordDecoder(undefined)(record(named));
  expect(decoded).toMatchObject({ kind: 'open', observation: { ...current, sha256: hashOf(named) } });
});

test('so is what a correction puts in place', async () => {
  const target = { source: envelope.source, id: '0' };
  const data = { target, reason: 'typo', by: 'monitor', event: { ...said, time } };
  const event = { ...envelope, type: 'org.holdfast.correction.v1', data };
  const decoded = await recordDecoder(undefined, older)(record(event));
  expect(decoded).toMatchObject({
    kind: 'open',
    observation: {
      type: 'correction',
      sha256: hashOf(event),
      data: { event: { type: 'org.holdfast.visit-missed.v1', time, data: current.data } },
    },
  });
});

test('so is what lies in a box', async () => {
  const { key, published } = await createTrialKey('T');
  const seal = (await sealer(published)).seal;
  const { source, id, subject } = envelope;
  const data = seal({ trial: 'T', source, id, subject }, Buffer.from(canonicalJson(said)));
  const sealed = record({ ...envelope, type: 'org.holdfast.sealed.v1', data });
  const decoded = await recordDecoder(opener(key), older)(sealed);
  expect(decoded).toMatchObject({
    kind: 'sealed',
    observation: { ...current, sha256: hashOf({ ...envelope, ...said }) },
  });
  expect(await recordDecoder(opener(key))(sealed)).toMatchObject({ kind: 'unreadable' });
});

test('an arm in a box counts from the randomisation service alone, be it assigned or put in by a correction', async () => {
  const { key, published } = await createTrialKey('T');
  const seal = (await sealer(published)).seal;
  const assigned = { type: 'org.holdfast.arm-assigned.v1', data: { arm: 'A' } };
  const target = { source: '/trials/T/randomisation', id: '0' };
  const corrected = {
    type: 'org.holdfast.correction.v1',
    data: { target, reason: 'typo', by: 'monitor', event: { ...assigned, time } },
  };
  const { id, subject } = envelope;
  for (const content of [assigned, corrected]) {
    const decoded = ({ source }: { readonly source: string }) => {
      const data = seal({ trial: 'T', source, id, subject }, Buffer.from(canonicalJson(content)));
      return recordDecoder(opener(key))(record({ ...envelope, source, type: 'org.holdfast.sealed.v1', data }));
    };
    expect(await decoded(envelope)).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringContaining('randomisation'),
    });
    expect(await decoded(target)).toMatchObject({ kind: 'sealed' });
  }
});

test('a record is read as its text says, whatever its identity, times and data', () => {
  const instants = fc.date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
  const times = fc
    .tuple(instants, fc.constantFrom('.000Z', 'Z', '+05:45', '-11:00'))
    .map(([date, zone]) => `${date.toISOString().slice(0, 19)}${zone}`);
  const ids = fc.oneof(
    fc.string({ minLength: 1, unit: 'binary' }),
    fc.constantFrom(',"id":"7', '","receivedtime":"x', '\\'),
  );
  const sent = fc.record(
    { id: ids, time: times, recordedtime: times, visit: ids, datacontenttype: fc.constant('application/json') },
    { requiredKeys: ['id', 'time', 'recordedtime', 'visit'] },
  );
  fc.assert(
    fc.property(sent, times, ({ visit, ...fields }, receivedtime) => {
      const data = { visit, reason: 'not recorded' };
      const event = { ...envelope, ...fields, type: 'org.holdfast.visit-missed.v1', data };
      const value = Buffer.from(canonicalJson({ ...event, receivedtime }));
      const { time, subject: participant } = event;
      const decoded = recordDecoder(undefined)({ partition: 0, offset: 0, key: participant, value });
      expect(decoded).toMatchObject({ kind: 'open', participant, time, receivedtime });
      expect((decoded as Extract<Decoded, { kind: 'open' }>).observation).toMatchObject({
        side: 'open',
        type: 'visit-missed',
        source: event.source,
        id: event.id,
        sha256: hashOf(event),
        recordedAt: Date.parse(event.recordedtime),
        day: Math.floor(Date.parse(`${time.slice(0, 10)}T00:00:00Z`) / 86_400_000),
        data,
      });
    }),
  );
});

describe('what somebody else wrote to the topic', () => {
  const decode = recordDecoder(undefined);
  const written = (value: Buffer) => ({ partition: 0, offset: 0, key: '', value });
  const screen = { ...envelope, type: 'org.holdfast.urine-screen.v1', data: { results: { opioid: 'negative' } } };

  test('is foreign, whatever its bytes, and never an error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string(), fc.json()), (bytes) => {
        expect(decode(written(Buffer.from(bytes as string)))).toMatchObject({ kind: 'foreign' });
      }),
    );
  });

  test('is foreign if its type, a field or its data are not those of an event', () => {
    expect(decode(written(Buffer.from(canonicalJson(screen))))).toMatchObject({ kind: 'open' });
    for (const changed of [
      { type: 'org.holdfast.no-such-thing.v1' },
      { type: 'com.example.other.v1' },
      { data: { results: 'negative' } },
      { subject: 7 },
      { time: 'yesterday' },
    ]) {
      const event = { ...screen, ...changed };
      expect(decode(written(Buffer.from(canonicalJson(event)))), JSON.stringify(changed)).toMatchObject({
        kind: 'foreign',
      });
      expect(envelopeOf(canonicalJson(event))).toMatchObject({ type: '' });
    }
    const unknown = { ...screen, type: 'org.holdfast.no-such-thing.v1' };
    expect(decode(record(unknown))).toMatchObject({ kind: 'foreign' });
  });
});
