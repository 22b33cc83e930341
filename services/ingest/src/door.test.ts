import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTrialKey, opener, type SealedBox } from '@holdfast/access';
import {
  canonicalJson,
  contentOf,
  type HoldfastEvent,
  observationTypes,
  Protocol,
  parseEvent,
  sha256,
  shortType,
  type Upcasts,
} from '@holdfast/events';
import { type EventLog, maxRecordBytes, partitionOf } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { type PublishedTrial, topicsOf } from '@holdfast/trials';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Door, type DoorOptions, NoTrialKey, openDoor, type Verdict } from './door.ts';
import { type Rejection, readRejections } from './rejections.ts';

const openArms = ['naltrexone', 'buprenorphine'];
const protocol = (changes: object = {}): Protocol =>
  Protocol.parse({
    format: 'holdfast-protocol/1',
    trial: 'KARE-2',
    version: 1,
    title: 'A trial',
    blinding: 'double',
    clock: 'imported',
    partitions: 3,
    plannedFollowUp: 90,
    arms: [{ id: 'ketamine+KARE' }, { id: 'saline+KARE' }],
    sites: ['GB-01', 'GB-02'],
    strata: ['moderate'],
    substances: [{ id: 'alcohol' }],
    visits: [{ id: 'W04', day: 28 }],
    measures: [
      { id: 'first', kind: 'first-use', substances: ['alcohol'], evidence: 'any-positive', windows: [28], horizon: 84 },
    ],
    ...changes,
  });
const blinded = protocol();
const openLabel = protocol({ trial: 'OPEN-1', blinding: 'open', arms: openArms.map((id) => ({ id })), partitions: 1 });

const { key, published } = await createTrialKey('KARE-2');
const unsealing = opener(key);

const now = new Date('2026-07-01T08:00:00.123Z');
const stamp = '2026-07-01T08:00:00.123Z';

let root: string;
let log: EventLog;
const openLog = () => embeddedEventLog({ dir: join(root, 'log'), closedDir: join(root, 'closed') });
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hf-door-'));
  log = await openLog();
});
afterEach(async () => {
  await log.close();
  await rm(root, { recursive: true });
});

async function doorOf(options: Partial<DoorOptions> = {}, protocols = [blinded, openLabel]): Promise<Door> {
  for (const one of protocols) for (const topic of Object.values(topicsOf(one))) await log.createTopic(topic);
  const publishedTrial = (one: Protocol): PublishedTrial => ({
    protocol: one,
    versions: [one],
    key: one.trial === 'KARE-2' ? published : undefined,
  });
  const trials = new Map(protocols.map((one) => [one.trial, publishedTrial(one)]));
  return openDoor({ log, trials, now: () => now, ...options });
}

let count = 0;
function event(type: string, data: unknown, more: object = {}): Record<string, unknown> {
  count += 1;
  const time = '2026-03-02T10:15:00+00:00';
  const envelope = {
    specversion: '1.0',
    id: `e${count}`,
    source: '/trials/KARE-2/sites/GB-01',
    subject: 'GB-01-0042',
    time,
    recordedtime: time,
  };
  return { ...envelope, type: `org.holdfast.${type}.v1`, data, ...more };
}
const randomisation = { source: '/trials/KARE-2/randomisation' };
const correction = (type: string, data: unknown, more: object = {}) =>
  event(
    'correction',
    {
      target: { source: '/trials/KARE-2/sites/GB-01', id: 'e0' },
      reason: 'typo',
      by: 'monitor',
      event: { type: `org.holdfast.${type}.v1`, time: '2026-03-02T10:15:00+00:00', data },
    },
    more,
  );

type Accepted = Extract<Verdict, { accepted: true }>;
function accepted(door: Door, input: unknown): Accepted {
  const verdict = door.judge(input);
  if (!verdict.accepted) throw new Error(JSON.stringify(verdict.problems));
  return verdict;
}
function problems(door: Door, input: unknown): string[] {
  const verdict = door.judge(input);
  return verdict.accepted ? [] : verdict.problems.map(({ path, message }) => `${path} ${message}`);
}

/** All records of a topic, as text, partition by partition. */
async function recordsOf(topic: string): Promise<{ partition: number; key: string; text: string }[]> {
  const ends = await log.ends(topic);
  const all = await Promise.all(
    ends.map((_, partition) => log.read(topic, partition, 0, { records: 100_000, bytes: 1e9 })),
  );
  return all
    .flat()
    .map(({ partition, key: of, value }) => ({ partition, key: of, text: Buffer.from(value).toString() }));
}
const eventsIn = async (trial: string) => (await recordsOf(`${trial}.events`)).map(({ text }) => text);

