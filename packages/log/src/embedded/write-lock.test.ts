import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Holder, holderOf, lifeOf, thisHolder, wordOf } from './holder.ts';
import { holdWriteLock } from './write-lock.ts';

const me = thisHolder('aaaaaaaaaaaa');
const dead: Holder = { ...me, started: '1', token: 'dddddddddddd' }; // this pid, but a process that started long ago

describe('holder', () => {
  test('its word is short enough for a link kept in the inode, and tells all', () => {
    expect(wordOf({ ...me, pid: 4_194_304 }).length).toBeLessThan(60);
    expect(holderOf(wordOf(me))).toEqual(me);
  });

  test.each(['', 'nobody', '1-2-3-4', '0-1-2-3-4', '1-2-3-4-5-6', '-1-2-3-4'])('the word %j names nobody', (word) => {
    expect(holderOf(word)).toBeUndefined();
  });

  test('this process and another running one are alive', async () => {
    expect(lifeOf(me)).toBe('alive');
    const other = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)']);
    await once(other, 'spawn');
    const started =
      (
        spawnSync('cat', [`/proc/${other.pid}/stat`])
          .stdout.toString()
          .split(') ')[1] ?? ''
      ).split(' ')[19] ?? '';
    const holder = { ...me, pid: other.pid ?? 0, started };
    expect(lifeOf(holder)).toBe('alive');
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(lifeOf(holder)).toBe('dead');
  });

  test('a later process with the same pid is not the holder', () => {
    expect(lifeOf(dead)).toBe('dead');
  });

  test('after a reboot nobody from before is alive, whatever runs under that pid now', () => {
    expect(lifeOf({ ...me, boot: 'another0' })).toBe('dead');
  });

  test('a process of another container cannot be seen', () => {
    expect(lifeOf({ ...dead, namespace: '42' })).toBe('unseen');
  });

  test.runIf(process.platform === 'linux')('a zombie is dead', async () => {
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 5'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = await once(parent.stdout, 'data');
    const pid = Number(line);
    let stat = '';
    for (let i = 0; i < 200 && !stat.includes(') Z '); i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      stat = spawnSync('cat', [`/proc/${pid}/stat`]).stdout.toString();
    }
    const started = (stat.split(') ')[1] ?? '').split(' ')[19] ?? '';
    expect(stat).toContain(') Z ');
    expect(lifeOf({ ...me, pid, started })).toBe('dead');
    parent.kill();
  });
});

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
