import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Holder, thisHolder, wordOf } from '@holdfast/processes';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { holdWriteLock } from './write-lock.ts';

const me = thisHolder('aaaaaaaaaaaa');
const dead: Holder = { ...me, started: '1', token: 'dddddddddddd' }; // this pid, but a process that started long ago

describe('write lock', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'hf-lock-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  test('lets one in at a time, and everybody in the end', async () => {
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const release = await holdWriteLock(dir, { ...me, token: `${i}` });
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 1));
        inside -= 1;
        release();
      }),
    );
    expect(most).toBe(1);
    expect(readdirSync(dir)).toEqual([]);
  });

  test('a dead holder is passed over by one of many, even if others died removing it', async () => {
    const remover: Holder = { ...dead, token: 'rrrrrrrrrrrr' };
    symlinkSync(wordOf(dead), join(dir, 'write-lock'));
    symlinkSync(wordOf(remover), join(dir, `write-lock.${dead.token}`));
    symlinkSync(wordOf({ ...dead, token: 'ssssssssssss' }), join(dir, `write-lock.${dead.token}.${remover.token}`));
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        const release = await holdWriteLock(dir, { ...me, token: `${i}` });
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 1));
        inside -= 1;
        release();
      }),
    );
    expect(most).toBe(1);
    expect(readdirSync(dir)).toEqual([]);
  });

  test('a holder that cannot be seen is waited for, then passed over', async () => {
    symlinkSync(wordOf({ ...dead, namespace: '42' }), join(dir, 'write-lock'));
    const began = performance.now();
    const release = await holdWriteLock(dir, me, 50);
    expect(performance.now() - began).toBeGreaterThan(40);
    release();
    expect(readdirSync(dir)).toEqual([]);
  });

  test('a live holder is waited for, then named', async () => {
    const release = await holdWriteLock(dir, me);
    await expect(holdWriteLock(dir, { ...me, token: 'b' }, 20)).rejects.toMatchObject({
      code: 'HF_LOG_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining(`process ${process.pid} `),
    });
    release();
    (await holdWriteLock(dir, { ...me, token: 'b' }, 20))();
  });
});
