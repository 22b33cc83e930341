export { type Aggregate, type AggregateOptions, KeyNeeded, startAggregate } from './aggregate.ts';
export { AggregateFailed, startAggregateThread } from './aggregate-thread.ts';
export { chained, type Decoded, recordDecoder } from './decode.ts';
export { type ReadHistories, readHistories } from './histories.ts';
