export { type PublishedTrial, PublishRefused, publishKey, publishProtocol, readTrials, type Trials } from './registry.ts';
export { registryTopic, topicsOf, type TrialTopics } from './topics.ts';
export { readTallies, type TrialTallies } from './read-tallies.ts';