/** Every byte of both stores. */
async function storedBytes(): Promise<Buffer> {
  const files = await readdir(root, { recursive: true, withFileTypes: true });
  const contents = files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name)));
  return Buffer.concat(await Promise.all(contents));
}

/** What a sealed record holds, opened with the trial's key. */
async function unsealed(text: string): Promise<unknown> {
  const { source, id, subject, data } = JSON.parse(text);
  const bytes = await unsealing.open({ trial: 'KARE-2', source, id, subject }, data as SealedBox);
  return JSON.parse(Buffer.from(bytes).toString());
}

describe('an accepted event', () => {
  const observations = () => [
    event('participant-enrolled', {
      consentDate: '2026-02-23',
      baseline: { age: 44, note: 'a "quote", \\ and ,"receivedtime":"x"' },
    }),
    event('participant-randomised', { date: '2026-03-02', stratum: 'moderate' }),
    event('urine-screen', { visit: 'W04', results: { alcohol: 'negative' } }, { subject: 'GB-01-0007' }),
    event('visit-attended', {}, { datacontenttype: 'application/json', receivedtime: '1999-01-01T00:00:00Z' }),
    event('retraction', { target: { source: '/trials/KARE-2/sites/GB-01', id: 'e1' }, reason: 'typo', by: 'monitor' }),
    correction('visit-attended', { visit: 'W04' }),
  ];

  test('is in the log: canonical, stamped with when it was received, otherwise as it was sent', async () => {
    const door = await doorOf();
    const sent = observations();
    await door.admit(sent.map((input) => accepted(door, input)));
    const texts = await eventsIn('KARE-2');
    expect(texts.sort()).toEqual(sent.map((input) => canonicalJson({ ...input, receivedtime: stamp })).sort());
    for (const text of texts) expect(parseEvent(JSON.parse(text)).ok).toBe(true);
  });

  test('is readable after the log is opened anew', async () => {
    const door = await doorOf();
    await door.admit(observations().map((input) => accepted(door, input)));
    const before = await eventsIn('KARE-2');
    await log.close();
    log = await openLog();
    expect(await eventsIn('KARE-2')).toEqual(before);
  });

  test('has the content of what was sent, whenever it is received', async () => {
    const sent = observations();
    for (const date of ['2026-07-01T08:00:00Z', '2030-01-01T00:00:00Z']) {
      const door = await doorOf({ now: () => new Date(date) });
      await door.admit(sent.map((input) => accepted(door, input)));
    }
    const contents = (await eventsIn('KARE-2')).map(contentOf).sort();
    const expected = sent.map((input) =>
      canonicalJson(Object.fromEntries(Object.entries(input).filter(([field]) => field !== 'receivedtime'))),
    );
    expect(contents).toEqual([...expected, ...expected].sort());
  });

  test('lies in its participant’s partition, in the order in which it came', async () => {
    const door = await doorOf();
    const subjects = Array.from({ length: 12 }, (_, n) => `P-${n}`);
    const sent = [1, 2, 3].flatMap((round) =>
      subjects.map((subject) => event('visit-attended', {}, { subject, id: `${subject}/${round}` })),
    );
    await door.admit(sent.map((input) => accepted(door, input)));
    const records = await recordsOf('KARE-2.events');
    for (const { partition, key: subject } of records) expect(partition).toBe(partitionOf(subject, 3));
    for (const subject of subjects) {
      const ids = records.filter(({ key: of }) => of === subject).map(({ text }) => JSON.parse(text).id);
      expect(ids).toEqual([1, 2, 3].map((round) => `${subject}/${round}`));
    }
  });

  test('goes to its own trial’s topic, also when trials come mixed', async () => {
    const door = await doorOf();
    const elsewhere = event('arm-assigned', { arm: 'naltrexone' }, { source: '/trials/OPEN-1/randomisation' });
    await door.admit(
      [event('visit-attended', {}), elsewhere, event('visit-attended', {})].map((input) => accepted(door, input)),
    );
    expect(await eventsIn('KARE-2')).toHaveLength(2);
    expect(await eventsIn('OPEN-1')).toEqual([canonicalJson({ ...elsewhere, receivedtime: stamp })]);
  });

  test('of none there is nothing to write', async () => {
    const door = await doorOf();
    await door.admit([]);
    await door.keepRejected([]);
    expect(await eventsIn('KARE-2')).toEqual([]);
  });

  test('however large it may be, fits the log, sealed or not; what is larger is refused, with its neighbours unharmed', async () => {
    const [small, large] = [7_150, 7_400].map((length) => {
      const days = Object.fromEntries(
        Array.from({ length }, (_, n) => [
          new Date(n * 86_400_000).toISOString().slice(0, 10),
          { alcohol: { unit: '\u0001\u0002\u0003' } },
        ]),
      );
      return {
        from: '1970-01-01',
        to: '2020-01-01',
        complete: true,
        days,
        informant: 'record',
        interview: '2026-01-01',
      };
    });
    for (const closed of [[], ['use-calendar']]) {
      const door = await doorOf({}, [protocol({ closed })]);
      expect(problems(door, event('use-calendar', large))).toEqual([
        'data is larger than 400000 bytes, and no event is; send it in several',
      ]);
      await door.admit([accepted(door, event('use-calendar', small))]);
    }
    for (const text of await eventsIn('KARE-2')) {
      expect(text.length).toBeGreaterThan(350_000);
      expect(text.length).toBeLessThan(maxRecordBytes);
    }
  });
});

