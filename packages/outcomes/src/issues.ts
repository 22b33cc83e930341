import type { Protocol } from '@holdfast/events';
import type { Issue } from './facts.ts';
import { noArm } from './fold.ts';
import { armOf, type Settled, settleOpen, settleSealed } from './history/settle.ts';
import type { History } from './observation.ts';

/** What a person should look at in one participant's history. */
export type ParticipantIssues = {
  /** A function of the open events, and of which identities are sealed (never of what is in a box). */
  readonly open: readonly Issue[];
  /** What the sealed events add; for who holds the key only. In an open-label trial anybody may see it. */
  readonly closed: readonly Issue[];
};

/**
 * The conflicts, competing corrections and set-aside events of a participant, each with what would settle it. No clock is
 * involved: an issue is there until an event settles it.
 *
 * @param sealed identities (`identityKey`) of all sealed events, also of those that no key at hand opens
 * @param open the open events, if they are settled already (told of the same `sealed`)
 */
export function issuesOf(
  protocol: Protocol,
  history: History,
  sealed: ReadonlySet<string>,
  open: Settled = settleOpen(history, sealed),
): ParticipantIssues {
  const closed = settleSealed(history, open);
  const hasArm = armOf(protocol, open, closed) !== undefined;
  return { open: open.issues, closed: [...closed.issues, ...noArm(open, hasArm)] };
}
