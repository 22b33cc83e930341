import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTrialKey } from '@holdfast/access';
import { civilDay, Protocol } from '@holdfast/events';
import type { EventLog } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  PublishRefused,
  publishKey,
  publishProtocol,
  readIgnored,
  readTrialAt,
  readTrials,
  trialLogs,
} from './registry.ts';
import { registryTopic, topicsOf } from './topics.ts';

const protocol = (changes: object = {}): Protocol =>
  Protocol.parse({
    format: 'holdfast-protocol/1',
    trial: 'KARE-2',
    version: 1,
    title: 'A trial',
    blinding: 'double',
    clock: 'live',
    partitions: 3,
    plannedFollowUp: 90,
    arms: [{ id: 'ketamine' }, { id: 'saline' }],
    sites: ['GB-01'],
    substances: [{ id: 'alcohol' }],
    measures: [
      { id: 'first', kind: 'first-use', substances: ['alcohol'], evidence: 'any-positive', windows: [28], horizon: 84 },
    ],
    ...changes,
  });

let root: string;
let log: EventLog;
const open = () => embeddedEventLog({ dir: join(root, 'log'), closedDir: join(root, 'closed') });

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hf-registry-'));
  log = await open();
});
afterEach(async () => {
  await log.close();
  await rm(root, { recursive: true });
});

/** How many records the registry holds: what changes nothing writes nothing. */
const written = async () => (await log.ends(registryTopic.name))[0];
const versions = async (trial = 'KARE-2') => (await readTrials(log)).get(trial)?.versions.map(({ version }) => version);

async function refusal(changes: object): Promise<string> {
  const before = await written();
  const error: unknown = await publishProtocol(log, protocol(changes)).catch((thrown: unknown) => thrown);
  if (!(error instanceof PublishRefused) || error.code !== 'HF_PUBLISH_REFUSED')
    throw new Error(`not refused: ${error}`);
  expect(await written()).toBe(before);
  return error.message;
}

