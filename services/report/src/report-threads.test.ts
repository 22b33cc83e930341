import { expect, test } from 'vitest';
import { startReportThreads } from './report-threads.ts';

test('what waits for a thread hears at once that it is not wanted; what else waits goes on waiting', async () => {
  const place = { kind: 'folder', dir: '/nowhere' } as const;
  const threads = startReportThreads({ count: 0, places: { objects: place, closedObjects: place } });
  const stop = new AbortController();
  const fold = (signal: AbortSignal) => threads.fold({} as never, { is: 'open' }, 0, signal);
  const [unwanted, wanted] = [fold(stop.signal), fold(new AbortController().signal)];
  const ended: string[] = [];
  wanted.catch(() => ended.push('wanted'));
  stop.abort(new Error('cancelled'));
  await expect(unwanted).rejects.toThrow('cancelled');
  expect(ended).toEqual([]);
  await threads.stop();
  await expect(wanted).rejects.toThrow('died');
});
