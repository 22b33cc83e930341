import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type EventLog, LogFull } from '@holdfast/log';
import { publishKey, rejectedTopic, topicsOf } from '@holdfast/trials';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inFolder, type SmallFiles } from '../../../../packages/tables/testing/small-import.ts';
import { readRejections } from '../rejections.ts';
import { event, protocol, type TestDrop, testDrop, type Watched } from './fixtures/test-drop.ts';

let drop: TestDrop;
beforeEach(async () => {
  drop = await testDrop();
});
afterEach(() => drop.close());

const lines = (events: readonly object[]) => events.map((one) => `${JSON.stringify(one)}\n`).join('');
const ids = (events: readonly { id: string }[]) => events.map(({ id }) => id).sort();
const idsOf = (events: readonly object[]) => ids(events as { id: string }[]);
const some = (count: number) => Array.from({ length: count }, () => event());
/** A rejected event: it lacks its results. */
const bad = (changes: object = {}) => event({ data: {}, ...changes });

/** Takes in what was put there: it must lie unchanged between two looks. */
async function taken(watched: Watched): Promise<void> {
  await watched.look();
  await watched.look();
}

async function delivered(name: string, content: string | Uint8Array): Promise<Watched> {
  const watched = await drop.watch();
  await drop.put(name, content);
  await taken(watched);
  expect(watched.failures).toEqual([]);
  expect([...(await drop.lying('incoming')), ...(await drop.lying('working'))]).toEqual([]);
  return watched;
}

/** Puts a folder of small tables with their mapping into `incoming`. */
const putTables = (name: string, files: SmallFiles = {}) =>
  inFolder(files, async ({ directory }) => cp(directory, drop.path('incoming', name), { recursive: true }));

