export { type ArmNames, armTokens, plainArms } from './arm-tokens.ts';
export { type ByArmQuestion, type ByArmVerdict, mayShowByArm } from './audience.ts';
export { closedByDefault, closedIfTold, isClosed } from './closed-types.ts';
export {
  createTrialKey,
  type PublishedKey,
  parseKeyFile,
  publishedKey,
  serialiseKey,
  type TrialKey,
  type TrialKeyPair,
  UnusableKey,
} from './keys.ts';
export { type Opener, opener } from './open.ts';
export { type Sealer, sealer } from './seal.ts';
export { type EventIdentity, type SealedBox, UnreadableBox, type UnreadableReason } from './sealed-box.ts';
export { openVault, trialVault, type Vault } from './vault.ts';