describe('the door refuses', () => {
  test('what its schema refuses, with the schema’s reasons', async () => {
    const door = await doorOf();
    expect(problems(door, { ...event('visit-attended', {}), subject: 'Jane Doe' })).toEqual([
      'subject not a valid participant id (1 to 64 letters, digits, . _ : -); write it like GB-01-0042',
    ]);
    expect(problems(door, 'text')).toEqual([' is no event; send a CloudEvents 1.0 JSON object']);
  });

  test('what its trial’s protocol refuses', async () => {
    const door = await doorOf();
    expect(problems(door, event('visit-attended', { visit: 'W05' }))).toEqual([
      'data.visit is no visit of the protocol (it has W04); correct it, or publish a protocol version that declares it',
    ]);
    expect(problems(door, event('arm-assigned', { arm: 'ketamine+KARE' }))).toEqual([
      'source arms come from the randomisation service, never from a site; send it from /trials/…/randomisation',
    ]);
  });

  test('a trial that is not published here', async () => {
    const door = await doorOf();
    const reason =
      'source trial KARE-9 is not published here; publish its protocol (`holdfast protocol publish FILE`) or correct the source';
    expect(problems(door, event('visit-attended', {}, { source: '/trials/KARE-9/sites/GB-01' }))).toEqual([reason]);
    for (const method of [
      door.turnDay('KARE-9', '2026-03-02'),
      door.keepRejected([{ trial: 'KARE-9', where: 'x', problems: [], input: 5 }]),
    ]) {
      await expect(method).rejects.toThrow('trial KARE-9 is not published');
    }
  });

  const dayTurned = () => {
    const { subject: _, ...sent } = event('day-turned', { date: '2026-03-02' }, { source: '/trials/KARE-2/holdfast' });
    return sent;
  };

  test('a day-turned from outside: the clock is Holdfast’s own', async () => {
    const door = await doorOf();
    expect(problems(door, dayTurned())).toEqual([
      'type is written by Holdfast alone; leave it out, or use `holdfast ingest --replay` to replay a log from a file',
    ]);
  });

  test('unless a log is replayed: then it goes to every partition, as it did the first time', async () => {
    const door = await doorOf({ ownRecords: true });
    const sent = dayTurned();
    await door.admit([accepted(door, sent)]);
    const records = await recordsOf('KARE-2.events');
    expect(records.map(({ partition }) => partition)).toEqual([0, 1, 2]);
    for (const { text } of records) expect(text).toBe(canonicalJson({ ...sent, receivedtime: stamp }));
  });

  test('a replayed event keeps when it was first received; a site’s own word for that is replaced', async () => {
    const sent = event('visit-attended', {}, { receivedtime: '2026-03-04T08:00:00+00:00' });
    const [site, replay] = [await doorOf(), await doorOf({ ownRecords: true })];
    await site.admit([accepted(site, sent)]);
    await replay.admit([accepted(replay, sent)]);
    expect(await eventsIn('KARE-2')).toEqual([canonicalJson({ ...sent, receivedtime: stamp }), canonicalJson(sent)]);
  });
});

describe('marking a cut', () => {
  test('writes to every partition where it ends, as an event that can be replayed, and answers where that is', async () => {
    const door = await doorOf();
    await door.turnDay('KARE-2', '2026-03-02');
    const { marks } = await door.markCut('KARE-2', 'dsmb-1');
    const records = (await recordsOf('KARE-2.events')).filter(({ text }) => text.includes('cut-marked'));
    expect(records.map(({ partition }) => partition)).toEqual([0, 1, 2]);
    expect(marks).toEqual([1, 1, 1]);
    for (const { text } of records) {
      expect(text).toBe(canonicalJson(JSON.parse(text)));
      expect(parseEvent(JSON.parse(text))).toMatchObject({ ok: true, value: { data: { cut: 'dsmb-1' } } });
    }
  });

  test('from outside it is refused, as the clock is', async () => {
    const door = await doorOf();
    const { subject: _, ...sent } = event('cut-marked', { cut: 'x' }, { source: '/trials/KARE-2/holdfast' });
    expect(problems(door, sent)).toEqual([
      'type is written by Holdfast alone; leave it out, or use `holdfast ingest --replay` to replay a log from a file',
    ]);
  });
});

