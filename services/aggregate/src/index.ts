export { type Aggregate, type AggregateOptions, startAggregate } from './aggregate.ts';
export { archiveUpTo, checkReach, type SegmentBounds } from './archive.ts';
export { type Contents, contentsOf, newestDate, type SelectedEvent, selectedEvents } from './cut-contents.ts';
export { type EventChange, type EventsOf, eventChanges } from './cut-difference.ts';
export { chained, type Decoded, recordDecoder } from './decode.ts';
export type { Folded } from './folded.ts';
export { type ReadHistories, readHistories } from './histories.ts';
export { ShardThreadFailed } from './keeper-thread.ts';
export { clockOfSelection, type OpenArrival, type OpenHistory, openHistories } from './open-histories.ts';
export {
  type ParticipantRecords,
  type ParticipantRecordsOptions,
  participantRecords,
} from './participant-records.ts';
export { fromArchive, fromLog, type RecordSource } from './record-source.ts';
export { protocolUpTo, type Selection } from './selection.ts';
export { type SelectionOptions, selectionTallies } from './selection-tallies.ts';
export { KeyNeeded } from './shard-keeper.ts';
