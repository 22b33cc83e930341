import { userInfo } from 'node:os';
import { type ByArmVerdict, mayShowByArm, openVault, trialVault } from '@holdfast/access';
import type { Measure, Protocol } from '@holdfast/events';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { isOpenMeasure } from '@holdfast/outcomes';
import { isFinal, type Tallies } from '@holdfast/tallies';
import { type PublishedTrial, readTallies, type TrialTallies, topicsOf } from '@holdfast/trials';
import { CommandFailed } from './command-failed.ts';
import type { Store } from './store.ts';

/** How arms are shown: their tokens in the tallies, and their names. */
export type ArmNames = { token(arm: string): string; name(token: string): string | undefined };

export function armNames({ keys }: Store, { protocol }: PublishedTrial): ArmNames {
  const key = keys.get(protocol.trial);
  const vault = protocol.blinding === 'double' && key !== undefined ? trialVault(key) : openVault;
  const arms = protocol.arms.map(({ id }) => id);
  return { token: (arm) => vault.armToken(arm), name: (token) => vault.armName(token, arms) };
}

/** Whether everybody has passed the horizon of every measure. */
function allHorizonsPassed(protocol: Protocol, tallies: Tallies): boolean {
  return protocol.measures.every((measure) => isFinal(tallies, measure.id, measure.horizon));
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
  const closed =
    hasKey && protocol.blinding === 'double' ? await readTallies(store.log, protocol, 'closed') : undefined;
  const passed = closed !== undefined && allHorizonsPassed(protocol, closed.tallies);
  return mayShowByArm({ blinding: protocol.blinding, hasKey, allHorizonsPassed: passed, what: 'efficacy' });
}

/** Refuses what needs numbers by arm if they may not be shown; records the look if they may. */
export async function lookByArm(store: Store, trial: PublishedTrial, question: string): Promise<void> {
  const verdict = await byArmVerdict(store, trial);
  if (!verdict.allowed) throw new CommandFailed(verdict.reason);
  if (trial.protocol.blinding === 'double') await recordLook(store, trial.protocol, question);
}

/**
 * The tallies that may answer a question: by arm in a double-blind trial only with its key and once every horizon has passed;
 * without arm the open tallies, which depend on nothing that is sealed.
 */
export async function talliesFor(
  store: Store,
  trial: PublishedTrial,
  measure: Measure,
  byArm: boolean,
  question: string,
): Promise<TrialTallies> {
  const { protocol } = trial;
  if (protocol.blinding === 'double' && !byArm && isOpenMeasure(measure, protocol))
    return readTallies(store.log, protocol, 'open');
  await lookByArm(store, trial, question);
  return readTallies(store.log, protocol, 'closed');
}
