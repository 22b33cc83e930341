import { createHmac, hkdfSync } from 'node:crypto';
import { rawPrivateKey, type TrialKey, UnusableKey } from './keys.ts';

/** How arms are written where blinded people could come across them. */
export interface ArmNames {
  /** What stands for this arm. The same arm always has the same token. */
  token(arm: string): string;
  /** Which of the trial's arms a token stands for; `undefined` if for none of them. */
  name(token: string, arms: readonly string[]): string | undefined;
}

/**
 * Arms as opaque tokens (22 characters) that only the holder of the trial's key can make or name: HMAC-SHA256, cut to 16
 * bytes, under a key that HKDF derives from the private key for this purpose alone.
 * @throws UnusableKey if the key is of another trial
 */
export function armTokens(key: TrialKey, trial: string): ArmNames {
  if (key.trial !== trial)
    throw new UnusableKey(`the key of trial ${key.trial} cannot name the arms of trial ${trial}`);
  const secret = Buffer.from(rawPrivateKey(key.privateKey), 'base64url');
  const tokenKey = Buffer.from(hkdfSync('sha256', secret, '', 'holdfast arm tokens/1', 32));
  const token = (arm: string): string =>
    createHmac('sha256', tokenKey)
      .update(JSON.stringify([trial, arm]))
      .digest()
      .toString('base64url', 0, 16);
  return { token, name: (given, arms) => arms.find((arm) => token(arm) === given) };
}

/** Arms of an open-label trial: each arm is its own token. */
export const plainArms: ArmNames = {
  token: (arm) => arm,
  name: (token, arms) => arms.find((arm) => arm === token),
};
