import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ObjectStore } from './object-store.ts';

/** An adapter on storage of its own. */
export type ObjectStoreUnderTest = {
  readonly store: ObjectStore;
  /** Another instance on the same storage, as another process would open it. */
  reopen(): Promise<ObjectStore>;
  dispose(): Promise<void>;
};

const bytes = (text: string) => new TextEncoder().encode(text);
const sha256 = (body: Uint8Array) => createHash('sha256').update(body).digest('hex');

async function all(keys: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const key of keys) found.push(key);
  return found;
}

/** What every adapter promises. */
export function objectStoreContract(name: string, open: () => Promise<ObjectStoreUnderTest>): void {
  describe(`${name}: object store contract`, () => {
    let under: ObjectStoreUnderTest;
    let store: ObjectStore;
    beforeEach(async () => {
      under = await open();
      store = under.store;
    });
    afterEach(() => under.dispose());

    describe('put, get, head', () => {
      test('what was put is there, to the byte, for everybody who opens the store', async () => {
        const body = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256);
        const head = { key: 'a/b.bin', size: body.length, sha256: sha256(body) };
        expect(await store.put('a/b.bin', body)).toEqual(head);
        for (const reader of [store, await under.reopen()]) {
          expect(sha256((await reader.get('a/b.bin')) ?? bytes(''))).toBe(head.sha256);
          expect(await reader.head('a/b.bin')).toEqual(head);
        }
      });

      test('an object of no bytes is an object', async () => {
        await store.put('empty', new Uint8Array());
        expect((await store.get('empty'))?.length).toBe(0);
        expect(await store.head('empty')).toMatchObject({ size: 0 });
      });

      test('what was never put is undefined', async () => {
        expect(await store.get('a/b')).toBeUndefined();
        expect(await store.head('a/b')).toBeUndefined();
      });

      test('the same bytes again change nothing', async () => {
        const head = await store.put('k', bytes('same'));
        expect(await store.put('k', bytes('same'))).toEqual(head);
        expect(await all(store.list(''))).toEqual(['k']);
      });

      test('other bytes under a key are refused, and the first stand', async () => {
        const head = await store.put('k', bytes('first'));
        await expect(store.put('k', bytes('other'))).rejects.toMatchObject({ code: 'HF_OBJECT_EXISTS' });
        expect(await store.head('k')).toEqual(head);
        expect(Buffer.from((await store.get('k')) ?? []).toString()).toBe('first');
      });

      test('of many writers of one key with different bytes exactly one wins, and the others are told', async () => {
        const writers = await Promise.all(Array.from({ length: 12 }, () => under.reopen()));
        const outcomes = await Promise.allSettled(writers.map((writer, n) => writer.put('k', bytes(`writer ${n}`))));
        const won = outcomes.flatMap((outcome, n) => (outcome.status === 'fulfilled' ? [n] : []));
        expect(won).toHaveLength(1);
        for (const outcome of outcomes)
          if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'HF_OBJECT_EXISTS' });
        expect(Buffer.from((await store.get('k')) ?? []).toString()).toBe(`writer ${won[0]}`);
        expect(await store.head('k')).toMatchObject({ sha256: sha256(bytes(`writer ${won[0]}`)) });
      });

      test('many writers of one key with equal bytes all succeed', async () => {
        const heads = await Promise.all(Array.from({ length: 12 }, () => store.put('k', bytes('same'))));
        expect(new Set(heads.map(({ sha256: sum }) => sum)).size).toBe(1);
      });
    });

    describe('remove', () => {
      test('what was removed is there for nobody, and all else is', async () => {
        for (const key of ['a/b', 'a/c', 'd/e/f']) await store.put(key, bytes(key));
        await store.remove('a/b');
        await store.remove('d/e/f');
        for (const reader of [store, await under.reopen()]) {
          expect(await reader.get('a/b')).toBeUndefined();
          expect(await reader.head('a/b')).toBeUndefined();
          expect(await all(reader.list(''))).toEqual(['a/c']);
        }
        expect(Buffer.from((await store.get('a/c')) ?? []).toString()).toBe('a/c');
      });

      test('removing what is not there changes nothing, by however many at once', async () => {
        await store.put('a/b', bytes('x'));
        await store.remove('never/put');
        await store.remove('a/b/c');
        await store.remove('a');
        expect(await all(store.list(''))).toEqual(['a/b']);
        await Promise.all(Array.from({ length: 8 }, () => store.remove('a/b')));
        expect(await all(store.list(''))).toEqual([]);
      });

      test('a removed key may be used again, also for other bytes and as the beginning of a path', async () => {
        await store.put('a/b', bytes('first'));
        await store.remove('a/b');
        const head = await store.put('a/b', bytes('other'));
        expect(await store.head('a/b')).toEqual(head);
        expect(Buffer.from((await store.get('a/b')) ?? []).toString()).toBe('other');
        await store.remove('a/b');
        await store.put('a', bytes('x'));
        await store.remove('a');
        await store.put('a/b/c', bytes('y'));
        expect(await all(store.list(''))).toEqual(['a/b/c']);
      });

      test('who reads what is being removed has all of it or nothing', async () => {
        const body = new Uint8Array(300_000).fill(7);
        const [reader, writer] = [await under.reopen(), await under.reopen()];
        for (let n = 0; n < 8; n += 1) {
          const key = `k${n}`;
          const head = await store.put(key, body);
          const readings = Promise.all(
            Array.from({ length: 4 }, () => Promise.all([reader.get(key), reader.head(key)])),
          );
          const [seen] = await Promise.all([readings, store.remove(key), writer.put(`beside/${n}`, bytes(key))]);
          for (const [got, known] of seen) {
            if (got !== undefined) expect(sha256(got)).toBe(head.sha256);
            if (known !== undefined) expect(known).toEqual(head);
          }
        }
      });

      test('objects beside one that is removed are put all the same', async () => {
        const others = await Promise.all(Array.from({ length: 4 }, () => under.reopen()));
        for (let n = 0; n < 10; n += 1) {
          await store.put(`a/b${n}/first`, bytes('x'));
          const putting = others.map((other, i) => other.put(`a/b${n}/other${i}`, bytes('y')));
          await Promise.all([store.remove(`a/b${n}/first`), ...putting]);
          expect(await all(store.list(`a/b${n}/`))).toEqual(others.map((_, i) => `a/b${n}/other${i}`));
          await Promise.all(others.map((other, i) => other.remove(`a/b${n}/other${i}`)));
        }
      });
    });

    describe('keys', () => {
      const unusable = [
        '',
        '/',
        'a/',
        '/a',
        'a//b',
        '.',
        '..',
        'a/../b',
        '../a',
        'a/.hidden',
        'a b',
        'ä',
        'a\\b',
        'a\nb',
      ];
      test.each([...unusable, 'x'.repeat(201)])('%j is refused everywhere', async (key) => {
        await expect(store.put(key, bytes('x'))).rejects.toMatchObject({ code: 'HF_INVALID_KEY' });
        await expect(store.get(key)).rejects.toMatchObject({ code: 'HF_INVALID_KEY' });
        await expect(store.head(key)).rejects.toMatchObject({ code: 'HF_INVALID_KEY' });
        await expect(store.remove(key)).rejects.toMatchObject({ code: 'HF_INVALID_KEY' });
      });

      test('a prefix that no key can begin with is refused', async () => {
        for (const prefix of ['..', '../', 'a/../', '/', 'a//'])
          await expect(all(store.list(prefix)), prefix).rejects.toMatchObject({ code: 'HF_INVALID_KEY' });
      });
    });

    describe('list', () => {
      test('keys in order of their characters, folders or not, by any prefix', async () => {
        const keys = ['a/b', 'a-b', 'a.b', 'a0', 'A', 'ab/c/d', 'ab/c-d', 'ab/c0', 'b', 'a=1/x', 'ab/c/e'];
        for (const key of keys) await store.put(key, bytes(key));
        const sorted = [...keys].sort();
        for (const prefix of ['', 'a', 'a/', 'ab/', 'ab/c', 'ab/c/', 'b', 'zz', 'ab/c/d/e/'])
          expect(await all(store.list(prefix)), prefix).toEqual(sorted.filter((key) => key.startsWith(prefix)));
      });

      test('any keys come back in order', async () => {
        const letter = fc.constantFrom('a', 'b', '0', '-', '.', '_', '=');
        const name = fc.tuple(fc.constantFrom('a', 'b', 'A', '0'), fc.string({ unit: letter, maxLength: 2 }));
        const key = fc
          .array(name, { minLength: 1, maxLength: 3 })
          .map((parts) => parts.map(([a, b]) => a + b).join('/'));
        await fc.assert(
          fc.asyncProperty(fc.uniqueArray(key, { maxLength: 12 }), fc.nat(), async (wanted, n) => {
            const root = `run${n}-${Math.random().toString(36).slice(2)}/`;
            const keys = wanted.filter((one) => !wanted.some((other) => other.startsWith(`${one}/`)));
            for (const one of keys) await store.put(root + one, bytes(one));
            expect(await all(store.list(root))).toEqual(keys.map((one) => root + one).sort());
          }),
          { numRuns: 15 },
        );
      });

      test('more keys than one page of any store', async () => {
        const keys = Array.from({ length: 1_100 }, (_, n) => `many/${String(n).padStart(5, '0')}`);
        for (let i = 0; i < keys.length; i += 50)
          await Promise.all(keys.slice(i, i + 50).map((key) => store.put(key, bytes(''))));
        expect(await all(store.list('many/'))).toEqual(keys);
        for await (const key of store.list('many/')) {
          expect(key).toBe(keys[0]);
          break;
        }
      }, 60_000);
    });
  });
}
