export {
  type ArchivedRecord,
  lastOfSegment,
  recordsOfSegment,
  SegmentUnreadable,
  segmentOf,
} from './archive-segment.ts';
export type { Arrivals } from './arrivals.ts';
export { ShardInUse, ShardUnreadable } from './duckdb.ts';
export { type PlainTable, parquetOf } from './parquet-table.ts';
export {
  type Batch,
  type Differences,
  openShard,
  removeShard,
  type Shard,
  type ShardOptions,
  setAside,
} from './shard.ts';
export {
  checkShardFiles,
  removeOtherShards,
  removeShards,
  ShardsAreNewer,
  shardFile,
  shardFolder,
} from './shard-files.ts';
export { makingOf, type ShardMaking, takenInBy } from './snapshot.ts';
export type { TakenIn } from './state.ts';
export { talliedOnce } from './tallied-once.ts';
export type { Vault } from './vault.ts';
