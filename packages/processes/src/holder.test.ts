import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type Holder, holderOf, lifeOf, thisHolder, wordOf } from './holder.ts';

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
