import { door } from './door.ts';
import type { Workload } from './figures.ts';
import { halfRate } from './half-rate.ts';
import { importWorkload } from './import.ts';
import { live } from './live.ts';
import { manyBatches } from './many-batches.ts';
import { refresh } from './refresh.ts';
import { reports } from './reports.ts';
import { restore } from './restore.ts';
import { trickle } from './trickle.ts';
import { turnedDay } from './turned-day.ts';
import { workers } from './workers.ts';

/** On the embedded store. */
export const workloads: Readonly<Record<string, Workload>> = {
  import: importWorkload,
  live,
  trickle,
  door,
  refresh,
  'turned-day': turnedDay,
  'many-batches': manyBatches,
  restore,
  reports,
};

/** On a cluster, whose store of objects this is. */
export const clusterWorkloads = (s3: string): Readonly<Record<string, Workload>> => ({
  import: importWorkload,
  live,
  trickle,
  restore,
  'half-rate': halfRate,
  workers: workers(s3),
});
