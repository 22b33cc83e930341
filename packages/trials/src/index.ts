export { type PublishedTrial, PublishRefused, publishKey, publishProtocol, readTrials, type Trials } from './registry.ts';
export { registryTopic, topicsOf, type TrialTopics } from './topics.ts';
