import { type JobQueue, JobQueueInUse, type Worker } from '@holdfast/jobs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startReportService } from './report-service.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a service whose queue another process works on says so, and works again once that has ended', async () => {
  let lose: (error: JobQueueInUse) => void = () => undefined;
  let begun = 0;
  const work = async (): Promise<Worker> => {
    begun += 1;
    if (begun === 2) throw new JobQueueInUse('run by process 1');
    const lost = new Promise<JobQueueInUse>((resolve) => {
      lose = resolve;
    });
    return { lost, stop: async () => undefined };
  };
  const place = { kind: 'folder', dir: '/nowhere' } as const;
  const service = startReportService({
    queue: { work } as unknown as JobQueue,
    store: async () => ({ trials: new Map() }) as never,
    places: { objects: place, closedObjects: place },
    threads: 1,
    delivery: {} as never,
    now: () => new Date(),
    onTold: () => undefined,
    onTrouble: () => undefined,
    onClockFailed: (_, error) => expect.unreachable(String(error)),
  });
  const states = [];
  for (const passes of [0, 0, 2_000, 2_000]) {
    await vi.advanceTimersByTimeAsync(passes);
    states.push(service.state());
    if (states.length === 1) lose(new JobQueueInUse('run by process 1'));
  }
  expect(states).toEqual(['running', 'queue-in-use', 'queue-in-use', 'running']);
  await service.stop();
  expect(begun).toBe(3);
});