describe('publishing a protocol', () => {
  test('a store in which nothing was ever published knows no trial', async () => {
    expect(await readTrials(log)).toEqual(new Map());
  });

  test('makes the trial known, with its topics, also after the log is opened anew', async () => {
    const at = '2026-03-02T10:15:00.000Z';
    expect(await publishProtocol(log, protocol(), new Date(at))).toBe('published');
    await log.close();
    log = await open();
    const known = { protocol: protocol(), versions: [protocol()], publishedAt: new Map([[1, at]]), key: undefined };
    expect(await readTrials(log)).toEqual(new Map([['KARE-2', known]]));
    const topics = Object.values(topicsOf(protocol()));
    expect(await log.topics()).toEqual(expect.arrayContaining([registryTopic, ...topics]));
    expect(topics.filter(({ access }) => access === 'closed').map(({ name }) => name)).toEqual([
      'KARE-2.tallies.closed',
      'KARE-2.audit',
    ]);
    expect(await log.ends('KARE-2.events')).toEqual([0, 0, 0]);
  });

  test('again, the same, changes nothing; the order of its fields does not matter', async () => {
    await publishProtocol(log, protocol());
    const turned = Object.fromEntries(Object.entries(protocol()).reverse()) as Protocol;
    expect(await publishProtocol(log, protocol())).toBe('already published');
    expect(await publishProtocol(log, turned)).toBe('already published');
    expect(await written()).toBe(1);
  });

  test('an amendment is the next version; what was published before stays to be read', async () => {
    await publishProtocol(log, protocol());
    expect(await publishProtocol(log, protocol({ version: 2, sites: ['GB-01', 'GB-02'] }))).toBe('published');
    expect(await publishProtocol(log, protocol({ version: 5, sites: ['GB-01', 'GB-02', 'GB-03'] }))).toBe('published');
    expect(await versions()).toEqual([1, 2, 5]);
    expect((await readTrials(log)).get('KARE-2')?.protocol.sites).toEqual(['GB-01', 'GB-02', 'GB-03']);
    expect(await publishProtocol(log, protocol())).toBe('already published');
    expect((await readTrials(log)).get('KARE-2')?.protocol.version).toBe(5);
  });

  test.each([
    ['site', { sites: ['GB-02'] }, 'leaves out site "GB-01"'],
    ['closed types', { closed: ['urine-screen'] }, 'changes `closed`'],
  ])('an amendment cannot take away what events stand on: %s', async (_, change, reason) => {
    await publishProtocol(log, protocol());
    expect(await refusal({ version: 2, ...(change as object) })).toContain(reason);
  });

  test('a version that is published is never changed', async () => {
    await publishProtocol(log, protocol());
    await publishProtocol(log, protocol({ version: 2 }));
    for (const version of [1, 2]) {
      expect(await refusal({ version, title: 'Another' })).toBe(
        `version ${version} of KARE-2 is already published with other content; raise \`version\` to publish an amendment`,
      );
    }
  });

  test('a trial never goes back to a version before the newest', async () => {
    await publishProtocol(log, protocol({ version: 1 }));
    await publishProtocol(log, protocol({ version: 3 }));
    expect(await refusal({ version: 2 })).toBe(
      'version 2 of KARE-2 would go back: version 3 is published; raise `version` above it',
    );
  });

  test.each([
    [{ partitions: 4 }, 'changes `partitions` from 3 to 4, which is fixed for the life of a trial; put 3 back'],
    [
      { blinding: 'open' },
      'changes `blinding` from double to open, which is fixed for the life of a trial; put double back',
    ],
    [
      { clock: 'imported' },
      'changes `clock` from live to imported, which is fixed for the life of a trial; put live back',
    ],
  ])('an amendment cannot change what is fixed for the life of a trial: %j', async (changes, why) => {
    await publishProtocol(log, protocol());
    expect(await refusal({ version: 2, ...changes })).toBe(`version 2 of KARE-2 ${why}`);
    expect(await versions()).toEqual([1]);
  });

  test('trials do not disturb one another, whatever is the same in them', async () => {
    await publishProtocol(log, protocol());
    expect(await publishProtocol(log, protocol({ trial: 'KARE-3', partitions: 1, blinding: 'open' }))).toBe(
      'published',
    );
    await publishProtocol(log, protocol({ version: 2 }));
    expect([...(await readTrials(log)).keys()]).toEqual(['KARE-2', 'KARE-3']);
    expect([await versions('KARE-2'), await versions('KARE-3')]).toEqual([[1, 2], [1]]);
  });

  test('a registry of more records than are read at once is read whole', async () => {
    await publishProtocol(log, protocol());
    const other = protocol({ trial: 'OTHER' });
    const value = (version: number) =>
      new TextEncoder().encode(JSON.stringify({ kind: 'protocol', protocol: { ...other, version } }));
    await log.append(
      registryTopic.name,
      Array.from({ length: 2_500 }, (_, i) => ({ key: 'OTHER', value: value(i + 1) })),
    );
    await publishProtocol(log, protocol({ version: 2 }));
    expect((await versions('OTHER'))?.length).toBe(2_500);
    expect(await versions()).toEqual([1, 2]);
  });
});

describe('publishing a key', () => {
  test('makes it known with its trial, whichever was published first', async () => {
    const first = await createTrialKey('KARE-2');
    const other = await createTrialKey('KARE-3');
    await publishKey(log, other.published);
    await publishProtocol(log, protocol());
    await publishKey(log, first.published);
    await publishProtocol(log, protocol({ trial: 'KARE-3' }));
    await publishProtocol(log, protocol({ version: 2 }));
    const trials = await readTrials(log);
    expect([trials.get('KARE-2')?.key, trials.get('KARE-3')?.key]).toEqual([first.published, other.published]);
  });

  test('the same again, also after a restart, changes nothing', async () => {
    const { published } = await createTrialKey('KARE-2');
    await publishProtocol(log, protocol());
    await publishKey(log, published);
    await log.close();
    log = await open();
    await publishKey(log, published);
    expect(await written()).toBe(2);
  });

  test('another one is refused: what is sealed to the first would be lost', async () => {
    await publishProtocol(log, protocol());
    const first = await createTrialKey('KARE-2');
    await publishKey(log, first.published);
    const another = publishKey(log, (await createTrialKey('KARE-2')).published);
    await expect(another).rejects.toThrow(PublishRefused);
    await expect(another).rejects.toThrow(
      `KARE-2 already has key ${first.published.keyId}; what is sealed to it would be lost to another one`,
    );
    expect((await readTrials(log)).get('KARE-2')?.key).toEqual(first.published);
  });

  test('also holds before the protocol is published', async () => {
    await publishKey(log, (await createTrialKey('KARE-2')).published);
    await expect(publishKey(log, (await createTrialKey('KARE-2')).published)).rejects.toThrow(PublishRefused);
  });

  test('never writes the private half', async () => {
    const { key, published } = await createTrialKey('KARE-2');
    await publishKey(log, published);
    const [record] = await log.read(registryTopic.name, 0, 0, { records: 9, bytes: 9_000 });
    const text = Buffer.from(record?.value ?? []).toString();
    expect(text).toContain(key.publicKey);
    expect(Object.keys(JSON.parse(text).key).sort()).toEqual(['keyId', 'publicKey', 'trial']);
  });
});

