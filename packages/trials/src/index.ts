export { CutRefused, type DataCut, listCuts, putCut, readCut, type Segment } from './data-cut.ts';
export { type Following, type FollowOptions, follow } from './follow.ts';
export { readTallies, type TrialTallies } from './read-tallies.ts';
export {
  type IgnoredRecord,
  type PublishedTrial,
  PublishRefused,
  publishKey,
  publishProtocol,
  readIgnored,
  readTrialAt,
  readTrials,
  type Trials,
} from './registry.ts';
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
export { registryTopic, rejectedTopic, type TrialTopics, tokensTopic, topicsOf } from './topics.ts';