describe('a delivery', () => {
  test.each<[string, (events: readonly object[]) => string]>([
    ['NDJSON', lines],
    ['a JSON array', (events) => JSON.stringify(events)],
  ])('of events as %s is taken in, and its receipt says so', async (_, written) => {
    const events = some(5);
    const watched = await delivered('gb 01 – März.ndjson', written(events));
    expect(ids(await drop.eventsOf('DEMO-2X2'))).toEqual(idsOf(events));
    const receipt = await drop.receiptIn('done');
    expect(watched.receipts).toEqual([receipt]);
    expect(receipt).toMatchObject({
      name: 'gb 01 – März.ndjson',
      kind: 'events',
      accepted: 5,
      rejected: 0,
      sameAs: [],
      files: [{ file: 'gb 01 – März.ndjson', bytes: Buffer.byteLength(written(events)), sha256: receipt.sha256 }],
    });
    const sum = execFileSync('sha256sum', [drop.path('done', receipt.id, 'delivered', receipt.name)], {
      encoding: 'utf8',
    });
    expect(sum).toContain(receipt.sha256);
    const records = receipt.appended.reduce((all, { first, last }) => all + last - first + 1, 0);
    expect(records).toBe(5);
  });

  test('may be a single event, written over several lines', async () => {
    await delivered('one.json', JSON.stringify(event(), null, 2));
    expect(await drop.receiptIn('done')).toMatchObject({ accepted: 1 });
  });

  test('larger than what is made durable at once is taken in whole', async () => {
    const events = some(4_500);
    await delivered('many.ndjson', lines(events));
    expect(await drop.receiptIn('done')).toMatchObject({ accepted: 4_500, rejected: 0 });
    expect(await drop.eventsOf('DEMO-2X2')).toHaveLength(4_500);
  });

  test('may speak for any source, arms included: who may write into the folder is trusted with the store', async () => {
    const arm = event({
      source: '/trials/DEMO-2X2/randomisation',
      type: 'org.holdfast.arm-assigned.v1',
      data: { arm: 'Ketamine + therapy' },
    });
    const other = event({ source: '/trials/DEMO-2X2/sites/GB-02' });
    await delivered('arms.ndjson', lines([arm, other]));
    expect(await drop.receiptIn('done')).toMatchObject({ accepted: 2 });
    const records = await drop.recordsOf('DEMO-2X2.events');
    expect(records).toHaveLength(2);
    expect(records.join()).not.toContain('Ketamine');
  });

  test('with rejected events fails, and what was accepted of it stays in; mended, the rest is taken in too', async () => {
    const [good, wrong, other] = [event(), bad(), event()];
    const watched = await delivered('week.ndjson', lines([good, wrong, other]));
    expect(ids(await drop.eventsOf('DEMO-2X2'))).toEqual(idsOf([good, other]));
    const receipt = await drop.receiptIn('failed');
    expect(receipt).toMatchObject({ accepted: 2, rejected: 1, toMend: 1 });
    expect(receipt.rejections).toEqual([
      { where: `${receipt.delivery}/week.ndjson:2`, problems: [{ path: 'data.results', message: expect.any(String) }] },
    ]);
    const file = drop.path('failed', receipt.id, 'rejected.ndjson');
    expect(await readFile(file, 'utf8')).toBe(lines([wrong]));

    const mended = (await readFile(file, 'utf8')).replace('"data":{}', '"data":{"results":{"alcohol":"negative"}}');
    await drop.put('rejected.ndjson', mended);
    await taken(watched);
    expect(await drop.receiptIn('done')).toMatchObject({ name: 'rejected.ndjson', accepted: 1, rejected: 0 });
    expect(ids(await drop.eventsOf('DEMO-2X2'))).toEqual(idsOf([good, wrong, other]));
  });

  test('has its rejected lines kept as they stood; of an array those that say one thing', async () => {
    const twice = JSON.stringify(event()).replace('"subject"', '"id":"other","subject"');
    const latin1 = Buffer.from(`{"id":"é"}\n`, 'latin1');
    await delivered('lines.ndjson', Buffer.concat([Buffer.from(`${twice}\n`), latin1, Buffer.from('not JSON\n')]));
    const ofLines = await drop.receiptIn('failed');
    const kept = await readFile(drop.path('failed', ofLines.id, 'rejected.ndjson'));
    expect(kept).toEqual(Buffer.concat([Buffer.from(`${twice}\n`), latin1, Buffer.from('not JSON\n')]));
    await rm(drop.path('failed', ofLines.id), { recursive: true });

    const wrong = bad();
    await delivered('array.json', `[${twice},${JSON.stringify(wrong)}]`);
    const ofArray = await drop.receiptIn('failed');
    expect(ofArray).toMatchObject({ rejected: 2, toMend: 1 });
    expect(await readFile(drop.path('failed', ofArray.id, 'rejected.ndjson'), 'utf8')).toBe(lines([wrong]));
  });

  test('may be a folder of tables with its mapping; the clock of a trial that is over is turned', async () => {
    const watched = await drop.watch();
    await putTables('export');
    await taken(watched);
    const receipt = await drop.receiptIn('done');
    expect(receipt).toMatchObject({ kind: 'tables', name: 'export', rejected: 0 });
    expect(receipt.tables).toContainEqual({ file: 'uds.csv', read: 3, used: 3, filtered: 0, rejected: 0 });
    const events = await drop.eventsOf('T-0001');
    expect(events.filter(({ type }) => type === 'org.holdfast.day-turned.v1')).toHaveLength(1);
    expect(events).toHaveLength(receipt.accepted + 1);
  });

  test('of tables with rejected rows fails, and says of each row why', async () => {
    const watched = await drop.watch();
    await putTables('export', { tables: { 'uds.csv': 'who,what,when\n1,Opioid,5\n1,Sugar,6\n2,Cocaine,then\n' } });
    await taken(watched);
    const receipt = await drop.receiptIn('failed');
    expect(receipt.accepted).toBeGreaterThan(0);
    const rows = await readFile(drop.path('failed', receipt.id, 'rejected.csv'), 'utf8');
    expect(rows.split('\n')).toEqual([
      'file,line,type,field,reason',
      expect.stringContaining('uds.csv,3,'),
      expect.stringContaining('uds.csv,4,'),
      '',
    ]);
  });

  test('that came before is taken in again, counts once, and its receipt names the earlier one', async () => {
    const events = some(3);
    const watched = await delivered('a.ndjson', lines(events));
    const first = await drop.receiptIn('done');
    await drop.put('b.ndjson', lines(events));
    await taken(watched);
    expect(watched.receipts[1]).toMatchObject({ name: 'b.ndjson', accepted: 3, sameAs: [first.id] });
    expect(await drop.eventsOf('DEMO-2X2')).toHaveLength(3);
  });
});

