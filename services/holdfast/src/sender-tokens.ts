import type { Protocol } from '@holdfast/events';
import type { EventLog } from '@holdfast/log';
import { createToken } from '@holdfast/trials';
import { randomisationService } from './door-client.ts';

/** Makes a token for a sender of a trial: a site, or the randomisation service. */
export function createSenderToken(log: EventLog, trial: string, sender: string): ReturnType<typeof createToken> {
  const grant =
    sender === randomisationService ? { role: 'randomisation' as const } : { role: 'site' as const, site: sender };
  return createToken(log, { trial, ...grant });
}

/** Makes a token for each sender that a trial has; answers their secrets. */
export async function createSenderTokens(
  log: EventLog,
  { trial, sites }: Protocol,
): Promise<ReadonlyMap<string, string>> {
  const secrets = new Map<string, string>();
  for (const sender of [...sites, randomisationService])
    secrets.set(sender, (await createSenderToken(log, trial, sender)).secret);
  return secrets;
}
