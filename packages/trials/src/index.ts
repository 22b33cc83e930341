export { type AppendedTo, appendToTrial } from './append-to-trial.ts';
export {
  CutRefused,
  type DataCut,
  keepRewritten,
  keptRewritten,
  listCuts,
  putCut,
  readCut,
  replaceCuts,
  type Segment,
  trialOfCut,
} from './data-cut.ts';
export { type Following, type FollowOptions, follow } from './follow.ts';
export {
  type ArmNames,
  armNames,
  byArmVerdict,
  type Looker,
  lookAtSealed,
  otherVersion,
  replayOf,
  type Subject,
} from './looks.ts';
export { readTallies, type TrialTallies } from './read-tallies.ts';
export {
  beginRewrite,
  createTopics,
  type IgnoredRecord,
  nextEdition,
  type PublishedTrial,
  PublishRefused,
  protocolDigest,
  publishKey,
  publishProtocol,
  RewriteRefused,
  readIgnored,
  readTrialAt,
  readTrials,
  recordRewrite,
  type TrialLogs,
  type Trials,
  trialLogs,
} from './registry.ts';
export type { Copied, RewriteUnderWay } from './rewrites.ts';
export {
  createToken,
  type Grant,
  listTokens,
  openTokenBook,
  revokeToken,
  type Token,
  type TokenBook,
  TokenRefused,
  type TokenRole,
  tokenRoles,
} from './tokens.ts';
export { registryTopic, rejectedTopic, type TrialLog, type TrialTopics, tokensTopic, topicsOf } from './topics.ts';
