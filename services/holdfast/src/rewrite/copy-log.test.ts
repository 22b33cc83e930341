import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventLog, openLog } from '@holdfast/log';
import { createTopics, topicsOf } from '@holdfast/trials';
import { expect, test } from 'vitest';
import { copyLog } from './copy-log.ts';

const from = { trial: 'T', partitions: 1 };
const to = { trial: 'T', partitions: 1, edition: 2 };

test.each(['events', 'rejected'] as const)(
  'a copy of %s that ends before the end is none: it goes on from where it was',
  async (topic) => {
    const dir = await mkdtemp(join(tmpdir(), 'hf-copy-'));
    const log = await openLog({ kind: 'embedded', dir: join(dir, 'log'), closedDir: join(dir, 'closed') });
    try {
      for (const place of [from, to]) await createTopics(log, place);
      const [old, made] = [topicsOf(from)[topic].name, topicsOf(to)[topic].name];
      await log.append(
        old,
        ['1', '2', '3'].map((id) => ({ key: 'P-1', value: Buffer.from(id), partition: 0 })),
      );
      let lags = true;
      /** Which gives nothing after the first record although it has said that there is more. */
      const lagging: EventLog = {
        ...log,
        read: async (name, partition, at, most) =>
          name === old && lags
            ? (await log.read(name, partition, at, most)).filter(({ offset }) => offset < 1)
            : log.read(name, partition, at, most),
      };
      const copy = copyLog({ log: lagging, from, to });
      await expect(copy.more()).rejects.toMatchObject({ code: 'HF_LOG_UNAVAILABLE', retryable: true });
      expect(copy.copied[topic]).toEqual([0]);
      lags = false;
      await copy.more();
      expect(copy.copied[topic]).toEqual([3]);
      const copied = await log.read(made, 0, 0, { records: 10, bytes: 1_000 });
      expect(new Set(copied.map(({ value }) => Buffer.from(value).toString()))).toEqual(new Set(['1', '2', '3']));
    } finally {
      await log.close();
      await rm(dir, { recursive: true });
    }
  },
);
