import type { Folded } from '@holdfast/aggregate';
import type { TakenIn } from '@holdfast/ingest/http';
import { Counter, Gauge, Histogram, type Metrics } from '@holdfast/runtime/server';
import type { TrialStanding } from './trial-keeper.ts';

/** What `serve` measures: counts and times by trial, site and partition. Nothing depends on a participant or on what is sealed. */
export interface ServeMetrics {
  takenIn(taken: TakenIn): void;
  appended(seconds: number): void;
  folded(folded: Folded): void;
  dayTurned(trial: string): void;
  shardFailed(trial: string): void;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** `standings` is asked when the numbers are read. */
export function serveMetrics(metrics: Metrics, standings: () => Promise<readonly TrialStanding[]>): ServeMetrics {
  const registers = [metrics];
  const events = new Counter({
    name: 'holdfast_events_total',
    help: 'Events that the door judged, by the sender’s trial and site',
    labelNames: ['trial', 'site', 'verdict'],
    registers,
  });
  const append = new Histogram({
    name: 'holdfast_append_seconds',
    help: 'Time until appended records were durable',
    buckets: seconds,
    registers,
  });
  const batchSeconds = new Histogram({
    name: 'holdfast_batch_seconds',
    help: 'Time from taking a batch up to its tallies being published',
    labelNames: ['trial'],
    buckets: seconds,
    registers,
  });
  const batchRecords = new Histogram({
    name: 'holdfast_batch_records',
    help: 'Records folded in one transaction',
    labelNames: ['trial'],
    buckets: [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000],
    registers,
  });
  const days = new Counter({
    name: 'holdfast_days_turned_total',
    help: 'Days turned by the clock',
    labelNames: ['trial'],
    registers,
  });
  const failures = new Counter({
    name: 'holdfast_shard_failures_total',
    help: 'Times that a trial’s shards failed and were opened again',
    labelNames: ['trial'],
    registers,
  });
  const lag = new Gauge({
    name: 'holdfast_shard_lag_records',
    help: 'Records of the log that a shard has still to fold',
    labelNames: ['trial', 'partition'],
    registers,
  });
  const age = new Gauge({
    name: 'holdfast_watermark_age_seconds',
    help: 'How long ago a trial’s tallies last included all of its log; 0 while they do',
    labelNames: ['trial'],
    registers,
  });
  new Gauge({
    name: 'holdfast_shard_offset',
    help: 'Records of the log that a shard’s published tallies include',
    labelNames: ['trial', 'partition'],
    registers,
    async collect() {
      for (const gauge of [this, lag, age]) gauge.reset();
      for (const { trial, offsets, ends, behindForMs } of await standings()) {
        for (const [partition, end] of ends.entries()) {
          const offset = offsets[partition] ?? 0;
          this.set({ trial, partition }, offset);
          lag.set({ trial, partition }, Math.max(0, end - offset));
        }
        age.set({ trial }, behindForMs / 1000);
      }
    },
  });
  return {
    takenIn({ trial, site, accepted, rejected }) {
      events.inc({ trial, site, verdict: 'accepted' }, accepted);
      events.inc({ trial, site, verdict: 'rejected' }, rejected);
    },
    appended: (time) => append.observe(time),
    folded({ trial, batch }) {
      if (batch === undefined) return;
      batchSeconds.observe({ trial }, batch.milliseconds / 1000);
      batchRecords.observe({ trial }, batch.records);
    },
    dayTurned: (trial) => days.inc({ trial }),
    shardFailed: (trial) => failures.inc({ trial }),
  };
}
