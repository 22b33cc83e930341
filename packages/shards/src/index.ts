export { type ArchivedRecord, recordsOfSegment, SegmentUnreadable, segmentOf } from './archive-segment.ts';
export { ShardInUse, ShardUnreadable } from './duckdb.ts';
export {
  type Arrivals,
  type Batch,
  type Differences,
  openShard,
  removeShard,
  type Shard,
  type ShardOptions,
  type Vault,
} from './shard.ts';
export { checkShardFiles, removeOtherShards, ShardsAreNewer, shardFile } from './shard-files.ts';
