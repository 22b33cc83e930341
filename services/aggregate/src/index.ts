export { type Aggregate, type AggregateOptions, startAggregate } from './aggregate.ts';
export { archiveUpTo, checkReach, type SegmentBounds } from './archive.ts';
export type { ArchiveTold, KeptArchive } from './archive-keeper.ts';
export { cutOnOthers, type SegmentWith, segmentsWith, writeSegmentAgain } from './archive-without.ts';
export { type Contents, contentsOf, newestDate, type SelectedEvent, selectedEvents } from './cut-contents.ts';
export { type EventChange, type EventsOf, eventChanges } from './cut-difference.ts';
export { chained, type Decoded, recordDecoder } from './decode.ts';
export { envelopeOf, isParticipants } from './envelope.ts';
export type { Contradicted, Folded, ShardListener } from './folded.ts';
export { type ReadHistories, readHistories } from './histories.ts';
export { inTime } from './in-time.ts';
export { ShardThreadFailed } from './keeper-thread.ts';
export { loggedEvent } from './logged-event.ts';
export { clockOfSelection, type OpenArrival, type OpenHistory, openHistories } from './open-histories.ts';
export {
  type ParticipantRecords,
  type ParticipantRecordsOptions,
  participantRecords,
} from './participant-records.ts';
export { publishedOffsets } from './published-offsets.ts';
export { fromArchive, fromLog, type RecordSource } from './record-source.ts';
export { type Selected, selectedArrivals } from './selected-arrivals.ts';
export { clockOf, protocolUpTo, type Selection } from './selection.ts';
export { type SelectionOptions, selectionTallies } from './selection-tallies.ts';
export { KeyNeeded } from './shard-keeper.ts';
export type { KeptSnapshots, SnapshotTold } from './snapshot-keeper.ts';
export { removeOtherSnapshots, removeSnapshots } from './snapshots.ts';
