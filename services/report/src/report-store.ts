import type { TrialKey } from '@holdfast/access';
import type { EventLog, LogPlace } from '@holdfast/log';
import type { ObjectStore, ObjectsPlace } from '@holdfast/objects';
import type { Trials } from '@holdfast/trials';

/** What of a store reports are made from and kept in. */
export type ReportStore = {
  readonly log: EventLog;
  readonly objects: ObjectStore;
  readonly places: { readonly log: LogPlace; readonly closedObjects: ObjectsPlace };
  readonly trials: Trials;
  readonly keys: ReadonlyMap<string, TrialKey>;
};
