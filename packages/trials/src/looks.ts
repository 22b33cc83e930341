import { userInfo } from 'node:os';
import {
  type ByArmQuestion,
  type ByArmVerdict,
  mayShowByArm,
  openVault,
  type TrialKey,
  trialVault,
} from '@holdfast/access';
import { horizonOf, type Measure, type Protocol } from '@holdfast/events';
import { type EventLog, type LogPlace, openLog } from '@holdfast/log';
import { everybody, isFinal, randomisedIn } from '@holdfast/tallies';
import { appendToTrial } from './append-to-trial.ts';
import { readTallies, type TrialTallies } from './read-tallies.ts';
import { type PublishedTrial, trialLogs } from './registry.ts';

/** Who looks: with which keys, and at which log; the look itself is written by an opening of its own, since theirs may be for reading. */
export type Looker = {
  readonly log: EventLog;
  readonly keys: ReadonlyMap<string, TrialKey>;
  readonly places: { readonly log: LogPlace };
};

/** How arms are shown: their tokens in the tallies, and their names. */
export type ArmNames = { token(arm: string): string; name(token: string): string | undefined };

export function armNames({ keys }: Pick<Looker, 'keys'>, { protocol }: PublishedTrial): ArmNames {
  const key = keys.get(protocol.trial);
  const vault = protocol.blinding === 'double' && key !== undefined ? trialVault(key) : openVault;
  const arms = protocol.arms.map(({ id }) => id);
  return { token: (arm) => vault.armToken(arm), name: (token) => vault.armName(token, arms) };
}

/**
 * Whether a double-blind trial is over: nobody can still be randomised (as many as planned were, those who are erased among them, or the
 * administrative end has come), and everybody has passed the horizon of every measure. A pause in recruitment is no end.
 */
function isOver({ protocol, erasedRandomised = 0 }: PublishedTrial, { tallies, positions }: TrialTallies): boolean {
  const { plannedParticipants, administrativeEnd, measures } = protocol;
  const randomised = ({ id }: Measure) => randomisedIn(tallies, id, everybody);
  // Of a population that not everybody joins nobody knows how many there are to be.
  const ofEverybody = measures.filter(({ population }) => population === undefined);
  const complete =
    plannedParticipants !== undefined &&
    ofEverybody.length > 0 &&
    ofEverybody.every((measure) => randomised(measure) + erasedRandomised >= plannedParticipants);
  const ended =
    administrativeEnd !== undefined && positions.every((position) => (position?.asOf ?? '') > administrativeEnd);
  return (
    (complete || ended) &&
    measures.every(
      (measure) =>
        isFinal(tallies, measure.id, horizonOf(measure, protocol)) ||
        (measure.population !== undefined && randomised(measure) === 0),
    )
  );
}

/**
 * Records that somebody looked, by the key, at numbers by arm of a double-blind trial, or at what its sealed events say of themselves.
 * A look that cannot be recorded is not given.
 */
export async function lookAtSealed(
  { places }: Pick<Looker, 'places'>,
  { protocol }: PublishedTrial,
  question: string,
): Promise<void> {
  if (protocol.blinding === 'open') return;
  const log = await openLog(places.log);
  const record = { at: new Date().toISOString(), who: userInfo().username, question };
  try {
    const value = new TextEncoder().encode(JSON.stringify(record));
    await appendToTrial(log, trialLogs(log), protocol, 'audit', () => [{ key: protocol.trial, value }]);
  } finally {
    await log.close();
  }
}

/** What numbers by arm tell of: of safety they may be shown to who has the key, while the trial runs. */
export type Subject = ByArmQuestion['what'];

/** Whether this store's keys open numbers by arm of a trial now; the reason if not. */
export async function byArmVerdict(
  { keys, log }: Pick<Looker, 'keys' | 'log'>,
  trial: PublishedTrial,
  what: Subject = 'efficacy',
): Promise<ByArmVerdict> {
  const { protocol } = trial;
  const hasKey = keys.has(protocol.trial);
  const closed = hasKey && protocol.blinding === 'double' ? await readTallies(log, protocol, 'closed') : undefined;
  const outdated = closed && otherVersion(protocol, closed);
  if (outdated !== undefined) return { allowed: false, reason: outdated };
  const passed = closed !== undefined && isOver(trial, closed);
  return mayShowByArm({ blinding: protocol.blinding, hasKey, allHorizonsPassed: passed, what });
}

/** The command that builds a trial's tallies by its newest version. */
export function replayOf({ trial, blinding }: Protocol): string {
  return `\`holdfast replay --trial ${trial}${blinding === 'double' ? ' --key FILE' : ''}\``;
}

/** Why tallies cannot answer for a protocol: they stand on another version of it. */
export function otherVersion(protocol: Protocol, { positions }: TrialTallies): string | undefined {
  const { trial, version } = protocol;
  const other = positions.find((position) => position !== undefined && position.protocolVersion !== version);
  if (other === undefined) return undefined;
  return `the tallies of ${trial} stand on protocol version ${other.protocolVersion}, and version ${version} is published; run ${replayOf(protocol)} first`;
}
