import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventLog, GroupMember, LogRecord, NewRecord } from './event-log.ts';
import { maxRecordBytes } from './limits.ts';
import { partitionOf } from './partition-of.ts';

/** An adapter on storage of its own. */
export type LogUnderTest = {
  readonly log: EventLog;
  /** Another instance on the same storage, as another process would open it; `log` may still be open or not. */
  reopen(): Promise<EventLog>;
  /** Closes what is still open and removes the storage. */
  dispose(): Promise<void>;
};

/** What every adapter promises. Offsets are not assumed to be contiguous, topics not to be alone, nothing to happen at once. */
export function eventLogContract(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`${name}: event log contract`, () => {
    let under: LogUnderTest;
    let log: EventLog;
    beforeEach(async () => {
      under = await open();
      log = under.log;
    });
    afterEach(async () => {
      await under.dispose();
    });

    async function newTopic(partitions = 1): Promise<string> {
      const topic = `t-${randomUUID()}`;
      await log.createTopic({ name: topic, partitions, access: 'open' });
      return topic;
    }

    describe('topics', () => {
      test('are listed with what they were created with, in the order of their names', async () => {
        const suffix = randomUUID();
        const specs = [
          { name: `b-${suffix}`, partitions: 3, access: 'closed' },
          { name: `a-${suffix}`, partitions: 1, access: 'open' },
        ] as const;
        for (const spec of specs) await log.createTopic(spec);
        const listed = (await log.topics()).filter((topic) => topic.name.endsWith(suffix));
        expect(listed).toEqual([specs[1], specs[0]]);
      });

      test('creating one again changes nothing', async () => {
        const topic = await newTopic(2);
        await log.append(topic, [record('a', 'kept')]);
        await log.createTopic({ name: topic, partitions: 2, access: 'open' });
        expect(texts(await readAll(log, topic, partitionOf('a', 2)))).toEqual(['kept']);
      });

      test('creating one with other partitions or other access is refused', async () => {
        const topic = await newTopic(2);
        await expect(log.createTopic({ name: topic, partitions: 3, access: 'open' })).rejects.toMatchObject({
          code: 'HF_TOPIC_MISMATCH',
        });
        await expect(log.createTopic({ name: topic, partitions: 2, access: 'closed' })).rejects.toMatchObject({
          code: 'HF_TOPIC_MISMATCH',
        });
      });

      test('of many creating one differently at once, one way wins and the others are told', async () => {
        const topic = `t-${randomUUID()}`;
        const other = await under.reopen();
        const attempts = [1, 2, 3, 4].map((n) =>
          (n % 2 ? log : other).createTopic({ name: topic, partitions: n, access: n > 2 ? 'closed' : 'open' }),
        );
        const outcomes = await Promise.allSettled(attempts);
        const codes = outcomes.map((o) => (o.status === 'rejected' ? o.reason.code : 'made'));
        expect(codes.sort()).toEqual(['HF_TOPIC_MISMATCH', 'HF_TOPIC_MISMATCH', 'HF_TOPIC_MISMATCH', 'made']);
        await other.close();
      });

      test.each([
        ['nothing', ''],
        ['a dot', '.'],
        ['with a space', 'a b'],
        ['with a slash', 'a/b'],
        ['with other letters', 'é'],
        ['at length', 'x'.repeat(201)],
      ])('cannot be named %s', async (_, bad) => {
        await expect(log.createTopic({ name: bad, partitions: 1, access: 'open' })).rejects.toMatchObject({
          code: 'HF_INVALID_REQUEST',
        });
      });

      test.each([0, -1, 1.5, 1025, Number.NaN])('cannot have %d partitions', async (partitions) => {
        const topic = `t-${randomUUID()}`;
        await expect(log.createTopic({ name: topic, partitions, access: 'open' })).rejects.toMatchObject({
          code: 'HF_INVALID_REQUEST',
        });
      });

      test('that do not exist are named in the error, whatever is asked of them', async () => {
        const attempts = [
          log.append('no-such', [record('a', 'x')]),
          log.ends('no-such'),
          log.topicId('no-such'),
          log.read('no-such', 0, 0, plenty),
          log.join('g', 'no-such', recorder().member),
        ];
        for (const outcome of await Promise.allSettled(attempts))
          expect(outcome).toMatchObject({
            status: 'rejected',
            reason: { code: 'HF_NO_SUCH_TOPIC', message: expect.stringContaining('no-such') },
          });
      });

      test('keep their identity, and no two have the same', async () => {
        const [a, b] = [await newTopic(), await newTopic()];
        await log.createTopic({ name: `${b}-closed`, partitions: 1, access: 'closed' });
        const ids = await Promise.all([a, b, `${b}-closed`].map((topic) => log.topicId(topic)));
        expect(new Set(ids).size).toBe(3);
        await log.close();
        const again = await under.reopen();
        expect(await Promise.all([a, b, `${b}-closed`].map((topic) => again.topicId(topic)))).toEqual(ids);
        await again.close();
      });
    });

    describe('removing a topic', () => {
      test('takes it from everybody, with what is in it; others stay as they are', async () => {
        const [gone, kept] = [await newTopic(2), await newTopic()];
        const other = await under.reopen();
        for (const topic of [gone, kept]) await log.append(topic, [record('a', 'x')]);
        await other.append(gone, [record('b', 'y')]);
        await log.removeTopic(gone);
        expect((await other.topics()).map((topic) => topic.name)).not.toContain(gone);
        for (const use of [
          () => log.append(gone, [record('a', 'late')]),
          () => other.append(gone, [record('a', 'late')]),
          () => other.ends(gone),
        ])
          await expect(use()).rejects.toMatchObject({ code: 'HF_NO_SUCH_TOPIC' });
        expect(texts(await readAll(other, kept, 0))).toEqual(['x']);
        await other.append(kept, [record('a', 'z')]);
        expect(texts(await readAll(log, kept, 0))).toEqual(['x', 'z']);
        await other.close();
      });

      test('can be repeated, and the name is free for another topic, which is not taken for the first', async () => {
        const topic = await newTopic(2);
        await log.append(topic, [record('a', 'x')]);
        const id = await log.topicId(topic);
        for (let i = 0; i < 2; i += 1) await log.removeTopic(topic);
        await log.createTopic({ name: topic, partitions: 3, access: 'open' });
        expect(await log.ends(topic)).toEqual([0, 0, 0]);
        expect(await log.topicId(topic)).not.toBe(id);
      });
    });

    describe('appending and reading', () => {
      test('keep the order of a partition, within a call and from call to call', async () => {
        const topic = await newTopic();
        const offsets = [];
        for (const call of [['a', 'b', 'c'], ['d'], ['e', 'f']])
          offsets.push(
            ...(await log.append(
              topic,
              call.map((text) => record(text, text)),
            )),
          );
        const records = await readAll(log, topic, 0);
        expect(texts(records)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
        expect(records.map((r) => r.offset)).toEqual(offsets);
        expect(offsets).toEqual([...new Set(offsets)].sort((x, y) => x - y));
      });

      test('put a key into its partition, and an explicit partition before that', async () => {
        const topic = await newTopic(4);
        const keys = Array.from({ length: 40 }, (_, i) => `GB-01-${i}`);
        await log.append(
          topic,
          keys.map((key) => record(key, key)),
        );
        await log.append(
          topic,
          keys.map((key, i) => record(key, 'explicit', i % 4)),
        );
        for (let partition = 0; partition < 4; partition += 1) {
          const found = await readAll(log, topic, partition);
          expect(found.every((r) => r.partition === partition)).toBe(true);
          const byKey = found.filter((r) => text(r) !== 'explicit').map((r) => r.key);
          expect(byKey).toEqual(keys.filter((key) => partitionOf(key, 4) === partition));
          const explicit = found.filter((r) => text(r) === 'explicit').map((r) => r.key);
          expect(explicit).toEqual(keys.filter((_, i) => i % 4 === partition));
        }
      });

      test('answer the offset of each record, in the order of the call', async () => {
        const topic = await newTopic(3);
        const records = Array.from({ length: 30 }, (_, i) => record(`k${i}`, `v${i}`, (i * 7) % 3));
        const offsets = await log.append(topic, records);
        for (const [i, offset] of offsets.entries()) {
          const [found] = await log.read(topic, records[i]?.partition ?? -1, offset, { records: 1, bytes: 1 });
          expect(found && text(found)).toBe(`v${i}`);
        }
      });

      test('give back every byte of keys and values', async () => {
        const topic = await newTopic();
        const value = Uint8Array.from({ length: 256 }, (_, i) => i);
        const records = [
          { key: '', value: new Uint8Array() },
          { key: 'Zoë 参加者 \u{1f642}', value },
          { key: 'view', value: value.subarray(3, 9) },
          { key: 'buffer', value: Buffer.from('text') },
        ];
        await log.append(topic, records);
        const found = await readAll(log, topic, 0);
        expect(found.map((r) => [r.key, [...r.value]])).toEqual(records.map((r) => [r.key, [...r.value]]));
        expect(found.every((r) => r.value instanceof Uint8Array)).toBe(true);
      });

      test('take records up to the limit and refuse larger ones before anything is written', async () => {
        const topic = await newTopic();
        await log.append(topic, [{ key: 'k', value: new Uint8Array(maxRecordBytes - 1).fill(7) }]);
        const tooLarge = { key: 'k', value: new Uint8Array(maxRecordBytes) };
        await expect(log.append(topic, [record('a', 'x'), tooLarge])).rejects.toMatchObject({
          code: 'HF_INVALID_REQUEST',
        });
        const found = await readAll(log, topic, 0);
        expect(found.map((r) => r.value.byteLength)).toEqual([maxRecordBytes - 1]);
      });

      test('an empty call appends nothing', async () => {
        const topic = await newTopic();
        expect(await log.append(topic, [])).toEqual([]);
        expect(await readAll(log, topic, 0)).toEqual([]);
      });

      test('a partition that is not there is refused before anything is written', async () => {
        const topic = await newTopic(2);
        for (const partition of [2, -1, 0.5])
          await expect(log.append(topic, [record('a', 'x', 0), record('a', 'x', partition)])).rejects.toMatchObject({
            code: 'HF_NO_SUCH_TOPIC',
          });
        expect(await readAll(log, topic, 0)).toEqual([]);
        await expect(log.read(topic, 2, 0, plenty)).rejects.toMatchObject({ code: 'HF_NO_SUCH_TOPIC' });
      });

      test('ends say up to where records stand', async () => {
        const topic = await newTopic(3);
        const before = await log.ends(topic);
        expect(before).toHaveLength(3);
        const offsets = await log.append(topic, [record('a', 'x', 1), record('a', 'y', 1)]);
        const after = await log.ends(topic);
        expect([after[0], after[2]]).toEqual([before[0], before[2]]);
        expect(after[1]).toBeGreaterThan(offsets[1] ?? Number.POSITIVE_INFINITY);
        expect(await log.read(topic, 1, after[1] ?? -1, plenty)).toEqual([]);
        const [next] = await log.append(topic, [record('a', 'z', 1)]);
        expect(next).toBeGreaterThanOrEqual(after[1] ?? Number.POSITIVE_INFINITY);
      });

      test('below an end that was told there is always something to read, to other instances too, whatever is being appended', async () => {
        const topic = await newTopic(2);
        const other = await under.reopen();
        let isOver = false;
        async function append(): Promise<void> {
          for (let i = 0; i < 60; i += 1) await log.append(topic, [record('a', `${i}`, 0), record('b', `${i}`, 1)]);
          isOver = true;
        }
        async function read(): Promise<void> {
          const from = [0, 0];
          while (!isOver) {
            for (const [partition, end] of (await log.ends(topic)).entries()) {
              while ((from[partition] ?? 0) < end) {
                const records = await other.read(topic, partition, from[partition] ?? 0, { records: 1, bytes: 1 });
                expect(records).toHaveLength(1);
                from[partition] = (records[0]?.offset ?? -1) + 1;
              }
              expect(from[partition]).toBeLessThanOrEqual(end);
            }
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        }
        await Promise.all([append(), read()]);
        await other.close();
      });

      test('reading keeps to its bounds but always gives one record', async () => {
        const topic = await newTopic();
        await log.append(
          topic,
          Array.from({ length: 50 }, (_, i) => ({ key: 'key7', value: new Uint8Array(93).fill(i) })), // 97 bytes each
        );
        const [first] = await readAll(log, topic, 0);
        const from = first?.offset ?? -1;
        for (const [most, records] of [
          [{ records: 7, bytes: 1e9 }, 7],
          [{ records: 1, bytes: 1e9 }, 1],
          [{ records: 1e9, bytes: 97 * 3 }, 3],
          [{ records: 1e9, bytes: 97 * 3 - 1 }, 2],
          [{ records: 1e9, bytes: 1 }, 1],
          [{ records: 1e9, bytes: 1e9 }, 50],
        ] as const) {
          const found = await log.read(topic, 0, from, most);
          expect(found.length).toBeGreaterThanOrEqual(1);
          expect(found.length).toBeLessThanOrEqual(records);
        }
      });

      test('reading from past the end is out of range', async () => {
        const topic = await newTopic();
        await log.append(topic, [record('a', 'x')]);
        const [end = -1] = await log.ends(topic);
        await expect(log.read(topic, 0, end + 1, plenty)).rejects.toMatchObject({ code: 'HF_OFFSET_OUT_OF_RANGE' });
      });

      test.each([
        ['a negative offset', -1, plenty],
        ['half an offset', 0.5, plenty],
        ['no records at all', 0, { records: 0, bytes: 1 }],
        ['no bytes at all', 0, { records: 1, bytes: 0 }],
        ['bounds that are no numbers', 0, { records: Number.NaN, bytes: 1 }],
      ])('reading with %s is refused', async (_, from, most) => {
        const topic = await newTopic();
        await expect(log.read(topic, 0, from, most)).rejects.toMatchObject({ code: 'HF_INVALID_REQUEST' });
      });

      test('values that were read stay as they were, whatever happens to the log', async () => {
        const topic = await newTopic();
        const filled = (n: number) =>
          Array.from({ length: 200 }, () => ({ key: 'k', value: new Uint8Array(500).fill(n) }));
        await log.append(topic, filled(1));
        const kept = await readAll(log, topic, 0);
        for (let i = 2; i < 10; i += 1) await log.append(topic, filled(i));
        await readAll(log, topic, 0);
        await log.close();
        expect(kept).toHaveLength(200);
        expect(kept.every((r) => r.value.byteLength === 500 && r.value.every((byte) => byte === 1))).toBe(true);
      });

      test('what one instance appended, another reads as soon as the append resolves', async () => {
        const topic = await newTopic();
        const other = await under.reopen();
        for (let i = 0; i < 20; i += 1) {
          await log.append(topic, [record('a', `${i}`)]);
          expect(await readAll(other, topic, 0)).toHaveLength(i + 1);
        }
        await other.close();
      });

      test('appending goes on where it ended when the log is opened again', async () => {
        const topic = await newTopic();
        const [before = -1] = await log.append(topic, [record('a', 'before')]);
        await log.close();
        const again = await under.reopen();
        const [after = -1] = await again.append(topic, [record('a', 'after')]);
        expect(after).toBeGreaterThan(before);
        expect(texts(await readAll(again, topic, 0))).toEqual(['before', 'after']);
        await again.close();
      });

      test('racing appenders lose nothing, double nothing and keep the order of each call', async () => {
        const topic = await newTopic(2);
        const other = await under.reopen();
        const calls = Array.from({ length: 40 }, (_, call) =>
          (call % 2 ? log : other).append(
            topic,
            Array.from({ length: 10 }, (_, i) => record(`${call}`, `${call}:${i}`)),
          ),
        );
        const answered = (await Promise.all(calls)).flat();
        const found = (await Promise.all([0, 1].map((partition) => readAll(log, topic, partition)))).flat();
        expect(found).toHaveLength(400);
        expect(new Set(texts(found)).size).toBe(400);
        for (let call = 0; call < 40; call += 1)
          expect(texts(found.filter((r) => r.key === `${call}`))).toEqual(
            Array.from({ length: 10 }, (_, i) => `${call}:${i}`),
          );
        expect(found.map((r) => r.offset).sort((a, b) => a - b)).toEqual(answered.sort((a, b) => a - b));
        await other.close();
      });

      test('any calls read back within any bounds are what a plain list holds', async () => {
        const sizes = fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 3_000 }), fc.integer({ min: 30_000, max: 70_000 }));
        const calls = fc.array(fc.array(fc.tuple(fc.nat({ max: 2 }), sizes), { maxLength: 30 }), { maxLength: 8 });
        const bounds = fc.record({
          records: fc.integer({ min: 1, max: 40 }),
          bytes: fc.integer({ min: 1, max: 90_000 }),
        });
        await fc.assert(
          fc.asyncProperty(calls, bounds, fc.nat(), async (all, most, seed) => {
            const topic = await newTopic(3);
            const lists: { offset: number; size: number; mark: number }[][] = [[], [], []];
            for (const call of all) {
              const marks = call.map((_, i) => (seed + i) % 256);
              const offsets = await log.append(
                topic,
                call.map(([partition, size], i) => ({
                  key: `k${size}`,
                  value: new Uint8Array(size).fill(marks[i] ?? 0),
                  partition,
                })),
              );
              call.forEach(([partition, size], i) => {
                lists[partition]?.push({ offset: offsets[i] ?? -1, size, mark: marks[i] ?? 0 });
              });
            }
            for (const [partition, list] of lists.entries()) {
              const found = await readAll(log, topic, partition, most);
              const seen = found.map((r) => ({ offset: r.offset, size: r.value.byteLength, mark: r.value[0] ?? 0 }));
              expect(seen).toEqual(list.map((one) => (one.size === 0 ? { ...one, mark: 0 } : one)));
              expect(found.map((r) => r.key)).toEqual(list.map(({ size }) => `k${size}`));
              expect(found.every((r) => r.value.every((byte) => byte === r.value[0]))).toBe(true);
              const at = list[seed % Math.max(1, list.length)]; // also when reading begins anywhere
              if (at) expect((await log.read(topic, partition, at.offset, most))[0]?.offset).toBe(at.offset);
            }
          }),
          { numRuns: 30 },
        );
      });
    });

    describe('groups', () => {
      test('a member gets every record once, in order, from where it says, and new ones as they come', async () => {
        const topic = await newTopic(2);
        const offsets = await log.append(
          topic,
          ['a', 'b', 'c', 'd'].map((t) => record('k', t, 0)),
        );
        await log.append(topic, [record('k', 'x', 1)]);
        const { member, got } = recorder(new Map([[0, offsets[2] ?? -1]]));
        const membership = await log.join('g', topic, member);
        await until(() => got.length === 3);
        await log.append(topic, [record('k', 'e', 0), record('k', 'y', 1)]);
        await until(() => got.length === 5);
        expect(texts(got.filter((r) => r.partition === 0))).toEqual(['c', 'd', 'e']);
        expect(texts(got.filter((r) => r.partition === 1))).toEqual(['x', 'y']);
        await membership.leave();
      });

      test('records appended through another instance arrive too', async () => {
        const topic = await newTopic();
        const other = await under.reopen();
        const { member, got } = recorder();
        const membership = await log.join('g', topic, member);
        for (let i = 0; i < 5; i += 1) {
          await other.append(topic, [record('k', `${i}`)]);
          await until(() => got.length === i + 1);
        }
        expect(texts(got)).toEqual(['0', '1', '2', '3', '4']);
        await membership.leave();
        await other.close();
      });

      test('batches keep to the bounds asked for', async () => {
        const topic = await newTopic();
        await log.append(
          topic,
          Array.from({ length: 25 }, (_, i) => record('key', `${i}`.padEnd(7))),
        );
        const { member, got, batches } = recorder();
        const membership = await log.join('g', topic, member, { records: 4, bytes: 30 });
        await until(() => got.length === 25);
        expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(3);
        await membership.leave();
        const second = recorder();
        const again = await log.join('g2', topic, second.member, { records: 4 });
        await until(() => second.got.length === 25);
        expect(Math.max(...second.batches.map((batch) => batch.length))).toBeLessThanOrEqual(4);
        await again.leave();
        await expect(log.join('g3', topic, member, { records: 0 })).rejects.toMatchObject({
          code: 'HF_INVALID_REQUEST',
        });
      });

      test('members share the partitions evenly; each partition is given back before another gets it', async () => {
        const topic = await newTopic(6);
        const offsets = new Map<number, number>();
        const owners = new Map<number, string>();
        const members = ['a', 'b', 'c'].map((who) => recorder(offsets, { who, owners }));
        const memberships = [];
        let sent = 0;
        const send = async () => {
          await log.append(
            topic,
            Array.from({ length: 60 }, (_, i) => record('k', `${sent + i}`, i % 6)),
          );
          sent += 60;
        };
        for (const [i, { member }] of members.entries()) {
          await send();
          memberships.push(await log.join('g', topic, member));
          await send();
          await until(() => members.slice(0, i + 1).every((m) => m.owned.size === 6 / (i + 1)));
        }
        await send();
        await memberships[1]?.leave();
        expect(members[1]?.owned.size).toBe(0);
        await send();
        await until(() => members[0]?.owned.size === 3 && members[2]?.owned.size === 3);
        await until(() => members.flatMap((m) => m.got).length >= sent);
        const all = texts(members.flatMap((m) => m.got)).map(Number);
        expect(all.sort((x, y) => x - y)).toEqual(Array.from({ length: sent }, (_, i) => i));
        expect(members.flatMap((m) => m.violations)).toEqual([]);
        for (const membership of memberships) await membership.leave();
        expect([...owners]).toEqual([]);
      });

      test('more members than partitions: some wait, and take over', async () => {
        const topic = await newTopic(1);
        const offsets = new Map<number, number>();
        const [a, b] = [recorder(offsets), recorder(offsets)];
        const first = await log.join('g', topic, a.member);
        const second = await log.join('g', topic, b.member);
        await until(() => a.owned.size + b.owned.size === 1);
        const [has, waits, membership] = a.owned.size === 1 ? [a, b, first] : [b, a, second];
        await log.append(topic, [record('k', 'one')]);
        await until(() => has.got.length === 1);
        await membership.leave();
        await log.append(topic, [record('k', 'two')]);
        await until(() => waits.got.length === 1);
        expect(texts(waits.got)).toEqual(['two']);
        await Promise.all([first.leave(), second.leave()]);
      });

      test('different groups each get everything', async () => {
        const topic = await newTopic();
        await log.append(topic, [record('k', 'one')]);
        const [a, b] = [recorder(), recorder()];
        const memberships = await Promise.all([log.join('g1', topic, a.member), log.join('g2', topic, b.member)]);
        await until(() => a.got.length === 1 && b.got.length === 1);
        await Promise.all(memberships.map((membership) => membership.leave()));
      });

      test('whether one is joined can be told by whoever has the log open, topic by topic', async () => {
        const [topic, beside] = [await newTopic(2), await newTopic()];
        const other = await under.reopen();
        const joined = () => Promise.all([log, other].map((one) => one.isJoined('g', topic)));
        expect(await joined()).toEqual([false, false]);
        const first = await log.join('g', topic, recorder().member);
        const second = await log.join('g', topic, recorder().member);
        expect(await joined()).toEqual([true, true]);
        expect([await other.isJoined('g', beside), await other.isJoined('h', topic)]).toEqual([false, false]);
        await first.leave();
        expect(await joined()).toEqual([true, true]);
        await second.leave();
        expect(await joined()).toEqual([false, false]);
        // Who goes without a word, when its instance is closed, is no member any more either.
        await log.join('g', topic, recorder().member);
        await log.close();
        expect(await other.isJoined('g', topic)).toBe(false);
      });

      test('what a member throws ends its membership with that error; another member goes on and nothing is lost', async () => {
        const topic = await newTopic(2);
        const offsets = new Map<number, number>();
        const boom = new Error('boom');
        const bad = recorder(offsets, {
          async onBatch() {
            throw boom;
          },
        });
        const membership = await log.join('g', topic, bad.member);
        await until(() => bad.owned.size === 2);
        await log.append(topic, [record('k', 'x', 0), record('k', 'y', 1)]);
        await expect(membership.failed).rejects.toBe(boom);
        await until(() => bad.owned.size === 0);
        await membership.leave();
        const good = recorder(offsets);
        const next = await log.join('g', topic, good.member);
        await until(() => good.got.length === 2);
        expect(texts(good.got).sort()).toEqual(['x', 'y']);
        await next.leave();
      });

      test.each(['assigned', 'revoked'] as const)('an error in %s ends the membership too', async (where) => {
        const topic = await newTopic();
        const boom = new Error('boom');
        const { member } = recorder();
        const bad: GroupMember = {
          ...member,
          async [where]() {
            throw boom;
          },
        };
        const membership = await log.join('g', topic, bad);
        if (where === 'revoked') await membership.leave();
        await expect(membership.failed).rejects.toBe(boom);
        await membership.leave();
      });

      test('a failed membership that nobody watches disturbs nobody', async () => {
        const topic = await newTopic();
        const unhandled: unknown[] = [];
        const note = (error: unknown) => unhandled.push(error);
        process.on('unhandledRejection', note);
        try {
          const bad = recorder(new Map(), {
            async onBatch() {
              throw new Error('boom');
            },
          });
          await log.join('g', topic, bad.member);
          await log.append(topic, [record('k', 'x')]);
          await until(() => bad.journal.includes('revoked 0'));
          await new Promise((resolve) => setTimeout(resolve, 50));
          expect(unhandled).toEqual([]);
        } finally {
          process.off('unhandledRejection', note);
        }
      });

      test('a member that starts where the log has no offset is told that it is out of range', async () => {
        const topic = await newTopic();
        const [end = -1] = await log.ends(topic);
        const { member } = recorder(new Map([[0, end + 1]]));
        const membership = await log.join('g', topic, member);
        await expect(membership.failed).rejects.toMatchObject({ code: 'HF_OFFSET_OUT_OF_RANGE' });
        await membership.leave();
      });

      test('leaving waits for the batch in flight, then for revoked, and nothing comes after', async () => {
        const topic = await newTopic();
        let finish = () => undefined as undefined;
        const inFlight = new Promise<void>((resolve) => {
          finish = () => void resolve();
        });
        const slow = recorder(new Map(), { onBatch: () => inFlight });
        const membership = await log.join('g', topic, slow.member, { records: 1 });
        await log.append(topic, [record('k', 'one'), record('k', 'two')]);
        await until(() => slow.journal.includes('batch 0'));
        let hasLeft = false;
        const leaving = membership.leave().then(() => {
          hasLeft = true;
        });
        await new Promise((resolve) => setTimeout(resolve, 60));
        expect(hasLeft).toBe(false);
        expect(slow.journal).toEqual(['assigned 0', 'batch 0']);
        finish();
        await leaving;
        await membership.leave();
        expect(slow.journal).toEqual(['assigned 0', 'batch 0', 'done 0', 'revoked 0']);
        await log.append(topic, [record('k', 'three')]);
        await new Promise((resolve) => setTimeout(resolve, 60));
        expect(slow.journal).toHaveLength(4);
      });

      test('a slow partition does not hold up the others', async () => {
        const topic = await newTopic(2);
        let finish = () => undefined as undefined;
        const inFlight = new Promise<void>((resolve) => {
          finish = () => void resolve();
        });
        const { member, got } = recorder(new Map(), {
          onBatch: (partition) => (partition === 0 ? inFlight : Promise.resolve()),
        });
        const membership = await log.join('g', topic, member);
        await log.append(topic, [record('k', 'slow', 0)]);
        for (let i = 0; i < 3; i += 1) {
          await log.append(topic, [record('k', 'quick', 1)]);
          await until(() => texts(got).filter((t) => t === 'quick').length === i + 1);
        }
        finish();
        await membership.leave();
      });
    });

    describe('closing', () => {
      test('waits for appends under way, can be repeated, and refuses what comes later', async () => {
        const topic = await newTopic();
        const appending = log.append(topic, [record('a', 'x')]);
        await Promise.all([log.close(), log.close()]);
        await log.close();
        await appending;
        const attempts = [
          log.createTopic({ name: topic, partitions: 1, access: 'open' }),
          log.topics(),
          log.topicId(topic),
          log.append(topic, [record('a', 'y')]),
          log.ends(topic),
          log.read(topic, 0, 0, plenty),
          log.join('g', topic, recorder().member),
        ];
        for (const outcome of await Promise.allSettled(attempts))
          expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'HF_LOG_UNAVAILABLE' } });
        const again = await under.reopen();
        expect(texts(await readAll(again, topic, 0))).toEqual(['x']);
        await again.close();
      });

      test('leaves all groups first', async () => {
        const topic = await newTopic(2);
        const { member, journal } = recorder();
        await log.join('g', topic, member);
        await until(() => journal.length === 2);
        await log.close();
        expect(journal.slice(2).sort()).toEqual(['revoked 0', 'revoked 1']);
      });

      test('lets members finish their batch, and what they append with it', async () => {
        const [topic, results] = [await newTopic(), await newTopic()];
        const { member, journal } = recorder(new Map(), {
          async onBatch() {
            await new Promise((resolve) => setTimeout(resolve, 30));
            await log.append(results, [record('k', 'result')]);
          },
        });
        const membership = await log.join('g', topic, member);
        membership.failed.catch((error: unknown) => journal.push(`failed ${error}`));
        await log.append(topic, [record('k', 'x')]);
        await until(() => journal.includes('batch 0'));
        await log.close();
        expect(journal).toEqual(['assigned 0', 'batch 0', 'done 0', 'revoked 0']);
        const again = await under.reopen();
        expect(texts(await readAll(again, results, 0))).toEqual(['result']);
        await again.close();
      });

      test('leaves no handle open', async () => {
        const count = (kind: string) => process.getActiveResourcesInfo().filter((one) => one === kind).length;
        await log.close();
        const kinds = ['Timeout', 'TCPSocketWrap', 'MessagePort', 'FSReqPromise'];
        const before = new Map(kinds.map((kind) => [kind, count(kind)]));
        const again = await under.reopen();
        const topic = `t-${randomUUID()}`;
        await again.createTopic({ name: topic, partitions: 2, access: 'open' });
        const { member, got } = recorder();
        await again.join('g', topic, member);
        await again.append(topic, [record('k', 'x')]);
        await until(() => got.length === 1);
        await again.close();
        await until(() => kinds.every((kind) => count(kind) <= (before.get(kind) ?? 0)));
      });
    });
  });
}

