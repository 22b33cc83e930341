import { openMetrics } from '@holdfast/runtime/server';
import { afterEach, expect, test, vi } from 'vitest';
import { serveMetrics } from './serve-metrics.ts';
import type { TrialStanding } from './trial-keeper.ts';

afterEach(() => vi.useRealTimers());

const standing: TrialStanding = {
  trial: 'T-1',
  partitions: [{ partition: 0, offset: 3, end: 7 }],
  behindForMs: 2_000,
};

function read(standings: () => Promise<readonly TrialStanding[]>, logAnswers = true) {
  const metrics = openMetrics();
  serveMetrics(metrics, { standings, waitingDeliveries: async () => 0, logAnswers: () => logAnswers });
  return metrics;
}

test('what is read of the log at one time comes from one question', async () => {
  const standings = vi.fn(async () => [standing]);
  const text = await read(standings).metrics();
  expect(text).toContain('holdfast_log_answers 1');
  expect(text).toContain('holdfast_shard_lag_records{trial="T-1",partition="0"} 4');
  expect(text).toContain('holdfast_watermark_age_seconds{trial="T-1"} 2');
  expect(standings).toHaveBeenCalledTimes(1);
});

test('a log that is silent leaves out what only it knows, says so, and is not asked again before it has answered', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let answer: (standings: readonly TrialStanding[]) => void = () => undefined;
  const standings = vi.fn(() => new Promise<readonly TrialStanding[]>((resolve) => (answer = resolve)));
  const metrics = read(standings);
  for (let times = 0; times < 2; times += 1) {
    const reading = metrics.metrics();
    await vi.advanceTimersByTimeAsync(5_000);
    const text = await reading;
    expect(text).toContain('holdfast_log_answers 0');
    expect(text).toContain('holdfast_drop_waiting 0');
    expect(text).not.toContain('trial="T-1"');
  }
  expect(standings).toHaveBeenCalledTimes(1);
  const reading = metrics.metrics();
  answer([standing]);
  expect(await reading).toContain('holdfast_log_answers 1');
});

test('a log that fails is as one that is silent', async () => {
  expect(await read(() => Promise.reject(new Error('away'))).metrics()).toContain('holdfast_log_answers 0');
});

test('a process without shards says of the log what it last heard', async () => {
  expect(await read(async () => [], false).metrics()).toContain('holdfast_log_answers 0');
  expect(await read(async () => []).metrics()).toContain('holdfast_log_answers 1');
});

test('a shard or an archive that holds what the log has not is told of with its time, by trial', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
  const metrics = openMetrics();
  const measured = serveMetrics(metrics, {
    standings: async () => [],
    waitingDeliveries: async () => 0,
    logAnswers: () => true,
  });
  const segment = { partition: 0, next: undefined, why: 'it is so' };
  measured.archived({ trial: 'T-1', ...segment, isContradicted: false });
  expect(await metrics.metrics()).not.toContain('trial="T-1"');
  measured.contradicted({ trial: 'T-1', partition: 0, offset: 6, why: 'it is so' });
  measured.archived({ trial: 'T-2', ...segment, isContradicted: true });
  const text = await metrics.metrics();
  expect(text).toContain('holdfast_shard_contradicted_timestamp_seconds{trial="T-1"} 1700000000\n');
  expect(text).toContain('holdfast_archive_contradicted_timestamp_seconds{trial="T-2"} 1700000000\n');
  expect(text.match(/^holdfast_\w+_contradicted_\w+\{/gm)).toHaveLength(2);
});

test('what may fail is counted from the beginning: a first failure is one more', async () => {
  const metrics = openMetrics();
  const measured = serveMetrics(metrics, {
    standings: async () => [],
    waitingDeliveries: async () => 0,
    logAnswers: () => true,
  });
  measured.keeps('T-1');
  const text = await metrics.metrics();
  expect(text).toContain('holdfast_shard_failures_total{trial="T-1"} 0');
  expect(text).toContain('holdfast_drop_deliveries_total{outcome="failed"} 0');
});
