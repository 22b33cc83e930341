import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Protocol } from '@holdfast/events';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { publishProtocol, topicsOf } from '@holdfast/trials';
import { expect, test } from 'vitest';
import { trialIssues } from './trial-issues.ts';

const protocol = Protocol.parse({
  format: 'holdfast-protocol/1',
  trial: 'KARE-2',
  version: 1,
  title: 'A trial',
  blinding: 'open',
  clock: 'imported',
  partitions: 2,
  plannedFollowUp: 28,
  arms: [{ id: 'ketamine' }],
  sites: ['GB-01'],
  substances: [{ id: 'alcohol' }],
  measures: [
    { id: 'first', kind: 'first-use', substances: ['alcohol'], evidence: 'urine-only', windows: [7], horizon: 14 },
  ],
});

test('a record that somebody else wrote to the log is listed by its place, whatever key it has', async () => {
  const root = await mkdtemp(join(tmpdir(), 'hf-issues-'));
  const log = await embeddedEventLog({ dir: join(root, 'log'), closedDir: join(root, 'closed') });
  try {
    await publishProtocol(log, protocol);
    const written = [
      { key: '', partition: 0, value: Buffer.from('no JSON') },
      { key: 'P-1', partition: 1, value: Buffer.from('{"type":"com.example.other.v1"}') },
    ];
    await log.append(topicsOf(protocol).events.name, written);
    const { issues } = await trialIssues(log, protocol, { opener: undefined });
    expect(issues.map(({ issue, counts }) => [issue, counts])).toEqual([
      ['foreign', false],
      ['foreign', false],
    ]);
    expect(issues.map(({ reason }) => reason).sort()).toEqual([
      expect.stringContaining('record 0 of partition 0 is no event'),
      expect.stringContaining('record 0 of partition 1 is no event'),
    ]);
  } finally {
    await log.close();
    await rm(root, { recursive: true });
  }
});
