import { userInfo } from 'node:os';
import { type ByArmVerdict, mayShowByArm, openVault, trialVault } from '@holdfast/access';
import type { Measure, PatternRule, Protocol } from '@holdfast/events';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { differsByArm, foldVersion, isOpenMeasure, isOpenPattern } from '@holdfast/outcomes';
import { isFinal, maturityCurve } from '@holdfast/tallies';
import { type PublishedTrial, readTallies, type TrialTallies, topicsOf } from '@holdfast/trials';
import { CommandFailed } from './command-failed.ts';
import { chooseTrial, type Store } from './store.ts';

/** How arms are shown: their tokens in the tallies, and their names. */
export type ArmNames = { token(arm: string): string; name(token: string): string | undefined };

export function armNames({ keys }: Store, { protocol }: PublishedTrial): ArmNames {
  const key = keys.get(protocol.trial);
  const vault = protocol.blinding === 'double' && key !== undefined ? trialVault(key) : openVault;
  const arms = protocol.arms.map(({ id }) => id);
  return { token: (arm) => vault.armToken(arm), name: (token) => vault.armName(token, arms) };
}

/**
 * Whether a double-blind trial is over: nobody can still be randomised (as many as planned are, or the administrative end has
 * come), and everybody has passed the horizon of every measure. A pause in recruitment is no end.
 */
function isOver(protocol: Protocol, { tallies, positions }: TrialTallies): boolean {
  const { plannedParticipants, administrativeEnd, measures } = protocol;
  const randomised = (measure: Measure) =>
    maturityCurve(tallies, { measure: measure.id, horizon: 0 }, { arm: undefined, site: undefined })[0]?.randomised ??
    0;
  const complete =
    plannedParticipants !== undefined && measures.every((measure) => randomised(measure) >= plannedParticipants);
  const ended =
    administrativeEnd !== undefined && positions.every((position) => (position?.asOf ?? '') > administrativeEnd);
  return (complete || ended) && measures.every((measure) => isFinal(tallies, measure.id, measure.horizon));
}

/** Every look at numbers by arm of a double-blind trial is itself recorded. A look that cannot be recorded is not given. */
async function recordLook({ folders }: Store, protocol: Protocol, question: string): Promise<void> {
  const log = await embeddedEventLog({ dir: folders.log, closedDir: folders.closedLog });
  const record = { at: new Date().toISOString(), who: userInfo().username, question };
  try {
    const value = new TextEncoder().encode(JSON.stringify(record));
    await log.append(topicsOf(protocol).audit.name, [{ key: protocol.trial, value }]);
  } finally {
    await log.close();
  }
}

/** Whether this store's keys open numbers by arm of a trial now; the reason if not. */
export async function byArmVerdict(store: Store, { protocol }: PublishedTrial): Promise<ByArmVerdict> {
  const hasKey = store.keys.has(protocol.trial);
  const closed = hasKey && protocol.blinding === 'double' ? await currentTallies(store, protocol, 'closed') : undefined;
  const passed = closed !== undefined && isOver(protocol, closed);
  return mayShowByArm({ blinding: protocol.blinding, hasKey, allHorizonsPassed: passed, what: 'efficacy' });
}

/** Refuses what needs numbers by arm if they may not be shown; records the look if they may. */
export async function lookByArm(store: Store, trial: PublishedTrial, question: string): Promise<void> {
  const verdict = await byArmVerdict(store, trial);
  if (!verdict.allowed) throw new CommandFailed(verdict.reason);
  if (trial.protocol.blinding === 'double') await recordLook(store, trial.protocol, question);
}

/** Records that somebody looked, by the key, at what the sealed events of a double-blind trial say of themselves (no number by arm). */
export async function lookAtSealed(store: Store, { protocol }: PublishedTrial, question: string): Promise<void> {
  if (protocol.blinding === 'double') await recordLook(store, protocol, question);
}

/** A trial's tallies, if all shards were made by the newest protocol and this fold: numbers of two versions do not add up. */
async function currentTallies({ log }: Store, protocol: Protocol, side: 'open' | 'closed'): Promise<TrialTallies> {
  const read = await readTallies(log, protocol, side);
  const outdated = read.positions.find(
    (position) =>
      position !== undefined && (position.protocolVersion !== protocol.version || position.foldVersion !== foldVersion),
  );
  if (outdated !== undefined) {
    throw new CommandFailed(
      `the tallies of ${protocol.trial} were made with protocol version ${outdated.protocolVersion}, and version ${protocol.version} is published; run \`holdfast replay --trial ${protocol.trial}\` first`,
    );
  }
  return read;
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

/**
 * The tallies that may answer a question: by arm in a double-blind trial only with its key and once every horizon has passed;
 * without arm the open tallies, which depend on nothing that is sealed. They are the newest ones, or those of a past state or a data
 * cut (`knownAt`): what may be seen of these is decided by how far the trial is now.
 */
export async function talliesFor(
  store: Store,
  trial: PublishedTrial,
  measure: Measure,
  byArm: boolean,
  question: string,
  read: ReadSide = (side) => currentTallies(store, trial.protocol, side),
): Promise<TrialTallies> {
  const { protocol } = trial;
  refuseClosed(store, protocol, measure);
  if (protocol.blinding === 'double' && !byArm && isOpenMeasure(measure, protocol)) {
    return read('open');
  }
  await lookByArm(store, chooseTrial(store, protocol.trial), question);
  return read('closed');
}