describe('of two processes that publish at the same instant', () => {
  /** A record as the other process appends it, after looking at the same registry. */
  const append = async (content: object) => {
    await log.createTopic(registryTopic);
    const value = new TextEncoder().encode(JSON.stringify(content));
    await log.append(registryTopic.name, [{ key: 'KARE-2', value }]);
  };

  test('the first version that is valid counts, for every reader; the other is listed', async () => {
    await publishProtocol(log, protocol());
    await append({ kind: 'protocol', protocol: protocol({ version: 2, title: 'First' }) });
    await append({ kind: 'protocol', protocol: protocol({ version: 2, title: 'Second' }) });
    await append({ kind: 'protocol', protocol: protocol({ version: 3, partitions: 9 }) });
    await append({ kind: 'protocol', protocol: protocol({ version: 2, title: 'First' }) });
    const trial = (await readTrials(log)).get('KARE-2');
    expect(trial?.versions.map(({ title }) => title)).toEqual(['A trial', 'First']);
    expect(await readIgnored(log)).toEqual([
      { trial: 'KARE-2', what: 'version 2', reason: expect.stringContaining('already published with other content') },
      { trial: 'KARE-2', what: 'version 3', reason: expect.stringContaining('changes `partitions`') },
    ]);
  });

  test('really at the same instant: one is told that it is published, and only that one is', async () => {
    await publishProtocol(log, protocol());
    const titles = ['First', 'Second', 'Third'];
    const outcomes = await Promise.allSettled(
      titles.map((title) => publishProtocol(log, protocol({ version: 2, title }))),
    );
    const counting = (await readTrials(log)).get('KARE-2')?.versions.at(-1)?.title;
    const told = titles.filter((_, i) => outcomes[i]?.status === 'fulfilled');
    expect(told).toEqual([counting]);
  });

  test('the first key counts, also where two are published at once', async () => {
    const [first, second] = [await createTrialKey('KARE-2'), await createTrialKey('KARE-2')];
    const outcomes = await Promise.allSettled([publishKey(log, first.published), publishKey(log, second.published)]);
    await publishProtocol(log, protocol());
    const counting = (await readTrials(log)).get('KARE-2')?.key;
    const told = [first, second].filter((_, i) => outcomes[i]?.status === 'fulfilled');
    expect(told.map(({ published }) => published.keyId)).toEqual([counting?.keyId]);
  });
});

describe('the schedules of a trial', () => {
  test('hold from the day of publication in the trial’s zone, and stand with the protocol', async () => {
    const visits = (day: number) => ({ visits: [{ id: 'W4', day }] });
    await publishProtocol(log, protocol(visits(28)), new Date('2026-01-01T00:00:00Z'));
    const amended = protocol({ version: 2, timeZone: 'Pacific/Auckland', ...visits(30) });
    await publishProtocol(log, amended, new Date('2026-03-01T12:00:00Z'));
    const trial = (await readTrials(log)).get('KARE-2');
    expect(trial?.protocol.schedules?.map(({ version, from }) => [version, from])).toEqual([
      [1, undefined],
      [2, civilDay('2026-03-02')],
    ]);
    expect((await readTrialAt(log, 'KARE-2', 1))?.protocol).toEqual(protocol(visits(28)));
    expect(await readTrialAt(log, 'KARE-2', 3)).toBeUndefined();
  });
});

test('a look at a registry that gives nothing below its end passes nothing over', async () => {
  await publishProtocol(log, protocol());
  let lags = true;
  const lagging: EventLog = { ...log, read: async (...asked) => (lags ? [] : log.read(...asked)) };
  const logs = trialLogs(lagging);
  await expect(logs.look('KARE-2')).rejects.toMatchObject({ code: 'HF_LOG_UNAVAILABLE', retryable: true });
  lags = false;
  expect(await logs.look('KARE-2')).toEqual({ trial: 'KARE-2', partitions: 3, edition: 1 });
});
