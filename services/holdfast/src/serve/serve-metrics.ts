import { type ArchiveTold, type Contradicted, type Folded, inTime } from '@holdfast/aggregate';
import type { Receipt } from '@holdfast/ingest/drop';
import type { TakenIn } from '@holdfast/ingest/http';
import { Counter, Gauge, Histogram, type Metrics } from '@holdfast/runtime/server';
import type { TrialStanding } from './trial-keeper.ts';

/** What `serve` measures: counts and times by trial, site and partition. Nothing depends on a participant or on what is sealed. */
export interface ServeMetrics {
  takenIn(taken: TakenIn): void;
  delivered(receipt: Receipt): void;
  appended(seconds: number): void;
  folded(folded: Folded): void;
  dayTurned(trial: string): void;
  shardFailed(trial: string): void;
  contradicted(contradicted: Contradicted): void;
  archived(told: ArchiveTold): void;
  /** A trial's shards are kept here from now on: its counts begin, so that the first failure is seen to be one more. */
  keeps(trial: string): void;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Asked when the numbers are read. */
type Asked = {
  readonly standings: () => Promise<readonly TrialStanding[]>;
  /** Things in the drop folder that are not taken in yet. */
  readonly waitingDeliveries: () => Promise<number>;
  /** Whether the log answered when it was last asked; a process without shards asks it nothing else. */
  readonly logAnswers: () => boolean;
};

/** Whoever scrapes gives up after ten seconds, and would have no number at all then. */
const mostSeconds = 5;

export function serveMetrics(metrics: Metrics, { standings, waitingDeliveries, logAnswers }: Asked): ServeMetrics {
  const registers = [metrics];
  const events = new Counter({
    name: 'holdfast_events_total',
    help: 'Events that the door judged, by the sender’s trial and site',
    labelNames: ['trial', 'site', 'verdict'],
    registers,
  });
  const deliveries = new Counter({
    name: 'holdfast_drop_deliveries_total',
    help: 'Files and folders of tables that were taken in from the drop folder; failed: something of it was not accepted',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of ['done', 'failed'] as const) deliveries.inc({ outcome }, 0);
  const deliveredEvents = new Counter({
    name: 'holdfast_drop_events_total',
    help: 'Events that came by the drop folder',
    labelNames: ['verdict'],
    registers,
  });
  new Gauge({
    name: 'holdfast_drop_waiting',
    help: 'Files and folders that lie in the drop folder and are not taken in yet',
    registers,
    async collect() {
      this.set(await waitingDeliveries());
    },
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
  const foreign = new Counter({
    name: 'holdfast_foreign_records_total',
    help: 'Records in a trial’s log that are no events and were set aside: somebody else writes to its topic',
    labelNames: ['trial'],
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
  // Times, not counts: a shard is contradicted when it is opened, so before anybody has read a count that it could raise.
  const contradicted = (what: string, help: string) => {
    const gauge = new Gauge({ name: `holdfast_${what}_timestamp_seconds`, help, labelNames: ['trial'], registers });
    return (trial: string) => gauge.set({ trial }, Date.now() / 1000);
  };
  const shardContradicted = contradicted(
    'shard_contradicted',
    'When a shard was last found to hold what its log has not, and was set aside',
  );
  const archiveContradicted = contradicted(
    'archive_contradicted',
    'When nothing was last archived since the archive holds what its log has not',
  );
  /** One question to the log at a time, whoever reads the numbers meanwhile: it may be long in coming. */
  let asked: Promise<readonly TrialStanding[]> | undefined;
  const standingsInTime = () => {
    asked ??= standings().finally(() => {
      asked = undefined;
    });
    return inTime(
      asked.catch(() => undefined),
      mostSeconds * 1000,
    );
  };
  new Gauge({
    name: 'holdfast_log_answers',
    help: `1 if the log said how far it goes when these numbers were read; 0 if it failed, or was silent for ${mostSeconds} s: offsets, lag and age are left out then`,
    registers,
    async collect() {
      this.set(logAnswers() && (await standingsInTime()) !== undefined ? 1 : 0);
    },
  });
  const atRead = (
    name: string,
    help: string,
    labelNames: readonly string[],
    set: (gauge: Gauge, standing: TrialStanding) => void,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers,
      async collect() {
        this.reset();
        for (const standing of (await standingsInTime()) ?? []) set(this, standing);
      },
    });
  const byPartition = ['trial', 'partition'];
  atRead(
    'holdfast_shard_offset',
    'Records of the log that a shard’s published tallies include',
    byPartition,
    (gauge, { trial, partitions }) => {
      for (const { partition, offset } of partitions) gauge.set({ trial, partition }, offset);
    },
  );
  atRead(
    'holdfast_shard_lag_records',
    'Records of the log that a shard has still to fold',
    byPartition,
    (gauge, { trial, partitions }) => {
      for (const { partition, offset, end } of partitions) gauge.set({ trial, partition }, Math.max(0, end - offset));
    },
  );
  atRead(
    'holdfast_watermark_age_seconds',
    'How long ago a trial’s tallies last included all of its log; 0 while they do',
    ['trial'],
    (gauge, { trial, behindForMs }) => gauge.set({ trial }, behindForMs / 1000),
  );
  return {
    takenIn({ trial, site, accepted, rejected }) {
      events.inc({ trial, site, verdict: 'accepted' }, accepted);
      events.inc({ trial, site, verdict: 'rejected' }, rejected);
    },
    delivered({ outcome, accepted, rejected }) {
      deliveries.inc({ outcome });
      deliveredEvents.inc({ verdict: 'accepted' }, accepted);
      deliveredEvents.inc({ verdict: 'rejected' }, rejected);
    },
    appended: (time) => append.observe(time),
    folded({ trial, batch }) {
      if (batch === undefined) return;
      batchSeconds.observe({ trial }, batch.milliseconds / 1000);
      batchRecords.observe({ trial }, batch.records);
      foreign.inc({ trial }, batch.foreign);
    },
    dayTurned: (trial) => days.inc({ trial }),
    shardFailed: (trial) => failures.inc({ trial }),
    contradicted: ({ trial }) => shardContradicted(trial),
    archived({ trial, isContradicted }) {
      if (isContradicted) archiveContradicted(trial);
    },
    keeps: (trial) => failures.inc({ trial }, 0),
  };
}