describe('an event of an older version', () => {
  // A type that never was: a visit missed without a reason, and a dose that was called an infusion.
  const upcasts: Upcasts = new Map([
    [
      'org.holdfast.visit-skipped.v1',
      {
        data: observationTypes['visit-missed'],
        next: (data) => ({
          type: 'org.holdfast.visit-missed.v1',
          data: { ...(data as object), reason: 'not recorded' },
        }),
      },
    ],
    [
      'org.holdfast.infusion.v1',
      { data: observationTypes['dose-given'], next: (data) => ({ type: 'org.holdfast.dose-given.v1', data }) },
    ],
  ]);

  test('is judged and sealed as the current one, and kept as it was received', async () => {
    const door = await doorOf({ upcasts });
    expect(problems(door, event('visit-skipped', { visit: 'W05' }))).toEqual([
      'data.visit is no visit of the protocol (it has W04); correct it, or publish a protocol version that declares it',
    ]);
    const skipped = event('visit-skipped', { visit: 'W04' });
    const infusion = event('infusion', { drug: 'ketamine', given: { mg: 51 } });
    await door.admit([skipped, infusion].map((input) => accepted(door, input)));
    const [open = '', sealed = ''] = (await eventsIn('KARE-2')).sort((a, b) => a.length - b.length);
    expect(open).toBe(canonicalJson({ ...skipped, receivedtime: stamp }));
    expect(JSON.parse(sealed).type).toBe('org.holdfast.sealed.v1');
    expect(await unsealed(sealed)).toEqual({ type: infusion.type, data: infusion.data });
  });
});

describe('turning the day', () => {
  test('writes the date to every partition, as an event that can be replayed', async () => {
    const door = await doorOf();
    await door.turnDay('KARE-2', '2026-03-02');
    const records = await recordsOf('KARE-2.events');
    expect(records.map(({ partition }) => partition)).toEqual([0, 1, 2]);
    for (const { text } of records) {
      expect(text).toBe(canonicalJson(JSON.parse(text)));
      expect(parseEvent(JSON.parse(text))).toMatchObject({
        ok: true,
        value: { type: 'org.holdfast.day-turned.v1', data: { date: '2026-03-02' }, receivedtime: stamp },
      });
    }
  });

  test('needs no key: nothing of it is closed', async () => {
    const door = await doorOf({}, [protocol({ trial: 'KARE-3' })]);
    await door.turnDay('KARE-3', '2026-03-02');
    expect(await eventsIn('KARE-3')).toHaveLength(3);
  });
});

