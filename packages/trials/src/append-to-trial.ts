import type { EventLog, NewRecord } from '@holdfast/log';
import type { TrialLogs } from './registry.ts';
import { type TrialLog, type TrialTopics, topicsOf } from './topics.ts';

/** Where records were appended, and the offset of each. */
export type AppendedTo = { readonly at: TrialLog; readonly offsets: readonly number[] };

/**
 * Appends to a topic of a trial, wherever its log lies. Whoever rewrites the log copies all that was appended before it was switched;
 * what was appended later is appended again to the new log, before anybody is told that it is durable. So nothing acknowledged is
 * missing from the log in force, however late its writer heard of the switch. `records` is asked again for another log.
 */
export async function appendToTrial(
  log: EventLog,
  logs: TrialLogs,
  known: TrialLog,
  topic: keyof TrialTopics,
  records: (at: TrialLog) => readonly NewRecord[],
): Promise<AppendedTo> {
  for (let at = known; ; ) {
    const outcome = await log.append(topicsOf(at)[topic].name, records(at)).then(
      (offsets) => ({ offsets }),
      (error: unknown) => ({ error }),
    );
    const now = (await logs.look(known.trial)) ?? at;
    if ((now.edition ?? 1) === (at.edition ?? 1)) {
      if ('error' in outcome) throw outcome.error;
      return { at, offsets: outcome.offsets };
    }
    at = now;
  }
}