test('what two deliveries of the same name have at the same line is listed for each of them', async () => {
  const watched = await drop.watch();
  for (const text of ['not JSON\n', 'not JSON either\n']) {
    await drop.put('export.ndjson', text);
    await taken(watched);
  }
  const listed = await readRejections(drop.log, undefined);
  expect(listed.map(({ where }) => where)).toEqual(
    watched.receipts.map(({ delivery }) => `${delivery}/export.ndjson:1`),
  );
});

describe('what is not whole yet', () => {
  test('is left alone while it grows', async () => {
    const watched = await drop.watch();
    const events = some(3);
    for (let count = 1; count <= 3; count += 1) {
      await drop.put('growing.ndjson', lines(events.slice(0, count)));
      await watched.look();
      expect(await drop.lying('incoming')).toEqual(['growing.ndjson']);
    }
    expect(await watched.waiting()).toBe(1);
    await watched.look();
    expect(await drop.receiptIn('done')).toMatchObject({ accepted: 3 });
    expect(await watched.waiting()).toBe(0);
  });

  test.each(['.hidden.ndjson', 'events.ndjson.part', 'EVENTS.TMP'])('is %s by its name', async (name) => {
    const watched = await drop.watch();
    await drop.put(name, lines([event()]));
    await taken(watched);
    expect(await drop.lying('incoming')).toEqual([name]);
    expect(await watched.waiting()).toBe(0);
    await rename(drop.path('incoming', name), drop.path('incoming', 'events.ndjson'));
    await taken(watched);
    expect(await drop.receiptIn('done')).toMatchObject({ accepted: 1 });
  });

  test('is a folder without its mapping: that comes last', async () => {
    const watched = await drop.watch();
    await putTables('export');
    const mapping = drop.path('incoming', 'export', 'mapping.yaml');
    const text = await readFile(mapping);
    await rm(mapping);
    await taken(watched);
    await taken(watched);
    expect(await drop.lying('incoming')).toEqual(['export']);
    expect(watched.left).toEqual([expect.stringContaining('mapping.yaml')]);
    await writeFile(mapping, text);
    await taken(watched);
    expect(await drop.receiptIn('done')).toMatchObject({ kind: 'tables' });
  });

  test('and changes while it is read, is read again from its beginning', async () => {
    const events = some(3);
    let isFirst = true;
    const watched = await drop.watch((log) => ({
      ...log,
      async append(topic, records) {
        const [stamp = ''] = await drop.lying('working');
        if (isFirst) await writeFile(drop.path('working', stamp, 'delivered', 'slow.ndjson'), lines(events));
        isFirst = false;
        return log.append(topic, records);
      },
    }));
    await drop.put('slow.ndjson', lines(events.slice(0, 1)));
    await taken(watched);
    expect(watched.failures).toHaveLength(1);
    await taken(watched);
    await taken(watched);
    expect(await drop.receiptIn('done')).toMatchObject({ accepted: 3 });
    expect(ids(await drop.eventsOf('DEMO-2X2'))).toEqual(idsOf(events));
  });
});

