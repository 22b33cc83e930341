import { type CutRequest, isSlotName, makeCut } from '@holdfast/report';
import { CutRefused, type DataCut, type PublishedTrial } from '@holdfast/trials';
import { canBeFolded } from './folding.ts';
import { buildShards } from './intake.ts';
import { refuseFuture } from './known-at.ts';
import type { Store } from './store.ts';

/** Folds the marks, so that shards stand where the log does. Without the key whoever folds next does it. */
async function foldMarks(store: Store, trial: PublishedTrial): Promise<void> {
  if (!(await canBeFolded(store, trial))) return;
  try {
    await buildShards(store, trial);
  } catch (error) {
    // It does not undo the cut, which stands by now.
    console.error(`the marks are not folded yet (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** Makes a data cut, and waits until what marks it is folded. */
export async function createCut(store: Store, published: PublishedTrial, request: CutRequest): Promise<DataCut> {
  if (request.name !== undefined && isSlotName(request.name))
    throw new CutRefused(
      `${request.name} is a name for the cut of a report that is due on schedule; choose another name`,
    );
  await refuseFuture(store, published, request.asOf);
  const cut = await makeCut(store, published, request);
  await foldMarks(store, published);
  return cut;
}