describe('a double-blind trial', () => {
  const closedOnes = (): Record<string, unknown>[] => [
    event('arm-assigned', { arm: 'ketamine+KARE' }, randomisation),
    event('dose-given', {
      drug: 'esketamine',
      given: { mg: 51.0625 },
      planned: { mgPerKg: 0.80078125 },
      route: 'intranasal',
      stoppedEarly: true,
    }),
    event('scale-score', { instrument: 'CADSS', total: 31.4375, hoursAfterDose: 2 }),
    event('therapy-session', { kind: 'relapse-prevention', minutes: 51.0625 }),
    event('vital-signs', { heartRate: 91.0625, minutesAfterDose: 40 }),
    event('period-started', { period: 'P1', sequence: 'AB' }),
    event('allocation-guess', { by: 'participant', arm: 'ketamine+KARE', sure: 51.0625 }),
    event('unblinding', { by: 'monitor', reason: 'intensive care' }),
    correction('arm-assigned', { arm: 'ketamine+KARE' }, randomisation),
    correction('dose-given', { drug: 'esketamine', given: { mg: 51.0625 } }),
    correction('vital-signs', { heartRate: 91.0625, minutesAfterDose: 40 }),
  ];

  test('keeps what is closed sealed: who, when and where stay readable, and the key opens the rest', async () => {
    const door = await doorOf();
    const sent = closedOnes();
    await door.admit(sent.map((input) => accepted(door, input)));
    const texts = await eventsIn('KARE-2');
    expect(texts).toHaveLength(sent.length);
    for (const text of texts) {
      const { data, type, ...envelope } = JSON.parse(text);
      const original = sent.find(({ id }) => id === envelope.id);
      expect(text).toBe(canonicalJson({ ...original, type: 'org.holdfast.sealed.v1', data, receivedtime: stamp }));
      expect(parseEvent(JSON.parse(text)).ok).toBe(true);
      expect(data.keyId).toBe(published.keyId);
      expect(await unsealed(text)).toEqual({ type: original?.type, data: original?.data });
    }
  });

  test('keeps nothing of it in clear anywhere in the store, whatever the arms are called', async () => {
    // No JSON escapes in the names, so that what is looked for is what would stand there.
    const arm = fc.stringMatching(/^[A-Za-z][A-Za-z +]{5,30}[A-Za-z]$/);
    const amount = fc.integer({ min: 100_000_001, max: 999_999_999 }).map((n) => n / 1_000);
    const secrets: string[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(arm, { minLength: 2, maxLength: 4 }),
        arm,
        amount,
        fc.nat(),
        async (arms, drug, mg, pick) => {
          const chosen = arms[pick % arms.length] ?? '';
          const door = await doorOf({}, [protocol({ arms: arms.map((id) => ({ id })), partitions: 3 })]);
          const sent = [
            event('arm-assigned', { arm: chosen }, randomisation),
            event('dose-given', { drug, given: { mg } }),
            event('scale-score', { instrument: 'of-our-own', total: mg, hoursAfterDose: 1 }),
            correction('arm-assigned', { arm: chosen }, randomisation),
            correction('dose-given', { drug, given: { mg } }),
          ];
          await door.admit(sent.map((input) => accepted(door, input)));
          secrets.push(...arms, drug, String(mg));
        },
      ),
      { numRuns: 15 },
    );
    await log.close();
    const bytes = await storedBytes();
    expect(bytes.length).toBeGreaterThan(10_000);
    expect(bytes.includes('GB-01-0042')).toBe(true); // open parts are found, so closed ones would be
    for (const secret of secrets) expect(bytes.includes(secret), secret).toBe(false);
  });

  test('seals alike what is alike in size: neither arm nor dose can be told from the length', async () => {
    const door = await doorOf();
    const sent = ['ketamine+KARE', 'saline+KARE'].map((arm) =>
      event('arm-assigned', { arm }, { ...randomisation, id: 'same' }),
    );
    await door.admit(sent.map((input) => accepted(door, input)));
    const lengths = (await eventsIn('KARE-2')).map((text) => text.length);
    expect(new Set(lengths).size).toBe(1);
  });

  test('is answered alike whatever the arm, among those of the protocol', async () => {
    const arms = fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), {
      minLength: 2,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(arms, async (names) => {
        const door = await doorOf({}, [protocol({ arms: names.map((id) => ({ id })) })]);
        const verdicts = [randomisation, {}].map((more) =>
          names.map((arm) => door.judge(event('arm-assigned', { arm }, { ...more, id: 'same' }))),
        );
        const [fromService = [], fromSite = []] = verdicts;
        expect(fromService.every((verdict) => verdict.accepted)).toBe(true);
        for (const verdict of fromSite) expect(verdict).toEqual(fromSite[0]);
      }),
      { numRuns: 25 },
    );
  });

  test('takes what arrives sealed by its envelope alone: nobody looks into the box', async () => {
    const door = await doorOf();
    const box = { keyId: published.keyId, enc: 'AAAA', nonce: 'AAAA', box: 'AAAA' };
    const sent = event('sealed', box);
    expect(problems(door, event('sealed', { ...box, keyId: '0123456789abcdef' }))[0]).toMatch(
      /^data\.keyId is not the trial’s key/,
    );
    await door.admit([accepted(door, sent)]);
    expect(await eventsIn('KARE-2')).toEqual([canonicalJson({ ...sent, receivedtime: stamp })]);
    expect(problems(door, event('sealed', box, { source: '/trials/KARE-2/sites/GB-09' }))[0]).toMatch(
      /^source site "GB-09"/,
    );
  });

  test('keeps open what is open: a score that tells no hours after a dose, a correction of a visit', async () => {
    const door = await doorOf();
    const sent = [event('scale-score', { instrument: 'AUDIT', total: 9 }), correction('visit-attended', {})];
    await door.admit(sent.map((input) => accepted(door, input)));
    expect((await eventsIn('KARE-2')).sort()).toEqual(
      sent.map((input) => canonicalJson({ ...input, receivedtime: stamp })).sort(),
    );
  });

  test('also seals the types that its protocol closes, and their corrections', async () => {
    const door = await doorOf({}, [protocol({ closed: ['urine-screen'] })]);
    const data = { results: { alcohol: 'positive' } };
    await door.admit(
      [event('urine-screen', data), correction('urine-screen', data), event('visit-attended', {})].map((input) =>
        accepted(door, input),
      ),
    );
    const types = (await eventsIn('KARE-2')).map((text) => JSON.parse(text).type).sort();
    expect(types).toEqual(['org.holdfast.sealed.v1', 'org.holdfast.sealed.v1', 'org.holdfast.visit-attended.v1']);
    expect((await eventsIn('KARE-2')).join()).not.toContain('positive');
  });

  test('without a key takes nothing in, and says how to make one; of the batch nothing is written', async () => {
    const keyless = protocol({ trial: 'KARE-3' });
    const door = await doorOf({}, [keyless, openLabel]);
    const at = { source: '/trials/KARE-3/randomisation' };
    const open = accepted(door, event('visit-attended', {}, at));
    const elsewhere = accepted(door, event('visit-attended', {}, { source: '/trials/OPEN-1/x' }));
    for (const batch of [
      [elsewhere, accepted(door, event('arm-assigned', { arm: 'saline+KARE' }, at))],
      [elsewhere, open],
    ]) {
      const admitting = door.admit(batch);
      await expect(admitting).rejects.toThrow(NoTrialKey);
      await expect(admitting).rejects.toThrow(
        'KARE-3 is double-blind and has no key; run `holdfast keys create --trial KARE-3 --out FILE` first',
      );
    }
    await expect(
      door.keepRejected([{ trial: 'KARE-3', where: 'f:1', problems: [], input: { arm: 'saline' } }]),
    ).rejects.toThrow(NoTrialKey);
    expect([await eventsIn('KARE-3'), await eventsIn('OPEN-1')]).toEqual([[], []]);
    expect(await recordsOf('KARE-3.rejected')).toEqual([]);
  });
});

