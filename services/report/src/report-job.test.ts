import type { Protocol } from '@holdfast/events';
import type { DataCut } from '@holdfast/trials';
import { expect, test } from 'vitest';
import { reportJob } from './report-job.ts';
import type { Shown } from './sight.ts';

test('a report that may show more by now is another job: what was made while the trial ran is not handed out for it', () => {
  const protocol = { trial: 'T', blinding: 'double' } as Protocol;
  const cut = { trial: 'T', name: 'C1', createdAt: '2026-03-01T00:00:00Z', openDigest: 'a', marks: [0] } as unknown;
  const asked = { kind: 'dsmb-closed', site: undefined, dummySeed: undefined } as const;
  const idOf = (shown: Shown) => reportJob(protocol as never, cut as DataCut, asked, shown, { code: 'c' }).id;
  const withheld = (...ids: readonly string[]) => new Map(ids.map((id) => [id, 'the trial runs']));
  const running = { conductByArm: false, withheld: withheld('drinking', 'use') };
  const over = { conductByArm: true, withheld: withheld() };
  expect(idOf(running)).toBe(idOf({ ...running, withheld: withheld('use', 'drinking') }));
  expect(new Set([running, over, { ...running, withheld: withheld('use') }].map(idOf)).size).toBe(3);
});
