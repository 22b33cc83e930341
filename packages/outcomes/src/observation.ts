import type { CivilDay, EventData, ObservationType } from '@holdfast/events';

/** Which side of the blind an event came from: open events, or those that lay sealed in the log. */
export type Side = 'open' | 'sealed';

type Types = ObservationType | 'correction' | 'retraction';

/**
 * One event as the fold sees it: what it says, and what identity, order and ties are decided by.
 * `day` is the civil date of its `time` as written; `recordedAt` an instant in milliseconds; `sha256` that of its canonical content.
 */
export type ObservationOf<T extends Types, S extends Side = Side> = {
  readonly side: S;
  readonly type: T;
  readonly source: string;
  readonly id: string;
  readonly sha256: string;
  readonly recordedAt: number;
  readonly day: CivilDay;
  readonly data: EventData<T>;
};

/** An observation of any type. */
export type Observation<S extends Side = Side> = { [T in Types]: ObservationOf<T, S> }[Types];

/** Everything Holdfast has of one participant, in any order, repeated as it may be. The open fold is never given `sealed`. */
export type History = {
  readonly participant: string;
  readonly open: readonly Observation<'open'>[];
  readonly sealed: readonly Observation<'sealed'>[];
};