describe('an open-label trial', () => {
  test('seals nothing, and needs no key', async () => {
    const door = await doorOf();
    const at = { source: '/trials/OPEN-1/randomisation' };
    const sent = [
      event('arm-assigned', { arm: 'naltrexone' }, at),
      event('dose-given', { drug: 'naltrexone', given: { mg: 380 } }, at),
    ];
    await door.admit(sent.map((input) => accepted(door, input)));
    expect((await eventsIn('OPEN-1')).sort()).toEqual(
      sent.map((input) => canonicalJson({ ...input, receivedtime: stamp })).sort(),
    );
  });
});

describe('what was rejected', () => {
  const reason = { path: 'data.arm', message: 'is no arm of the protocol' };
  const rejection = (trial: string, input: unknown, where = 'arms.ndjson:7'): Rejection => ({
    trial,
    where,
    problems: [reason],
    input,
  });
  const rejectedIn = async (trial: string) =>
    (await recordsOf(`${trial}.rejected`)).map(({ text }) => JSON.parse(text));

  test('is kept with where it came from and every reason; of an open-label trial as it was sent', async () => {
    const door = await doorOf();
    const input = event('arm-assigned', { arm: 'heroin' });
    const { id, source, subject, type } = input;
    const of = {
      source,
      id,
      subject,
      type: shortType(type as HoldfastEvent['type']),
      sha256: sha256(canonicalJson(input)),
    };
    await door.keepRejected([rejection('OPEN-1', input), rejection('OPEN-1', input, 'arms.ndjson:8')]);
    expect(await rejectedIn('OPEN-1')).toEqual([
      { where: 'arms.ndjson:7', problems: [reason], receivedtime: stamp, of, input },
      { where: 'arms.ndjson:8', problems: [reason], receivedtime: stamp, of, input },
    ]);
  });

  test('is read back with which event it would have been, each once, until a full export comes without it', async () => {
    const door = await doorOf();
    const input = event('arm-assigned', { arm: 'heroin' });
    const imported: Rejection = { ...rejection('OPEN-1', input, 'import m'), mapping: 'm' };
    await door.keepRejected([rejection('OPEN-1', input), rejection('OPEN-1', input), imported]);
    const read = async () =>
      (await readRejections(log, openLabel)).map(({ where, of, isOutdated }) => [where, of.id, of.type, isOutdated]);
    const first = ['arms.ndjson:7', input.id, 'arm-assigned', false];
    expect(await read()).toEqual([first, ['import m', input.id, 'arm-assigned', false]]);
    await door.exported('other', new Date('2100-01-01T00:00:00Z'));
    await door.exported('m', new Date('2100-01-01T00:00:00Z'));
    expect(await read()).toEqual([first, ['import m', input.id, 'arm-assigned', true]]);
  });

  test('names no field that a sender invented, no digest and no closed type where there is a blind', async () => {
    const door = await doorOf();
    const inputs = [
      event('urine-screen', { results: { 'esketamine.x[0]': 'positive', opioids: 'positive' } }),
      event('visit-attended', { 'Esketamine 0.5': 1, visit: 'W04' }),
      event('arm-assigned', { arm: 'Esketamine', Esketamine: true }, randomisation),
      { ...event('visit-attended', {}), 'Esketamine.data': 1 },
    ];
    const sent = inputs.map((input, n): Rejection => {
      const verdict = door.judge(input);
      if (verdict.accepted) throw new Error('accepted');
      return { trial: 'KARE-2', where: `f:${n}`, problems: verdict.problems, input };
    });
    await door.keepRejected(sent);
    const shown = await readRejections(log, blinded);
    expect(JSON.stringify(shown)).not.toMatch(/sketamine|sha256|arm-assigned/);
    expect(shown.map(({ of }) => of.type)).toEqual(['urine-screen', 'visit-attended', 'sealed', 'visit-attended']);
    expect(shown.flatMap(({ problems }) => problems.map(({ path }) => path))).toContain('data.?');
  });

  test('of no published trial is kept in the closed part, and sealed where any trial is double-blind', async () => {
    const door = await doorOf();
    const text = '{"arm": Esketamine}';
    await door.keepRejected([
      { trial: undefined, where: 'f:1', problems: [{ path: '', message: 'is not JSON' }], input: text },
    ]);
    const [kept] = (await recordsOf('rejected')).map(({ text: record }) => JSON.parse(record));
    expect(kept.sealedForEach.length).toBeGreaterThan(0);
    const identity = { trial: 'KARE-2', source: '/trials/KARE-2/rejected', id: 'f:1', subject: '' };
    const mine = kept.sealedForEach.find(({ keyId }: { keyId: string }) => keyId === published.keyId);
    expect(JSON.parse(Buffer.from(await unsealing.open(identity, mine)).toString())).toBe(text);
    expect((await log.topics()).find(({ name }) => name === 'rejected')?.access).toBe('closed');
    await log.close();
    expect((await storedBytes()).includes('Esketamine')).toBe(false);
  });

  test('of a double-blind trial is kept sealed, whatever it was: an arm may stand in any field', async () => {
    const door = await doorOf();
    const inputs = [
      event('arm-assigned', { arm: 'Esketamine 0.5' }, randomisation),
      event('visit-attended', { visit: 'Esketamine 0.5' }),
      'Esketamine 0.5',
      null,
    ];
    await door.keepRejected(
      inputs.map((input, n) => {
        const verdict = door.judge(input);
        return { trial: 'KARE-2', where: `f:${n}`, problems: verdict.accepted ? [] : verdict.problems, input };
      }),
    );
    const kept = await rejectedIn('KARE-2');
    for (const [n, { where, problems: reasons, sealed, input }] of kept.entries()) {
      expect([where, input]).toEqual([`f:${n}`, undefined]);
      expect(reasons).toHaveLength(1);
      const identity = { trial: 'KARE-2', source: '/trials/KARE-2/rejected', id: where, subject: '' };
      expect(JSON.parse(Buffer.from(await unsealing.open(identity, sealed)).toString())).toEqual(inputs[n]);
    }
    await log.close();
    expect((await storedBytes()).includes('Esketamine')).toBe(false);
  });

  test('shows neither arm, visit, stratum nor amount in its reasons, whichever were sent', async () => {
    const door = await doorOf();
    const secret = fc.stringMatching(/^[a-z]{8,12}$/);
    await fc.assert(
      fc.asyncProperty(secret, fc.integer({ min: 10_000_000, max: 99_999_999 }), async (text, amount) => {
        const inputs = [
          event('arm-assigned', { arm: text }, randomisation),
          event('arm-assigned', { arm: [text] }, randomisation),
          event('dose-given', { drug: text, given: { mg: -amount } }),
          event('dose-given', { drug: text, given: { mg: amount }, route: text }),
          event('scale-score', { instrument: `${text}!`, total: amount, hoursAfterDose: -amount }),
          event('scale-score', { instrument: 'CADSS', total: amount, visit: text, hoursAfterDose: 1 }),
          event('participant-randomised', { date: text, stratum: text }),
          event('participant-randomised', { date: '2026-03-02', stratum: text }),
          correction('arm-assigned', { arm: text }, randomisation),
          correction(text, { arm: text }, randomisation),
          event(text, { arm: text }),
        ];
        for (const input of inputs) {
          const verdict = door.judge(input);
          expect(verdict.accepted).toBe(false);
          expect(JSON.stringify(verdict)).not.toContain(text);
          expect(JSON.stringify(verdict)).not.toContain(String(amount));
        }
      }),
    );
  });

  test('without a readable input is kept by its reasons, sealed or not', async () => {
    const door = await doorOf();
    await door.keepRejected([rejection('KARE-2', undefined), rejection('OPEN-1', undefined)]);
    for (const trial of ['KARE-2', 'OPEN-1']) {
      expect(await rejectedIn(trial)).toEqual([{ where: 'arms.ndjson:7', problems: [reason], receivedtime: stamp }]);
    }
  });

  test('however large, deep or wrong in however many ways, it stops nobody: what cannot be kept is said so', async () => {
    const door = await doorOf();
    const at = { source: '/trials/KARE-2/sites/GB-01' };
    let deep: unknown = {};
    for (let depth = 0; depth < 200_000; depth += 1) deep = { a: deep };
    const inputs = [
      event('visit-attended', { note: 'x'.repeat(1_500_000) }, at),
      event('visit-attended', deep, at),
      event('visit-attended', Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`field${n}`, n])), at),
      event('visit-attended', { ['x'.repeat(1_000_000)]: 1 }, at),
      event(
        'urine-screen',
        {
          results: Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`${n}${'é'.repeat(60_000)}`, 'positive'])),
        },
        at,
      ),
      event('visit-attended', { note: '\u0001'.repeat(200_000) }, at),
    ];
    for (const trial of ['KARE-2', 'OPEN-1']) {
      const sent = inputs.map((input, n): Rejection => {
        const verdict = door.judge({ ...input, source: `/trials/${trial}/sites/GB-01` });
        if (verdict.accepted) throw new Error('accepted');
        return { trial, where: `f:${n}`, problems: verdict.problems, input };
      });
      await door.keepRejected(sent);
      const kept = await rejectedIn(trial);
      expect(kept.map(({ where }) => where)).toEqual(sent.map(({ where }) => where));
      expect(kept.map(({ omitted }) => omitted !== undefined)).toEqual([true, true, false, true, true, true]);
      expect(kept[2].problems).toHaveLength(51);
      expect(kept[2].problems.at(-1)).toEqual({ path: '', message: 'has 19950 problems more' });
    }
  });
});

