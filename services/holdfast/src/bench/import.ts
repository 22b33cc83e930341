import type { NewRecord } from '@holdfast/log';
import { type LoadTrial, loadByParticipant, loadTrialOver } from '@holdfast/simulate';
import { scaled, type Workload } from './figures.ts';
import { foldAgainstParse } from './fold-against-parse.ts';
import { recordOf, turnedTo } from './load-log.ts';

/** A finished trial: each participant's whole history together, and one clock at the end. */
function* finishedTrial(size: LoadTrial): Generator<NewRecord> {
  for (const events of loadByParticipant(size)) for (const event of events) yield recordOf(event);
  yield* turnedTo(loadTrialOver);
}

/** *import*: participant by participant. */
export const importWorkload: Workload = (bench) =>
  foldAgainstParse('import', bench, finishedTrial({ participants: scaled(bench, 20_000, 10), eventsEach: 500 }));
