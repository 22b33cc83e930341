export { type ArchivedRecord, recordsOfSegment, SegmentUnreadable, segmentOf } from './archive-segment.ts';
export type { Arrivals } from './arrivals.ts';
export { ShardInUse, ShardUnreadable } from './duckdb.ts';
export {
  type Batch,
  type Differences,
  openShard,
  removeShard,
  type Shard,
  type ShardOptions,
} from './shard.ts';
export { checkShardFiles, removeOtherShards, ShardsAreNewer, shardFile } from './shard-files.ts';
export type { Vault } from './vault.ts';