const plenty = { records: 1_000, bytes: 1_000_000 };

function record(key: string, value: string, partition?: number): NewRecord {
  return { key, value: Buffer.from(value), ...(partition === undefined ? {} : { partition }) };
}

function text({ value }: LogRecord): string {
  return Buffer.from(value).toString();
}

function texts(records: readonly LogRecord[]): string[] {
  return records.map(text);
}

/** Everything in a partition, read from offset 0 in bounded steps. */
async function readAll(log: EventLog, topic: string, partition: number, most = plenty): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for (let from = 0; ; ) {
    const records = await log.read(topic, partition, from, most);
    const last = records.at(-1);
    if (!last) return all;
    expect(records.length).toBeLessThanOrEqual(most.records);
    expect(records[0]?.offset).toBeGreaterThanOrEqual(from);
    all.push(...records);
    from = last.offset + 1;
  }
}

type Recorder = {
  readonly member: GroupMember;
  readonly got: LogRecord[];
  readonly batches: (readonly LogRecord[])[];
  readonly owned: Set<number>;
  readonly journal: string[];
  /** Calls that no adapter may make. */
  readonly violations: string[];
};

/** A member that keeps its offsets (shared ones, if several take turns) and writes down what happens to it. */
function recorder(
  offsets = new Map<number, number>(),
  options: { who?: string; owners?: Map<number, string>; onBatch?: (partition: number) => Promise<void> } = {},
): Recorder {
  const { who = 'one', owners = new Map<number, string>(), onBatch } = options;
  const [got, batches, journal, violations]: [LogRecord[], (readonly LogRecord[])[], string[], string[]] = [
    [],
    [],
    [],
    [],
  ];
  const owned = new Set<number>();
  const busy = new Set<number>();
  const member: GroupMember = {
    async assigned(partition) {
      journal.push(`assigned ${partition}`);
      if (owners.has(partition)) violations.push(`${who} is assigned ${partition} of ${owners.get(partition)}`);
      owners.set(partition, who);
      owned.add(partition);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return offsets.get(partition) ?? 0;
    },
    async batch(partition, records) {
      journal.push(`batch ${partition}`);
      if (owners.get(partition) !== who) violations.push(`${who} gets a batch of ${partition}`);
      if (busy.has(partition)) violations.push(`${who} gets two batches of ${partition} at once`);
      if (records.length === 0) violations.push('an empty batch');
      busy.add(partition);
      got.push(...records);
      batches.push(records);
      try {
        await onBatch?.(partition);
      } finally {
        busy.delete(partition);
      }
      journal.push(`done ${partition}`);
      offsets.set(partition, (records.at(-1)?.offset ?? -1) + 1);
    },
    async revoked(partition) {
      journal.push(`revoked ${partition}`);
      if (busy.has(partition)) violations.push(`${who} loses ${partition} during a batch`);
      owners.delete(partition);
      owned.delete(partition);
    },
  };
  return { member, got, batches, owned, journal, violations };
}

async function until(holds: () => boolean, patienceMs = 20_000): Promise<void> {
  const giveUp = Date.now() + patienceMs;
  while (!holds()) {
    if (Date.now() > giveUp) throw new Error(`still not so after ${patienceMs} ms: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
