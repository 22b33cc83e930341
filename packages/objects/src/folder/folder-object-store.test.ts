import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { objectStoreContract } from '../object-store.contract.ts';
import { folderObjectStore } from './folder-object-store.ts';

objectStoreContract('folder', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-objects-'));
  return {
    store: folderObjectStore(dir),
    reopen: async () => folderObjectStore(dir),
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
});

describe('folder object store', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'holdfast-objects-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const bytes = (text: string) => new TextEncoder().encode(text);

  test('an object is a plain file under its key, and no draft stays behind', async () => {
    await folderObjectStore(dir).put('a/b/c.txt', bytes('text'));
    expect(await readFile(join(dir, 'a/b/c.txt'), 'utf8')).toBe('text');
    expect(await readdir(join(dir, '.drafts'))).toEqual([]);
  });

  test('nothing stays behind of what was removed: neither checksum nor folder', async () => {
    const store = folderObjectStore(dir);
    for (const key of ['a/b/c', 'a/d']) await store.put(key, bytes(key));
    await store.remove('a/b/c');
    expect(await readdir(join(dir, 'a'))).toEqual(['d']);
    expect(await readdir(join(dir, '.checksums/a'))).toEqual(['d']);
  });

  test('a flipped byte is named, by get, by a repeated put and after the checksum is gone', async () => {
    const store = folderObjectStore(dir);
    await store.put('a/b', bytes('text'));
    await writeFile(join(dir, 'a/b'), 'tExt');
    await expect(store.get('a/b')).rejects.toMatchObject({ code: 'HF_OBJECT_DAMAGED', message: /a\/b/ });
    await expect(store.put('a/b', bytes('text'))).rejects.toMatchObject({ code: 'HF_OBJECT_DAMAGED' });
    await writeFile(join(dir, 'a/b'), 'text');
    await rm(join(dir, '.checksums'), { recursive: true });
    await expect(store.get('a/b')).rejects.toMatchObject({ code: 'HF_OBJECT_DAMAGED', message: /checksum is gone/ });
  });

  test('a checksum without its object, as a killed writer leaves it, hinders nobody', async () => {
    const store = folderObjectStore(dir);
    await store.put('other/key', bytes('of the killed'));
    const [checksum = ''] = await readdir(join(dir, '.checksums/other/key'));
    await store.put('a', bytes('x'));
    await rm(join(dir, 'a'));
    await writeFile(join(dir, '.checksums/a', checksum), '');
    expect(await store.head('a')).toBeUndefined();
    const head = await store.put('a', bytes('y'));
    expect(await store.head('a')).toEqual(head);
    expect(await store.get('a')).toEqual(Buffer.from('y'));
  });

  test('a key may not be the beginning of another one’s path, whichever comes first', async () => {
    const store = folderObjectStore(dir);
    await store.put('a/b', bytes('x'));
    await expect(store.put('a', bytes('y'))).rejects.toMatchObject({ code: 'HF_INVALID_KEY' });
    await expect(store.put('a/b/c', bytes('y'))).rejects.toMatchObject({ code: 'HF_INVALID_KEY' });
    expect(await store.get('a')).toBeUndefined();
    expect(await store.get('a/b/c')).toBeUndefined();
    expect(await store.head('a')).toBeUndefined();
  });

  test('a folder that cannot be written is named', async () => {
    await writeFile(join(dir, 'file'), '');
    const store = folderObjectStore(join(dir, 'file'));
    await expect(store.put('a', bytes('x'))).rejects.toMatchObject({
      code: 'HF_OBJECT_STORE_UNAVAILABLE',
      retryable: true,
      message: /cannot write object a in .*file/,
    });
    expect(await store.get('a')).toBeUndefined();
  });

  test('killed at any moment while it writes, every key is whole or absent', async () => {
    const size = 3_000_000;
    const program = `
      import { folderObjectStore } from ${JSON.stringify(new URL('../../dist/folder/index.js', import.meta.url).href)};
      const store = folderObjectStore(${JSON.stringify(dir)});
      for (let n = 0; ; n += 1) {
        await store.put('o/' + process.pid + '-' + n, new Uint8Array(${size}).fill(n));
        process.stdout.write('.');
      }`;
    let whole = 0;
    for (let round = 0; round < 4; round += 1) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let seen = 0;
      await new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk: Buffer) => {
          seen += chunk.length;
          // Somewhere within the write that follows.
          if (seen >= 2 + round) setTimeout(() => child.kill('SIGKILL'), round * 3);
        });
        child.once('exit', () => resolve());
      });
    }
    const store = folderObjectStore(dir);
    for await (const key of store.list('o/')) {
      expect((await store.get(key))?.length).toBe(size);
      whole += 1;
    }
    expect(whole).toBeGreaterThanOrEqual(2 + 3 + 4 + 5);
  });
});
