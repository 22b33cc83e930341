import { civilDay, type EventData, type ObservationType, shortType } from '@holdfast/events';
import type { Issue } from '../facts.ts';
import type { Observation, ObservationOf } from '../observation.ts';
import { identityKey, issueOf } from './identity.ts';

/**
 * An observation as it stands after all corrections and retractions. `source` and `id` are those of the event whose content
 * counts (its provenance); `recordedAt` and `sha256` those of the original, which decide where "the earliest counts".
 */
export type Effective = {
  [T in ObservationType]: {
    readonly type: T;
    readonly day: number;
    readonly data: EventData<T>;
    readonly source: string;
    readonly id: string;
    /** Source of the original, where a correction replaced it: who corrects an event does not move it to another site. */
    readonly origin?: string;
    readonly recordedAt: number;
    readonly sha256: string;
  };
}[ObservationType];

type Correction = ObservationOf<'correction'>;
type Retraction = ObservationOf<'retraction'>;
type Replacing = Correction | Retraction;

const isReplacing = (observation: Observation): observation is Replacing =>
  observation.type === 'correction' || observation.type === 'retraction';

/**
 * What lies on the other side of the blind, seen only by identity: whether a target that this side does not know is known there.
 * It changes what is said of a correction or retraction, never what counts.
 */
export type OtherSide = {
  readonly identities: ReadonlySet<string>;
  /** Whether this side's retractions act there too, and so are in order. */
  readonly retractionsAct: boolean;
  /** Why a target there cannot be replaced from here, and what to do instead. */
  readonly reason: string;
};

type Flaw = { readonly issue: 'target-not-seen' | 'cycle' | 'correction-of-retraction'; readonly reason: string };

/** Applies corrections and retractions among what counts under each identity: a function of the set, whatever the order of arrival. */
export function replace(
  counting: ReadonlyMap<string, Observation>,
  otherSide?: OtherSide,
): {
  readonly effective: readonly Effective[];
  readonly issues: readonly Issue[];
  /** When it was last recorded that an identity's content does not count as it stands: by a correction or retraction that has effect. */
  readonly replacedAt: (identity: string) => number | undefined;
} {
  const replacing: Replacing[] = [];
  const roots: Exclude<Observation, Replacing>[] = [];
  for (const observation of counting.values()) {
    if (isReplacing(observation)) replacing.push(observation);
    else roots.push(observation);
  }
  if (replacing.length === 0) return { effective: roots.map(unreplaced), issues: [], replacedAt: () => undefined };

  const targetOf = (node: Replacing) => counting.get(identityKey(node.data.target));
  const flaws = new Map(replacing.map((node) => [node, flawOf(node, targetOf, otherSide)]));
  const retractions = new Map<string, Retraction[]>();
  const corrections = new Map<string, Correction[]>();
  for (const node of replacing) {
    if (flaws.get(node) !== undefined) continue;
    const key = identityKey(node.data.target);
    if (node.type === 'retraction') retractions.set(key, [...(retractions.get(key) ?? []), node]);
    else corrections.set(key, [...(corrections.get(key) ?? []), node]);
  }
  // A retraction may itself be retracted and then does nothing. Without cycles this ends.
  const isRetracted = (node: Observation): boolean =>
    (retractions.get(identityKey(node)) ?? []).some((retraction) => !isRetracted(retraction));
  const leavesUnder = (node: Observation): Observation[] => {
    const live = (corrections.get(identityKey(node)) ?? []).filter((correction) => !isRetracted(correction));
    return live.length === 0 ? [node] : live.flatMap(leavesUnder);
  };

  const issues: Issue[] = [];
  const effective: Effective[] = [];
  for (const root of roots) {
    if (isRetracted(root)) continue;
    const leaves = leavesUnder(root);
    const winner = leaves.reduce((best, leaf) => (outranks(leaf, best) ? leaf : best));
    effective.push(winner.type === 'correction' ? corrected(root, winner) : unreplaced(root));
    if (leaves.length > 1) {
      for (const leaf of leaves) {
        const reason = `${leaves.length} corrections of the same event compete; ${leaf === winner ? 'this one counts (recorded last)' : 'another one counts'}; retract those that are wrong`;
        issues.push(issueOf(leaf, 'competing-corrections', reason, leaf === winner));
      }
    }
  }
  for (const [node, flaw] of flaws) {
    if (flaw !== undefined && !isRetracted(node)) issues.push(issueOf(node, flaw.issue, flaw.reason, false));
  }
  const replacedAt = (identity: string): number | undefined => {
    const acting = [...(retractions.get(identity) ?? []), ...(corrections.get(identity) ?? [])];
    const times = acting.filter((node) => !isRetracted(node)).map(({ recordedAt }) => recordedAt);
    return times.length === 0 ? undefined : Math.max(...times);
  };
  return { effective, issues, replacedAt };
}

/** Why a correction or retraction has no effect; undefined if it has one. */
function flawOf(
  node: Replacing,
  targetOf: (node: Replacing) => Observation | undefined,
  otherSide: OtherSide | undefined,
): Flaw | undefined {
  const seen = new Set<Observation>([node]);
  let walked: Observation | undefined = node;
  let verdict: Flaw | undefined;
  let judged = false;
  while (walked !== undefined && isReplacing(walked)) {
    const target: Observation | undefined = targetOf(walked);
    if (!judged && target === undefined) {
      verdict = targetNotSeen(node, walked, otherSide);
      judged = true;
    } else if (!judged && node.type === 'correction' && target?.type === 'retraction') {
      verdict = {
        issue: 'correction-of-retraction',
        reason: 'a retraction cannot be corrected; retract the retraction instead',
      };
      judged = true;
    } else if (node.type === 'retraction') judged = true;
    // A retraction that only leads into a cycle is no part of it: it takes a member out, and that is how a cycle is settled.
    if (node.type === 'retraction' && target !== node && target !== undefined && seen.has(target)) return verdict;
    if (target !== undefined && seen.has(target)) {
      return {
        issue: 'cycle',
        reason: 'its chain of targets leads back to itself; retract it and send a correction of the original event',
      };
    }
    if (target !== undefined) seen.add(target);
    walked = target;
  }
  return verdict;
}

function targetNotSeen(node: Replacing, last: Replacing, otherSide: OtherSide | undefined): Flaw | undefined {
  const { source, id } = last.data.target;
  if (otherSide?.identities.has(identityKey(last.data.target)) !== true) {
    const reason = `no event ${id} of ${source} is known for this participant; send it, or retract this one`;
    return { issue: 'target-not-seen', reason };
  }
  if (node.type === 'retraction' && otherSide.retractionsAct) return undefined;
  return { issue: 'target-not-seen', reason: otherSide.reason };
}

function outranks(a: Observation, b: Observation): boolean {
  if (a.recordedAt !== b.recordedAt) return a.recordedAt > b.recordedAt;
  return a.id !== b.id ? a.id > b.id : a.source > b.source;
}

function unreplaced(root: Exclude<Observation, Replacing>): Effective {
  return root;
}

/** What counts in the place of an event that a correction replaces. */
export function corrected(root: Observation, correction: Correction): Effective {
  const { type, time, data } = correction.data.event;
  return {
    type: shortType(type),
    day: civilDay(time),
    data,
    source: correction.source,
    id: correction.id,
    origin: root.source,
    recordedAt: root.recordedAt,
    sha256: root.sha256,
  } as Effective;
}
