import { crc32 } from 'node:zlib';

/**
 * The partition of a key: CRC-32 of its UTF-8 bytes modulo the number of partitions. Stable for ever and the same in every adapter
 * (an adapter never leaves the choice to its client library): a participant's records must keep coming to the same shard.
 */
export function partitionOf(key: string, partitions: number): number {
  return crc32(key) % partitions;
}
