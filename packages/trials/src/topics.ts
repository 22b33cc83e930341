import type { TopicSpec } from '@holdfast/log';

/** The one topic that all trials share: protocols and public keys, in the order of their publication. */
export const registryTopic: TopicSpec = { name: 'protocols', partitions: 1, access: 'open' };

/** Who may come in: tokens, their rights, and what was revoked. Hashed, but of nobody's concern: so it is closed. */
export const tokensTopic: TopicSpec = { name: 'tokens', partitions: 1, access: 'closed' };

/** Rejected inputs that name no published trial. Nobody knows what is in them, an arm perhaps: so it is closed. */
export const rejectedTopic: TopicSpec = { name: 'rejected', partitions: 1, access: 'closed' };

/**
 * Where a trial's log lies. Its number of partitions is that of the protocol until the log is rewritten: each rewriting makes a new
 * edition of the trial's topics, and the newest that was switched to is in force.
 */
export type TrialLog = { readonly trial: string; readonly partitions: number; readonly edition?: number };

/** A trial's own topics: its keys, access lists, retention and rebuilds are its own. */
export type TrialTopics = {
  readonly events: TopicSpec;
  readonly rejected: TopicSpec;
  readonly openTallies: TopicSpec;
  readonly closedTallies: TopicSpec;
  /** Who looked at what by arm. */
  readonly audit: TopicSpec;
};

export function topicsOf({ trial, partitions, edition = 1 }: TrialLog): TrialTopics {
  // Access lists are by the trial's prefix. At the end, since `T.r2` may be a trial, and none of its topics ends like this.
  const rewritten = edition === 1 ? '' : `.r${edition}`;
  return {
    events: { name: `${trial}.events${rewritten}`, partitions, access: 'open' },
    rejected: { name: `${trial}.rejected${rewritten}`, partitions: 1, access: 'open' },
    openTallies: { name: `${trial}.tallies.open${rewritten}`, partitions, access: 'open' },
    closedTallies: { name: `${trial}.tallies.closed${rewritten}`, partitions, access: 'closed' },
    audit: { name: `${trial}.audit${rewritten}`, partitions: 1, access: 'closed' },
  };
}
