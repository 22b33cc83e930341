export { type Aggregate, type AggregateOptions, startAggregate } from './aggregate.ts';
export { chained, type Decoded, recordDecoder } from './decode.ts';
export { type ReadHistories, readHistories } from './histories.ts';
export { ShardThreadFailed } from './keeper-thread.ts';
export {
  type ParticipantRecords,
  type ParticipantRecordsOptions,
  participantRecords,
} from './participant-records.ts';
export { KeyNeeded } from './shard-keeper.ts';
