import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLogger } from '@holdfast/runtime/server';
import { expect, test, vi } from 'vitest';
import { openStore } from '../store.ts';
import { startServices } from './start-services.ts';

test('the drop folder of the settings is left alone by whoever does not name it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hf-services-'));
  const drop = join(folder, 'drop');
  vi.stubEnv('HOLDFAST_DROP', drop);
  try {
    await openStore({ data: join(folder, 'store') }, 'create', async (store) => {
      const { names, stop } = await startServices(store, { port: 0, logger: openLogger({ level: 'silent' }) });
      await stop();
      expect(names).toEqual(['aggregate', 'clock', 'ingest', 'report']);
    });
    expect(existsSync(drop)).toBe(false);
  } finally {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  }
});
