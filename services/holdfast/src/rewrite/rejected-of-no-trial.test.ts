import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventLog, openLog, recordsBetween } from '@holdfast/log';
import { rejectedTopic } from '@holdfast/trials';
import { expect, test } from 'vitest';
import { eraseRejectedOfNoTrial } from './rejected-of-no-trial.ts';

const record = (key: string) => ({ key, value: Buffer.from('{}') });

async function withLog(work: (log: EventLog) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'hf-rejected-'));
  const log = await openLog({ kind: 'embedded', dir: join(dir, 'log'), closedDir: join(dir, 'closed') });
  try {
    await work(log);
  } finally {
    await log.close();
    await rm(dir, { recursive: true });
  }
}

/** What is left in the topic, when it is the only one there. */
async function left(log: EventLog): Promise<string[]> {
  const keys: string[] = [];
  for await (const records of recordsBetween(log, rejectedTopic.name, 0)) keys.push(...records.map(({ key }) => key));
  expect((await log.topics()).map(({ name }) => name)).toEqual([rejectedTopic.name]);
  return keys;
}

test('what a door rejects while the topic is made anew stays, or goes, as what was there', () =>
  withLog(async (log) => {
    await log.createTopic(rejectedTopic);
    await log.append(rejectedTopic.name, ['out', 'stays', 'whole'].map(record));
    const coming = [['late', 'out'], ['later']];
    /** A door that was not stopped: it rejects something whenever a part of the copy is made. */
    const withDoor: EventLog = {
      ...log,
      async append(topic, records) {
        const offsets = await log.append(topic, records);
        if (topic !== rejectedTopic.name) await log.append(rejectedTopic.name, (coming.shift() ?? []).map(record));
        return offsets;
      },
    };
    await eraseRejectedOfNoTrial(withDoor, async ({ key }) => key === 'out');
    expect(await left(log)).toEqual(['stays', 'whole', 'late', 'later']);
  }));

test.each([
  ['before the topic was removed', { removeTopic: rejectedTopic.name }],
  ['after it was removed', { createTopic: rejectedTopic.name }],
  ['when it was filled again', { append: rejectedTopic.name }],
])('a copy that another erasure left, killed %s, is looked through too: nobody who is to go stays in it', (_, killed) =>
  withLog(async (log) => {
    await log.createTopic(rejectedTopic);
    await log.append(rejectedTopic.name, ['first', 'second', 'stays'].map(record));
    const { removeTopic, createTopic, append } = killed as Partial<Record<keyof EventLog, string>>;
    const dying = () => Promise.reject(new Error('killed'));
    const mortal: EventLog = {
      ...log,
      removeTopic: (name) => (name === removeTopic ? dying() : log.removeTopic(name)),
      createTopic: (spec) => (spec.name === createTopic ? dying() : log.createTopic(spec)),
      append: (name, records) => (name === append ? dying() : log.append(name, records)),
    };
    await expect(eraseRejectedOfNoTrial(mortal, async ({ key }) => key === 'first')).rejects.toThrow('killed');
    await eraseRejectedOfNoTrial(log, async ({ key }) => key === 'second');
    expect(await left(log)).toEqual(['stays']);
  }),
);