test('whatever the door accepts it can admit, and the log gives the same event back', async () => {
  const door = await doorOf();
  const short = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
  const readable = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((text) => /^\P{Cc}+$/u.test(text));
  const observation = fc.oneof(
    fc.record({
      type: fc.constant('visit-missed'),
      data: fc.record({ visit: fc.constant('W04'), reason: short }, { noNullPrototype: true }),
    }),
    fc.record({
      type: fc.constant('participant-left'),
      data: fc.record({ how: fc.constant('died'), reason: short }, { noNullPrototype: true }),
    }),
    fc.record({
      type: fc.constant('participant-enrolled'),
      data: fc.record(
        {
          consentDate: fc.constant('2026-02-01'),
          baseline: fc.dictionary(
            fc.stringMatching(/^[a-z]{1,5}$/),
            fc.oneof(short, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean()),
            { noNullPrototype: true },
          ),
        },
        { noNullPrototype: true },
      ),
    }),
    fc.record({
      type: fc.constant('dose-given'),
      data: fc.record(
        {
          drug: short,
          given: fc.record({ mg: fc.double({ min: 0, max: 1e6, noNaN: true }) }, { noNullPrototype: true }),
        },
        { noNullPrototype: true },
      ),
    }),
  );
  let offsets = await log.ends('KARE-2.events');
  await fc.assert(
    fc.asyncProperty(
      fc.array(observation, { minLength: 1, maxLength: 10 }),
      fc.array(readable, { minLength: 10, maxLength: 10 }),
      async (observations, ids) => {
        const sent = observations.map(({ type, data }, n) => event(type, data, { id: `${ids[n]}`.slice(0, 100) }));
        await door.admit(sent.map((input) => accepted(door, input)));
        const partition = partitionOf('GB-01-0042', 3);
        const records = await log.read('KARE-2.events', partition, offsets[partition] ?? 0, {
          records: 1_000,
          bytes: 1e9,
        });
        offsets = await log.ends('KARE-2.events');
        expect(records).toHaveLength(sent.length);
        for (const [n, { value }] of records.entries()) {
          const text = Buffer.from(value).toString();
          const stored = JSON.parse(text) as HoldfastEvent;
          const whole =
            stored.type === 'org.holdfast.sealed.v1' ? { ...stored, ...((await unsealed(text)) as object) } : stored;
          expect(canonicalJson(whole)).toBe(canonicalJson({ ...sent[n], receivedtime: stamp }));
        }
      },
    ),
    { numRuns: 40 },
  );
});