describe('what cannot be used', () => {
  /** Takes in all of them in one go; answers the receipt of each. */
  async function receiptsOf(contents: Readonly<Record<string, string | Uint8Array>>) {
    const watched = await drop.watch();
    for (const [name, content] of Object.entries(contents)) await drop.put(name, content);
    await taken(watched);
    expect(watched.failures).toEqual([]);
    expect(await drop.eventsOf('DEMO-2X2')).toEqual([]);
    const receipts = new Map(watched.receipts.map((receipt) => [receipt.name, receipt]));
    expect([...receipts.keys()].sort()).toEqual(Object.keys(contents).sort());
    expect(await drop.lying('failed')).toEqual(watched.receipts.map(({ id }) => id).sort());
    return receipts;
  }

  test('fails as a whole, and is listed', async () => {
    const why = {
      empty: /holds no event/,
      'blank lines': /holds no event/,
      'empty array': /holds no event/,
      packed: /is not text: unpack it/,
      'UTF-16': /write it as UTF-8/,
      zeros: /is not text/,
    };
    const receipts = await receiptsOf({
      empty: '',
      'blank lines': '\n \n\r\n',
      'empty array': '[]',
      packed: gzipSync(lines([{ a: 1 }])),
      'UTF-16': Buffer.from('\uFEFF{"a":1}\n', 'utf16le'),
      zeros: Buffer.alloc(100_000),
    });
    for (const [name, reason] of Object.entries(why))
      expect(receipts.get(name)).toMatchObject({
        accepted: 0,
        rejected: 0,
        toMend: 0,
        problem: expect.stringMatching(reason),
      });
    const listed = (await readRejections(drop.log, undefined)).map(({ where, problems }) => [where, problems]);
    const told = [...receipts].map(([name, { delivery, problem }]) => [
      `${delivery}/${name}`,
      [{ path: '', message: problem }],
    ]);
    expect(listed.sort()).toEqual(told.sort());
  });

  test('event by event is rejected and listed', async () => {
    const why = {
      'long line': /is longer than 2000000 bytes/,
      'cut off': /is not JSON/,
      'Latin-1': /is not UTF-8/,
      noise: /is not UTF-8/,
      'large array': /an array of more than 32000000 bytes/,
      'array cut off': /is not JSON/,
      'unknown trial': /is not published here/,
      'own records': /./,
    };
    const receipts = await receiptsOf({
      'long line': `"${'x'.repeat(10_000_000)}"\n`,
      'cut off': JSON.stringify(event()).slice(0, -20),
      'Latin-1': Buffer.from('{"id":"\xE9"}\n', 'latin1'),
      noise: Buffer.from(Array.from({ length: 1_000 }, (_, i) => 128 + (i % 128))),
      'large array': `[${' '.repeat(33_000_000)}]`,
      'array cut off': `[${JSON.stringify(event())},`,
      'unknown trial': lines([event({ source: '/trials/NONE/sites/GB-01' })]),
      'own records': lines([event({ type: 'org.holdfast.day-turned.v1' })]),
    });
    const told = [...receipts].flatMap(([name, { rejections, accepted, rejected }]) => {
      expect([name, accepted, rejected]).toEqual([name, 0, 1]);
      return rejections;
    });
    for (const [name, reason] of Object.entries(why)) {
      const { rejections: [rejection] = [], delivery } = receipts.get(name) ?? {};
      expect(rejection?.where.startsWith(`${delivery}/${name}`)).toBe(true);
      expect(rejection?.problems[0]?.message).toMatch(reason);
    }
    const listed = [...(await readRejections(drop.log, undefined)), ...(await readRejections(drop.log, protocol()))];
    expect(listed.map(({ where }) => where).sort()).toEqual(told.map(({ where }) => where).sort());
  });

  test('such as a link, or anything that is no file, is never followed or opened', async () => {
    const watched = await drop.watch();
    const outside = join(drop.folder, 'outside.ndjson');
    await writeFile(outside, lines([event()]));
    await symlink(outside, drop.path('incoming', 'link.ndjson'));
    execFileSync('mkfifo', [drop.path('incoming', 'pipe.ndjson')]);
    await putTables('export');
    await rm(drop.path('incoming', 'export', 'uds.csv'));
    await symlink(outside, drop.path('incoming', 'export', 'uds.csv'));
    await taken(watched);
    expect(watched.receipts.map(({ name, problem }) => [name, problem])).toEqual([
      ['export', expect.stringContaining('uds.csv in it is neither a file nor a folder')],
      ['link.ndjson', expect.stringContaining('is neither a file nor a folder')],
      ['pipe.ndjson', expect.stringContaining('is neither a file nor a folder')],
    ]);
    expect(await drop.lying('failed')).toHaveLength(3);
    expect(existsSync(outside)).toBe(true);
    expect(await drop.eventsOf('DEMO-2X2')).toEqual([]);
  });

  test.each<[what: string, files: SmallFiles, why: RegExp]>([
    ['a mapping that is not YAML', { mapping: 'format: [' }, /is not YAML/],
    ['SQL that fails', { sql: { 'screen.sql': 'select nothing from nowhere' } }, /nowhere/],
    ['a table that is not there', { tables: { 'uds.csv': undefined } }, /holds no table uds/],
    ['SQL that reads a file', { sql: { 'screen.sql': "select * from read_csv('/etc/passwd')" } }, /./],
  ])('such as tables with %s fails as a whole, and what is listed quotes nothing', async (_, files, why) => {
    const watched = await drop.watch();
    await putTables('export', files);
    await taken(watched);
    expect(watched.failures).toEqual([]);
    const receipt = await drop.receiptIn('failed');
    expect(receipt).toMatchObject({ kind: 'tables', accepted: 0, problem: expect.stringMatching(why) });
    expect(await readRejections(drop.log, undefined)).toMatchObject([
      { where: `${receipt.delivery}/export`, problems: [{ message: expect.stringContaining('its receipt says why') }] },
    ]);
    expect(await drop.eventsOf('T-0001')).toEqual([]);
  });

  test('is never the name', async () => {
    const names = [
      ' a  b .ndjson',
      'Προσωπικό 数据 🧪.ndjson',
      'a..b....ndjson',
      'a\nb.ndjson',
      'receipt.json',
      `${'n'.repeat(243)}.ndjson`,
      '--replay',
      '*?[a]$(id).ndjson',
      '__proto__',
    ];
    const watched = await drop.watch();
    for (const name of names) await drop.put(name, lines([event(), bad()]));
    await taken(watched);
    expect(watched.receipts.map(({ name }) => name).sort()).toEqual(names.toSorted());
    for (const { id, delivery, name, accepted, rejections } of watched.receipts) {
      expect([accepted, rejections.map(({ where }) => where)]).toEqual([
        1,
        [`${delivery}/${name.replace('\n', '?')}:2`],
      ]);
      expect((await readdir(drop.path('failed', id))).sort()).toEqual(['delivered', 'receipt.json', 'rejected.ndjson']);
      expect(await readdir(drop.path('failed', id, 'delivered'))).toEqual([name]);
    }
  });

  test('stops nothing that comes after it', async () => {
    const watched = await drop.watch();
    await drop.put('1.ndjson', Buffer.alloc(10));
    await drop.put('2.ndjson', lines([event()]));
    await taken(watched);
    expect(watched.receipts.map(({ outcome }) => outcome)).toEqual(['failed', 'done']);
  });

  test('vanishes before it is claimed, and nothing is said of it', async () => {
    const watched = await drop.watch();
    await drop.put('gone.ndjson', lines([event()]));
    await watched.look();
    await rm(drop.path('incoming', 'gone.ndjson'));
    await taken(watched);
    expect(watched).toMatchObject({ failures: [], receipts: [], left: [] });
    expect(await drop.lying('working')).toEqual([]);
  });
});

