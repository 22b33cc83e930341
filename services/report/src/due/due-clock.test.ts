import { parseProtocol } from '@holdfast/events';
import type { JobQueue } from '@holdfast/jobs';
import type { PublishedTrial } from '@holdfast/trials';
import { expect, test } from 'vitest';
import { startDueClock } from './due-clock.ts';

const parsed = parseProtocol(`format: holdfast-protocol/1
trial: KARE-2
version: 1
title: A trial
blinding: double
clock: live
plannedFollowUp: 90
plannedParticipants: 10
arms: [{ id: ketamine }, { id: saline }]
sites: [GB-01]
substances: [{ id: alcohol }]
measures: [{ id: first, kind: first-use, substances: [alcohol], evidence: urine-only, windows: [28], horizon: 84 }]
reports:
  - { id: status, report: status, when: { cron: 0 7 * * 1 } }
  - { id: board, report: dsmb-closed, when: { cron: 0 7 * * 1 } }
  - { id: half, report: dsmb-closed, when: { mature: 0.5, measure: first } }
`);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
const protocol = parsed.value;
const publishedAt = new Map([[1, '2026-03-29T00:00:00Z']]);
const trial: PublishedTrial = { protocol, versions: [protocol], publishedAt, key: undefined };

async function failing(signal?: AbortSignal): Promise<readonly string[]> {
  const away = async () => Promise.reject(new Error('the store is away'));
  const failed: string[] = [];
  const store = {
    trials: new Map([['KARE-2', trial]]),
    objects: { get: away },
    places: { closedObjects: { kind: 'folder', dir: '/dev/null/closed' } },
  };
  const clock = await startDueClock({
    store: async () => store as never,
    queue: {} as JobQueue,
    now: () => new Date('2026-03-30T12:00:00Z'),
    onFailed: ({ schedule, isClosed }) => failed.push(`${schedule?.replace(/-[0-9a-f]{8}$/, '')} ${isClosed}`),
    ...(signal === undefined ? {} : { signal }),
  });
  await clock.stop();
  return failed;
}

test('of a look that failed it is told whether it was for a closed report, of which no more may be logged', async () => {
  expect(await failing()).toEqual([
    'due-KARE-2__half-mature-500 true',
    'due-KARE-2__status false',
    'due-KARE-2__board true',
  ]);
});

test('a look that is to stop asks for nothing more', async () => {
  expect(await failing(AbortSignal.abort())).toEqual([]);
});
