export { CutRefused, type DataCut, listCuts, putCut, readCut, type Segment } from './data-cut.ts';
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
export { registryTopic, rejectedTopic, type TrialTopics, topicsOf } from './topics.ts';