describe('exactly once', () => {
  const events = [...some(2_100), bad()];
  const content = lines(events);
  const accepted = idsOf(events.slice(0, -1));

  /** After whatever happened: all is in, once, and one receipt says so. */
  async function allIsIn(watched: Watched): Promise<void> {
    await taken(watched);
    expect(await drop.receiptIn('failed')).toMatchObject({
      name: 'big.ndjson',
      accepted: 2_100,
      rejected: 1,
      toMend: 1,
    });
    expect(ids(await drop.eventsOf('DEMO-2X2'))).toEqual(accepted);
    expect(await readRejections(drop.log, protocol())).toHaveLength(1);
    for (const room of ['incoming', 'working', 'done'] as const) expect(await drop.lying(room)).toEqual([]);
    expect(await readFile(drop.path('failed', (await drop.lying('failed'))[0] ?? '', 'rejected.ndjson'), 'utf8')).toBe(
      lines(events.slice(-1)),
    );
  }

  const stamp = '20260701T080000000Z';
  const claimed = async () => {
    await mkdir(drop.path('working', stamp, 'delivered'), { recursive: true });
    await rename(drop.path('incoming', 'big.ndjson'), drop.path('working', stamp, 'delivered', 'big.ndjson'));
  };
  test.each<[step: string, reach: () => Promise<void>]>([
    ['its folder in working is made', async () => void (await mkdir(drop.path('working', stamp)))],
    [
      'the room for it is made',
      async () => void (await mkdir(drop.path('working', stamp, 'delivered'), { recursive: true })),
    ],
    ['it is claimed', claimed],
    [
      'the lines to mend are half written',
      async () => {
        await claimed();
        await writeFile(drop.path('working', stamp, 'rejected.ndjson'), '{"half":');
      },
    ],
    [
      'the receipt is half written',
      async () => {
        await claimed();
        await writeFile(drop.path('working', stamp, 'receipt.json.part'), '{"form');
      },
    ],
  ])('holds when it is killed when %s', async (_, reach) => {
    await (await drop.watch()).stop();
    await drop.put('big.ndjson', content);
    await reach();
    await allIsIn(await drop.watch());
  });

  test('holds when it is killed when the receipt is there: then nothing is read again', async () => {
    const first = await delivered('big.ndjson', content);
    await first.stop();
    const { id } = await drop.receiptIn('failed');
    await rename(drop.path('failed', id), drop.path('working', stamp));
    const records = await drop.recordsOf('DEMO-2X2.events');
    await allIsIn(await drop.watch());
    expect(await drop.recordsOf('DEMO-2X2.events')).toHaveLength(records.length);
  });

  // Two appends of events, and one of what was rejected: a kill before each, and after each before anybody is told.
  const kills = [1, 2, 3].flatMap((at) => (['before', 'after'] as const).map((when) => [when, at] as const));
  test.each(kills)('holds when it is killed %s append %i', async (when, at) => {
    let appends = 0;
    let reached: () => void = () => undefined;
    const isReached = new Promise<void>((resolve) => {
      reached = resolve;
    });
    let end: (error: Error) => void = () => undefined;
    const dead = new Promise<never>((_, reject) => {
      end = reject;
    });
    const dying = (log: EventLog): EventLog => ({
      ...log,
      async append(topic, records) {
        appends += 1;
        const isDying = appends >= at;
        if (isDying && when === 'before') reached();
        else {
          const offsets = await log.append(topic, records);
          if (!isDying) return offsets;
          reached();
        }
        return dead;
      },
    });
    await (await drop.watch()).stop();
    await drop.put('big.ndjson', content);
    await claimed();
    const killed = drop.watch(dying);
    await isReached;
    expect(await drop.lying('working')).toEqual([stamp]);
    await allIsIn(await drop.watch());
    // Only now it gives back what it held.
    end(new LogFull('dead'));
    await killed;
  });

  test('holds when it is stopped in the middle, which takes no longer than what it is at', async () => {
    let stopped: Promise<void> | undefined;
    const first = await drop.watch((log) => ({
      ...log,
      async append(topic, records) {
        stopped ??= first.stop();
        return log.append(topic, records);
      },
    }));
    await drop.put('big.ndjson', content);
    await taken(first);
    await stopped;
    expect(await drop.lying('working')).toHaveLength(1);
    expect(first).toMatchObject({ failures: [], receipts: [] });
    await allIsIn(await drop.watch());
  });

  test('holds when the log is full, and is tried again until there is room', async () => {
    let isFull = true;
    const watched = await drop.watch((log) => ({
      ...log,
      async append(topic, records) {
        if (isFull) throw new LogFull('no room');
        return log.append(topic, records);
      },
    }));
    await drop.put('big.ndjson', content);
    await drop.put('small.ndjson', lines([event()]));
    await taken(watched);
    expect(watched.failures.map(({ error }) => (error as Error).name)).toEqual(['LogFull', 'LogFull']);
    const waiting = await drop.lying('working');
    expect(waiting).toHaveLength(2);
    // Nobody died of these tries.
    for (const one of waiting) expect(await readdir(drop.path('working', one))).not.toContain('tries');
    isFull = false;
    await taken(watched);
    await taken(watched);
    expect(watched.receipts.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['big.ndjson', 'failed'],
      ['small.ndjson', 'done'],
    ]);
    expect(await drop.lying('working')).toEqual([]);
  });

  test('holds when the log is full in the middle, and what was appended by then is not appended again', async () => {
    let tries = 0;
    const watched = await drop.watch((log) => ({
      ...log,
      async append(topic, records) {
        if (topic === topicsOf(protocol()).rejected.name && ++tries <= 3) throw new LogFull('no room');
        return log.append(topic, records);
      },
    }));
    await drop.put('big.ndjson', content);
    // It is left alone for twice as many rounds each time.
    for (let round = 0; round < 20; round += 1) await watched.look();
    expect(watched.failures).toHaveLength(3);
    expect(await drop.recordsOf(topicsOf(protocol()).events.name)).toHaveLength(2_100);
    const { appended } = await drop.receiptIn('failed');
    expect(appended.reduce((all, { first, last }) => all + last - first + 1, 0)).toBe(2_100);
    await allIsIn(watched);
  });

  test.each([
    [4, 'done', undefined],
    [5, 'failed', expect.stringMatching(/ended the server 5 times in a row/)],
  ] as const)('holds when the server died of it %i times: then it is %s', async (deaths, outcome, problem) => {
    await (await drop.watch()).stop();
    await mkdir(drop.path('working', stamp, 'delivered'), { recursive: true });
    await writeFile(drop.path('working', stamp, 'delivered', 'deadly.ndjson'), lines([event()]));
    await writeFile(drop.path('working', stamp, 'tries'), `${deaths}\n`);
    const { receipts } = await drop.watch();
    expect(receipts).toMatchObject([{ outcome, accepted: outcome === 'done' ? 1 : 0 }]);
    expect(receipts[0]?.problem).toEqual(problem);
    expect(await readdir(drop.path(outcome, receipts[0]?.id ?? ''))).not.toContain('tries');
  });

  test('is not tried for ever where the fault is ours: it fails, and says so without quoting anything', async () => {
    const watched = await drop.watch((log) => ({
      ...log,
      async append(topic, records) {
        if (topic === topicsOf(protocol()).events.name) throw new TypeError('GB-01-0042 is undefined');
        return log.append(topic, records);
      },
    }));
    await drop.put('defect.ndjson', lines([event()]));
    await taken(watched);
    expect(watched.failures).toHaveLength(1);
    const receipt = await drop.receiptIn('failed');
    expect(receipt.problem).toMatch(/defect of Holdfast/);
    expect(receipt.problem).not.toContain('GB-01-0042');
  });
});

