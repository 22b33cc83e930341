import type { TopicSpec } from '@holdfast/log';

/** The one topic that all trials share: protocols and public keys, in the order of their publication. */
export const registryTopic: TopicSpec = { name: 'protocols', partitions: 1, access: 'open' };

/** Who may come in: tokens, their rights, and what was revoked. Hashed, but of nobody's concern: so it is closed. */
export const tokensTopic: TopicSpec = { name: 'tokens', partitions: 1, access: 'closed' };

/** Rejected inputs that name no published trial. Nobody knows what is in them, an arm perhaps: so it is closed. */
export const rejectedTopic: TopicSpec = { name: 'rejected', partitions: 1, access: 'closed' };

/** A trial's own topics: its keys, access lists, retention and rebuilds are its own. */
export type TrialTopics = {
  readonly events: TopicSpec;
  readonly rejected: TopicSpec;
  readonly openTallies: TopicSpec;
  readonly closedTallies: TopicSpec;
  /** Who looked at what by arm. */
  readonly audit: TopicSpec;
};

export function topicsOf({ trial, partitions }: { trial: string; partitions: number }): TrialTopics {
  return {
    events: { name: `${trial}.events`, partitions, access: 'open' },
    rejected: { name: `${trial}.rejected`, partitions: 1, access: 'open' },
    openTallies: { name: `${trial}.tallies.open`, partitions, access: 'open' },
    closedTallies: { name: `${trial}.tallies.closed`, partitions, access: 'closed' },
    audit: { name: `${trial}.audit`, partitions: 1, access: 'closed' },
  };
}
