import { cp, mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalEvent, Protocol } from '@holdfast/events';
import type { EventLog, GroupMember } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { cellsOf } from '@holdfast/tallies';
import { publishProtocol, readTallies, readTrials, topicsOf } from '@holdfast/trials';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Contradicted } from './folded.ts';
import { keeperOf } from './shard-keeper.ts';

const protocol = Protocol.parse({
  format: 'holdfast-protocol/1',
  trial: 'KARE-2',
  version: 1,
  title: 'A trial',
  blinding: 'open',
  clock: 'imported',
  partitions: 1,
  plannedFollowUp: 28,
  arms: [{ id: 'ketamine' }],
  sites: ['GB-01'],
  substances: [{ id: 'alcohol' }],
  measures: [
    { id: 'first', kind: 'first-use', substances: ['alcohol'], evidence: 'urine-only', windows: [7], horizon: 14 },
  ],
});
const { events, openTallies, closedTallies } = topicsOf(protocol);

let root: string;
let log: EventLog;
const keepers: GroupMember[] = [];
let contradicted: Contradicted[];
const open = () => embeddedEventLog({ dir: join(root, 'log'), closedDir: join(root, 'closed') });
beforeEach(async () => {
  contradicted = [];
  root = await mkdtemp(join(tmpdir(), 'hf-keeper-'));
  log = await open();
  await publishProtocol(log, protocol, new Date('2026-01-01T00:00:00Z'));
});
afterEach(async () => {
  for (const keeper of keepers.splice(0)) await keeper.revoked(0);
  await log.close();
  await rm(root, { recursive: true });
});

/** A worker on a machine of its own: its shards are in a folder of their own. */
async function worker(name: string, on: EventLog = log): Promise<GroupMember> {
  const trial = (await readTrials(on)).get('KARE-2');
  if (trial === undefined) throw new Error('the trial is published');
  const shards = join(root, name);
  const keeper = keeperOf({
    log: on,
    protocol: trial.protocol,
    key: undefined,
    shards,
    anew: false,
    watchMs: 20,
    onContradicted: (one) => contradicted.push(one),
  });
  keepers.push(keeper);
  return keeper;
}

let ids = 0;
async function randomise(...participants: readonly string[]): Promise<void> {
  for (const subject of participants) {
    for (const [type, data] of [
      ['participant-enrolled', { consentDate: '2026-01-05' }],
      ['participant-randomised', { date: '2026-01-06' }],
    ] as const) {
      ids += 1;
      const time = '2026-01-06T10:00:00+00:00';
      const source = '/trials/KARE-2/sites/GB-01';
      const event = {
        specversion: '1.0',
        id: `${ids}`,
        source,
        subject,
        type: `org.holdfast.${type}.v1`,
        time,
        recordedtime: time,
        data,
      };
      const value = Buffer.from(canonicalEvent(event as never, time));
      await log.append(events.name, [{ key: subject, value }]);
    }
  }
}

/** Gives a worker what it has not folded yet. */
async function fold(keeper: GroupMember, from: number): Promise<number> {
  const records = await log.read(events.name, 0, from, { records: 1_000, bytes: 1e9 });
  await keeper.batch(0, records);
  return (records.at(-1)?.offset ?? from - 1) + 1;
}

const read = async () => {
  const { tallies, positions } = await readTallies(log, protocol, 'closed');
  return { cells: cellsOf(tallies), offset: positions[0]?.offset };
};

test('a claim is made again as long as another owner speaks before it', async () => {
  await randomise('P-1', 'P-2');
  const trial = (await readTrials(log)).get('KARE-2');
  if (trial === undefined) throw new Error('the trial is published');
  // Another owner speaks before our second word and before our third.
  let said = 0;
  let foreign = 0;
  const disturbed: EventLog = {
    ...log,
    async append(topic, records) {
      const offsets = await log.append(topic, records);
      if (topic !== openTallies.name) return offsets;
      if (said === 1 || said === 2) foreign += 1;
      said += 1;
      return offsets.map((offset) => offset + foreign);
    },
  };
  const keeper = keeperOf({
    log: disturbed,
    protocol: trial.protocol,
    key: undefined,
    shards: join(root, 'disturbed'),
    anew: false,
  });
  keepers.push(keeper);
  await keeper.assigned(0);
  const next = await fold(keeper, 0);
  await randomise('P-3');
  await fold(keeper, next);
  // The claim on catching up, the difference, a claim since it was disturbed, and one more since that was disturbed too.
  expect(said).toBe(4);
  expect((await read()).offset).toBe(6);
});