describe('a double-blind trial', () => {
  test('without its key waits; others do not', async () => {
    await drop.close();
    drop = await testDrop({ keyless: true });
    const watched = await drop.watch();
    await drop.put('blind.ndjson', lines([event({ type: 'org.holdfast.arm-assigned.v1', data: { arm: 'X' } })]));
    await drop.put('open.ndjson', lines([event({ source: '/trials/OPEN-1/sites/GB-01' })]));
    await taken(watched);
    expect(watched.receipts.map(({ name, accepted }) => [name, accepted])).toEqual([['open.ndjson', 1]]);
    expect(await watched.waiting()).toBe(1);
    await publishKey(drop.log, drop.key);
    await expect
      .poll(async () => {
        await watched.look();
        return watched.receipts.map(({ name }) => name);
      })
      .toEqual(['open.ndjson', 'blind.ndjson']);
  });

  test('has nothing closed in its topics, nor in a receipt, whatever was rejected', async () => {
    const secret = 'KETAMINE-SECRET';
    await delivered(
      'closed.ndjson',
      lines([
        event({ type: 'org.holdfast.arm-assigned.v1', data: { arm: secret } }),
        event({ data: { results: { [secret]: 'negative' } } }),
        event({ type: 'org.holdfast.arm-assigned.v1', data: { [secret]: secret }, source: '/trials/NONE/x' }),
        event({ [secret.toLowerCase()]: 1 }),
      ]),
    );
    const receipt = await drop.receiptIn('failed');
    expect(receipt.rejected).toBeGreaterThan(0);
    const topics = [rejectedTopic.name, ...Object.values(topicsOf(protocol())).map(({ name }) => name)];
    const all = (await Promise.all(topics.map(drop.recordsOf))).flat();
    expect([...all, JSON.stringify(receipt)].join('\n').toUpperCase()).not.toContain(secret);
  });
});

test('its rooms are made for their owner alone', async () => {
  await drop.watch();
  for (const room of ['incoming', 'working', 'done', 'failed'] as const)
    expect(((await lstat(drop.path(room))).mode & 0o777).toString(8)).toBe('700');
});

test('a folder that goes away is said once, and taken up again when it is back', async () => {
  const watched = await drop.watch();
  await rename(drop.folder, `${drop.folder}-away`);
  await taken(watched);
  await taken(watched);
  expect(watched.failures).toHaveLength(1);
  await rename(`${drop.folder}-away`, drop.folder);
  await drop.put('back.ndjson', lines([event()]));
  await taken(watched);
  expect(await drop.receiptIn('done')).toMatchObject({ accepted: 1 });
});
