import { door } from './door.ts';
import type { Workload } from './figures.ts';
import { importWorkload } from './import.ts';
import { live } from './live.ts';
import { manyBatches } from './many-batches.ts';
import { refresh } from './refresh.ts';
import { trickle } from './trickle.ts';
import { turnedDay } from './turned-day.ts';

export const workloads: Readonly<Record<string, Workload>> = {
  import: importWorkload,
  live,
  trickle,
  door,
  refresh,
  'turned-day': turnedDay,
  'many-batches': manyBatches,
};