describe('two workers that both believe that a shard is theirs', () => {
  test('a former owner that claims late is answered by a claim of who has the shard, though nothing else happens', async () => {
    const [former, owner] = [await worker('former'), await worker('owner')];
    await randomise('P-1');
    expect(await former.assigned(0)).toBe(0);
    await fold(former, 0);
    await randomise('P-2', 'P-3');
    // The former one stands still from here on, and the group has given its shard to another.
    await former.revoked(0);
    keepers.splice(keepers.indexOf(former), 1);
    await owner.assigned(0);
    await fold(owner, 0);
    const after = await read();
    expect(after.offset).toBe(6);
    // It wakes up and opens what it had: that is a claim, of what it knew.
    const woken = await worker('former');
    expect(await woken.assigned(0)).toBe(2);
    await vi.waitFor(async () => expect(await read()).toEqual(after), 20_000);
    await woken.revoked(0);
    keepers.splice(keepers.indexOf(woken), 1);
    // The last word of a side is the owner’s, and stays it.
    await vi.waitFor(async () => expect(await read()).toEqual(after), 20_000);
  });

  test('late differences of a former owner change nothing, and the owner’s next batch is followed by a claim', async () => {
    const [former, owner] = [await worker('former'), await worker('owner')];
    await randomise('P-1');
    await former.assigned(0);
    const known = await fold(former, 0);
    await owner.assigned(0);
    const next = await fold(owner, 0);
    await randomise('P-2');
    const before = await log.ends(closedTallies.name);
    await fold(former, known);
    await fold(owner, next);
    await vi.waitFor(async () => {
      expect((await log.ends(closedTallies.name))[0]).toBeGreaterThan((before[0] ?? 0) + 2);
      expect(await read()).toMatchObject({ offset: 4 });
    }, 20_000);
    expect((await log.ends(openTallies.name))[0]).toBeGreaterThan(0);
  });
});

test('records that are no events stop no shard: they are counted, and what comes with them counts', async () => {
  const trial = (await readTrials(log)).get('KARE-2');
  if (trial === undefined) throw new Error('the trial is published');
  const told: number[] = [];
  const keeper = keeperOf({
    log,
    protocol: trial.protocol,
    key: undefined,
    shards: join(root, 'shards'),
    anew: false,
    onFolded: ({ batch }) => told.push(batch?.foreign ?? 0),
  });
  keepers.push(keeper);
  await keeper.assigned(0);
  await randomise('P-1');
  for (const [key, text] of [
    ['', 'no JSON'],
    ['P-1', '{"type":"com.example.other.v1"}'],
    ['', ''],
  ] as const)
    await log.append(events.name, [{ key, value: Buffer.from(text) }]);
  await randomise('P-2');
  await fold(keeper, 0);
  expect(told.at(-1)).toBe(3);
  expect((await read()).offset).toBe(7);
});

