import { isSafetyMeasure, type Measure, type PatternRule, type Protocol } from '@holdfast/events';
import { differsByArm, foldVersion, isOpenMeasure, isOpenPattern } from '@holdfast/outcomes';
import {
  byArmVerdict,
  lookAtSealed,
  otherVersion,
  type PublishedTrial,
  readTallies,
  readTrialAt,
  replayOf,
  type Subject,
  type TrialTallies,
} from '@holdfast/trials';
import { CommandFailed } from './command-failed.ts';
import { chooseTrial, type Store } from './store.ts';

/** Refuses what needs numbers by arm if they may not be shown; records the look if they may. */
export async function lookByArm(
  store: Store,
  trial: PublishedTrial,
  question: string,
  what: Subject = 'efficacy',
): Promise<void> {
  const verdict = await byArmVerdict(store, trial, what);
  if (!verdict.allowed) throw new CommandFailed(verdict.reason);
  await lookAtSealed(store, trial, question);
}

/**
 * A trial as its tallies stand: after an amendment the version before it, until all shards are rebuilt; the newest one before
 * anything is tallied. Says so where that is not the newest. What is closed in a double-blind trial is never answered by an older
 * version: whether the trial is over is for the newest one to say.
 */
export async function standingTrial(
  { log }: Store,
  trial: PublishedTrial,
  side: 'open' | 'closed',
): Promise<PublishedTrial> {
  const { trial: name, version, blinding } = trial.protocol;
  if (blinding === 'double' && side === 'closed') return trial;
  const { positions } = await readTallies(log, trial.protocol, side);
  const known = positions.find((position) => position !== undefined);
  if (known === undefined) return trial;
  if (known.foldVersion > foldVersion) {
    throw new CommandFailed(
      `the tallies of ${name} were made by a newer Holdfast (fold ${known.foldVersion}; this one has ${foldVersion}); use that one on this store`,
    );
  }
  if (known.protocolVersion === version && known.foldVersion < foldVersion) {
    console.error(
      `${name}: tallies still stand on fold ${known.foldVersion}, this Holdfast has ${foldVersion}; ${replayOf(trial.protocol)} rebuilds them`,
    );
  }
  if (known.protocolVersion === version) return trial;
  const standing = await readTrialAt(log, name, known.protocolVersion);
  if (standing === undefined) {
    throw new CommandFailed(
      `the tallies of ${name} were made with protocol version ${known.protocolVersion}, which is not published here; run ${replayOf(trial.protocol)}`,
    );
  }
  console.error(
    `${name}: version ${version} of its protocol is published, the tallies still stand on version ${known.protocolVersion}; ${replayOf(trial.protocol)} rebuilds them`,
  );
  return standing;
}

/** Refuses a closed measure of a double-blind trial to whoever has not its key. */
export function refuseClosed({ keys }: Store, protocol: Protocol, measure: Measure): void {
  if (isOpenMeasure(measure, protocol) || keys.has(protocol.trial)) return;
  throw new CommandFailed(
    `${measure.id} is a closed measure: it is made of events that are sealed; it needs the trial’s key (--key FILE or HOLDFAST_KEY)`,
  );
}

/** Refuses patterns by a closed rule of a double-blind trial to whoever has not its key. */
export function refuseClosedPattern({ keys }: Store, protocol: Protocol, rule: PatternRule): void {
  if (isOpenPattern(rule, protocol) || keys.has(protocol.trial)) return;
  const why = differsByArm(rule, protocol)
    ? 'its substances differ by arm, and arms are sealed'
    : 'it is made of events that are sealed';
  throw new CommandFailed(
    `${rule.id} is a closed pattern rule: ${why}; it needs the trial’s key (--key FILE or HOLDFAST_KEY)`,
  );
}

/** Reads one side of the tallies that a question is about. */
export type ReadSide = (side: 'open' | 'closed') => Promise<TrialTallies>;

/** A trial's tallies of this protocol version: numbers of two versions are of different things. */
export async function talliesOf({ log }: Store, protocol: Protocol, side: 'open' | 'closed'): Promise<TrialTallies> {
  const read = await readTallies(log, protocol, side);
  const outdated = otherVersion(protocol, read);
  if (outdated !== undefined) throw new CommandFailed(outdated);
  return read;
}

/** Which topic answers a question: by arm in a double-blind trial, or of a closed measure, the closed one. */
export function sideFor(protocol: Protocol, measure: Measure, byArm: boolean): 'open' | 'closed' {
  return protocol.blinding === 'double' && !byArm && isOpenMeasure(measure, protocol) ? 'open' : 'closed';
}

/**
 * The tallies that may answer a question: by arm in a double-blind trial only with its key and (but for safety) once every horizon
 * has passed; without arm the open tallies, which depend on nothing that is sealed. They are the newest ones, or those of a past state or a data
 * cut (`knownAt`): what may be seen of these is decided by how far the trial is now.
 */
export async function talliesFor(
  store: Store,
  trial: PublishedTrial,
  measure: Measure,
  byArm: boolean,
  question: string,
  read: ReadSide = (side) => talliesOf(store, trial.protocol, side),
): Promise<TrialTallies> {
  const { protocol } = trial;
  refuseClosed(store, protocol, measure);
  const side = sideFor(protocol, measure, byArm);
  const what = isSafetyMeasure(measure) ? 'safety' : 'efficacy';
  if (side === 'closed') await lookByArm(store, chooseTrial(store, protocol.trial), question, what);
  return read(side);
}
