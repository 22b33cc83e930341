import { type PublishedTrial, readTrials } from '@holdfast/trials';
import type { Store } from './store.ts';

/** A trial as it is published now: since the store was opened its log may have been rewritten. */
async function publishedNow({ log }: Pick<Store, 'log'>, trial: PublishedTrial): Promise<PublishedTrial> {
  return (await readTrials(log)).get(trial.protocol.trial) ?? trial;
}

/** Does what concerns a trial's log; does it again, in the log that is in force, if that was switched to meanwhile. */
export async function inLogInForce<T>(
  store: Pick<Store, 'log'>,
  trial: PublishedTrial,
  work: (now: PublishedTrial) => Promise<T>,
): Promise<T> {
  for (let now = await publishedNow(store, trial); ; ) {
    const outcome = await work(now).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    const after = await publishedNow(store, trial);
    if (after.protocol.edition === now.protocol.edition) {
      if ('error' in outcome) throw outcome.error;
      return outcome.value;
    }
    now = after;
  }
}