test.runIf(process.platform === 'linux')(
  'a shard whose first claim cannot be published is closed: whoever opens it next has it alone',
  async () => {
    await randomise('P-1');
    const known = await worker('one');
    await known.assigned(0);
    await fold(known, 0);
    const before = await read();
    await known.revoked(0);
    keepers.splice(keepers.indexOf(known), 1);

    const failing = await worker('one', { ...log, append: () => Promise.reject(new Error('no log')) });
    keepers.splice(keepers.indexOf(failing), 1);
    await expect(failing.assigned(0)).rejects.toThrow('no log');
    const open = await Promise.all(
      (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
    );
    expect(open.filter((file) => file.startsWith(join(root, 'one')))).toEqual([]);

    const next = await worker('one');
    await next.assigned(0);
    expect(await read()).toEqual(before);
  },
);

describe('a log that was replaced by an older copy', () => {
  const copied = ['log', 'closed'];
  async function whileClosed(work: () => Promise<void>): Promise<void> {
    await log.close();
    await work();
    log = await open();
  }
  const backUp = () =>
    whileClosed(async () => {
      for (const part of copied) await cp(join(root, part), join(root, 'backup', part), { recursive: true });
    });
  const restore = () =>
    whileClosed(async () => {
      for (const part of copied) await rm(join(root, part), { recursive: true });
      for (const part of copied) await cp(join(root, 'backup', part), join(root, part), { recursive: true });
    });
  const closed = async (keeper: GroupMember) => {
    keepers.splice(keepers.indexOf(keeper), 1);
    await keeper.revoked(0);
  };

  beforeEach(async () => {
    await randomise('P-1');
    await backUp();
    await randomise('P-2', 'P-3');
    const before = await worker('one');
    await before.assigned(0);
    expect(await fold(before, 0)).toBe(6);
    await closed(before);
    await restore();
  });

  test.each([
    ['ends before what the shard took in', [], /has no record at offset 5/],
    ['has grown to where the shard stands, by other records', ['P-4', 'P-5'], /has another record at offset 5/],
    ['has grown beyond it', ['P-4', 'P-5', 'P-6'], /has another record at offset 5/],
  ])('%s: the shard is set aside, and holds what the log holds', async (_, since, why) => {
    await randomise(...since);
    const keeper = await worker('one');
    expect(await keeper.assigned(0)).toBe(0);
    expect(contradicted).toEqual([{ trial: 'KARE-2', partition: 0, offset: 6, why: expect.stringMatching(why) }]);
    expect((await readdir(join(root, 'one', 'KARE-2'))).filter((file) => file.endsWith('.contradicted'))).toHaveLength(
      1,
    );
    await fold(keeper, 0);
    const after = await read();
    await closed(keeper);

    const anew = await worker('another');
    await anew.assigned(0);
    await fold(anew, 0);
    expect(after).toEqual(await read());
    expect(after.offset).toBe(2 + 2 * since.length);
    await closed(anew);

    const again = await worker('one');
    expect(await again.assigned(0)).toBe(after.offset);
    expect(contradicted).toHaveLength(1);
  });

  test('under a running worker: it hears of it before it takes in what the log has grown by', async () => {
    await randomise('P-2', 'P-3');
    // The log as a client has it that connects to whoever serves it now.
    const served = new Proxy({} as EventLog, { get: (_, method: keyof EventLog) => log[method] });
    const keeper = await worker('another', served);
    await keeper.assigned(0);
    expect(await fold(keeper, 0)).toBe(6);
    await keeper.resumed?.(0);
    expect(contradicted).toEqual([]);
    await restore();
    await randomise('P-4', 'P-5', 'P-6');
    await expect(keeper.resumed?.(0)).rejects.toMatchObject({ code: 'HF_SHARD_CONTRADICTED' });
    expect(contradicted).toEqual([
      { trial: 'KARE-2', partition: 0, offset: 6, why: expect.stringMatching(/another record at offset 5/) },
    ]);
  });

  test('whether the log has what a shard took in must be known: it is asked again when the log can be read', async () => {
    const away: EventLog = {
      ...log,
      read: (topic, ...where) =>
        topic === events.name ? Promise.reject(new Error('the log is away')) : log.read(topic, ...where),
    };
    const keeper = await worker('one', away);
    await expect(keeper.assigned(0)).rejects.toThrow('the log is away');
    keepers.splice(keepers.indexOf(keeper), 1);
    expect(contradicted).toEqual([]);
    const next = await worker('one');
    expect(await next.assigned(0)).toBe(0);
    expect(contradicted).toHaveLength(1);
  });
});
