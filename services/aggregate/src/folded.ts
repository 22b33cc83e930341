import type { ArchiveTold } from './archive-keeper.ts';
import type { SnapshotTold } from './snapshot-keeper.ts';

/** What a shard has committed and published: where it stands, and what it took to get there. Nothing in it depends on what events say. */
export type Folded = {
  readonly trial: string;
  readonly partition: number;
  /** Everything before it is committed and published. */
  readonly offset: number;
  readonly owner: string;
  /** The sequence of the differences or the claim that readers find it under. */
  readonly sequence: number;
  /** The batch; undefined for a claim alone. */
  readonly batch:
    | {
        readonly first: number;
        readonly records: number;
        /** How many of the records are no events, and were set aside. */
        readonly foreign: number;
        readonly milliseconds: number;
      }
    | undefined;
};

/** A shard had taken in what its log has not: its file was set aside, and the log refills it. */
export type Contradicted = {
  readonly trial: string;
  readonly partition: number;
  /** Where the shard stood. */
  readonly offset: number;
  readonly why: string;
};

/** Told of the shards that are kept here. Of a trial on several machines these are some of its partitions, and they come and go. */
export type ShardListener = {
  /** A shard is ours now; it may have to be opened and refilled before it says anything. */
  readonly onTaken?: (trial: string, partition: number) => void;
  /** The log is not the one, or no longer all of it, that a shard was made of. */
  readonly onContradicted?: (contradicted: Contradicted) => void;
  /** A batch or claim is committed and published. */
  readonly onFolded?: (folded: Folded) => void;
  /** A shard was stored or restored, or it failed; folding goes on without. */
  readonly onSnapshot?: (told: SnapshotTold) => void;
  /** A segment of a shard's log was archived, or could not be. */
  readonly onArchived?: (told: ArchiveTold) => void;
  /** A shard is no longer ours. */
  readonly onGiven?: (trial: string, partition: number) => void;
};
