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
export { registryTopic, type TrialTopics, topicsOf } from './topics.ts';
