import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedJobQueue } from '@holdfast/jobs/embedded';
import { openLogger, openMetrics } from '@holdfast/runtime/server';
import { expect, test, vi } from 'vitest';
import type { Store } from '../store.ts';
import { serveReports } from './serve-reports.ts';

test('a file that is no job of this version is neither measured nor named: it may be of a closed report', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hf-reports-'));
  const other = embeddedJobQueue({ dir, pollMs: 3_600_000 });
  const worker = await other.work({}, { onTrouble: () => undefined });
  const damage = () => writeFile(join(dir, 'dsmb-closed-C1-0123.json'), '{"id":"dsmb-closed-C1-0123"}');
  await damage();
  const place = { kind: 'folder', dir } as const;
  const lines: string[] = [];
  const logger = openLogger({ level: 'info', to: { write: (line) => void lines.push(line) } });
  const metrics = openMetrics();
  const store = {
    places: { jobs: { kind: 'embedded', dir }, objects: place, closedObjects: place },
    log: { topics: () => Promise.reject(new Error('away')) },
    settings: { delivery: {} },
    keysFrom: [],
  } as unknown as Store;
  const served = await serveReports(store, { logger, metrics, now: () => new Date() });
  await vi.waitFor(
    () => expect(served.check()).toMatchObject({ note: expect.stringContaining('another process') }),
    20_000,
  );
  expect(await metrics.metrics()).toContain('holdfast_report_jobs{state="given-up"} 0');
  await worker.stop(0);
  await vi.waitFor(() => expect(served.check()).toEqual({ name: 'reports' }), 20_000);
  await damage(); // whoever works sets it aside
  await vi.waitFor(() => expect(lines.join('')).toContain('not a job of this version'), 20_000);
  expect(lines.join('')).not.toContain('dsmb-closed');
  await served.stop();
  await other.close();
  await rm(dir, { recursive: true });
}, 20_000);
