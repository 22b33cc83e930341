import type { TrialKey } from '@holdfast/access';
import type { AmendedProtocol } from '@holdfast/events';
import type { ObjectStore } from '@holdfast/objects';
import type { DataCut } from '@holdfast/trials';

/** Where cuts, what is folded of them, and reports lie: what is closed apart from what everybody may read. */
export type Shelves = { readonly objects: ObjectStore; readonly closedObjects: ObjectStore };

/** The cut that a report is of, with all that its numbers depend on. Plain data: a thread can be told it. */
export type CutOfReport = {
  readonly cut: DataCut;
  /** As it stood when the cut was made. */
  readonly protocol: AmendedProtocol;
  /** Opens what is sealed; undefined where that is not asked for. */
  readonly key: TrialKey | undefined;
  /** The code that folds (`foldingCode`). */
  readonly code: string;
};

/**
 * Whose eyes the numbers are for: those of the open events alone, those with everything unsealed, or those of a rehearsal on arms that
 * are dealt out from a seed. Of an open-label trial everything is open.
 */
export type CutSide =
  | { readonly is: 'open' }
  | { readonly is: 'closed' }
  | { readonly is: 'dummy'; readonly seed: string };

/** Where what was folded of a trial's cuts is kept, on each shelf. */
export const foldsOf = (trial: string): string => `folds/${trial}/`;

/** Removes all that was folded of a trial's cuts: it is folded again when a report needs it. */
export async function removeFolds({ objects, closedObjects }: Shelves, trial: string): Promise<void> {
  for (const shelf of [objects, closedObjects])
    for await (const key of shelf.list(foldsOf(trial))) await shelf.remove(key);
}
