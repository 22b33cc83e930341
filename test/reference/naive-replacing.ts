import { civilDay, type EventData, type ObservationType } from '@holdfast/events';
import type { IssueKind, Observation } from '@holdfast/outcomes';

export type NaiveIssue = {
  readonly issue: IssueKind;
  readonly source: string;
  readonly id: string;
  readonly sha256: string;
  readonly counts: boolean;
};

/**
 * What an observation says after all corrections and retractions. `type`, `day`, `data`, `source` and `id` are those of the
 * event that now speaks; `recordedAt` and `sha256` are those of the event that stood there first.
 */
export type EffectiveOf<T extends ObservationType> = {
  readonly type: T;
  readonly day: number;
  readonly data: EventData<T>;
  readonly source: string;
  readonly id: string;
  /** Source of the original event, whoever corrected it. */
  readonly origin: string;
  readonly recordedAt: number;
  readonly sha256: string;
};
export type Effective = { [T in ObservationType]: EffectiveOf<T> }[ObservationType];

type Replacing = Extract<Observation, { type: 'correction' | 'retraction' }>;
type Status = 'ok' | 'cycle' | 'target-not-seen' | 'correction-of-retraction';
type Key = { readonly source: string; readonly id: string };

function isReplacing(observation: Observation): observation is Replacing {
  return observation.type === 'correction' || observation.type === 'retraction';
}

function sameKey(a: Key, b: Key): boolean {
  return a.source === b.source && a.id === b.id;
}

function issueOf(issue: IssueKind, observation: Key & { readonly sha256: string }, counts: boolean): NaiveIssue {
  return { issue, source: observation.source, id: observation.id, sha256: observation.sha256, counts };
}

/** Of each identity the content that counts, and every content of an identity that has several. */
function settleConflicts(observations: readonly Observation[]): { counting: Observation[]; issues: NaiveIssue[] } {
  const contents: Observation[] = [];
  for (const observation of observations) {
    if (!contents.some((seen) => sameKey(seen, observation) && seen.sha256 === observation.sha256)) {
      contents.push(observation);
    }
  }
  const beats = (a: Observation, b: Observation) =>
    a.recordedAt > b.recordedAt || (a.recordedAt === b.recordedAt && a.sha256 > b.sha256);
  const counting: Observation[] = [];
  const issues: NaiveIssue[] = [];
  for (const observation of contents) {
    const others = contents.filter((other) => other !== observation && sameKey(other, observation));
    const counts = others.every((other) => beats(observation, other));
    if (counts) counting.push(observation);
    if (others.length > 0) issues.push(issueOf('conflict', observation, counts));
  }
  return { counting, issues };
}

/** Settles identity, conflicts, corrections and retractions among the observations of one side. */
export function settle(observations: readonly Observation[]): { effective: Effective[]; issues: NaiveIssue[] } {
  const { counting, issues } = settleConflicts(observations);

  const find = (key: Key): Observation | undefined => counting.find((observation) => sameKey(observation, key));
  const targetOf = (observation: Observation): Observation | undefined =>
    isReplacing(observation) ? find(observation.data.target) : undefined;

  function runsIntoCycle(start: Observation): boolean {
    const walked: Observation[] = [];
    for (let node: Observation | undefined = start; node !== undefined; node = targetOf(node)) {
      if (walked.includes(node)) return true;
      walked.push(node);
    }
    return false;
  }

  /** A correction can do nothing in a cycle or behind one; a retraction can, unless it is itself a part of it. */
  function isOnCycle(start: Observation): boolean {
    const walked: Observation[] = [];
    for (let node = targetOf(start); node !== undefined && !walked.includes(node); node = targetOf(node)) {
      if (node === start) return true;
      walked.push(node);
    }
    return false;
  }

  function statusOf(node: Replacing): Status {
    if (node.type === 'correction' ? runsIntoCycle(node) : isOnCycle(node)) return 'cycle';
    let reached = targetOf(node);
    if (node.type === 'correction') {
      while (reached?.type === 'correction') reached = targetOf(reached);
      if (reached?.type === 'retraction') return 'correction-of-retraction';
    }
    return reached === undefined ? 'target-not-seen' : 'ok';
  }

  function isRetracted(node: Observation): boolean {
    return counting.some((other) => other.type === 'retraction' && targetOf(other) === node && isActive(other));
  }

  function isActive(retraction: Replacing): boolean {
    return statusOf(retraction) === 'ok' && !isRetracted(retraction);
  }

  /** A correction and everything it stands on, down to the root. */
  function wayToRoot(node: Observation): Observation[] {
    const target = targetOf(node);
    return target === undefined ? [node] : [node, ...wayToRoot(target)];
  }

  function isLive(node: Observation): boolean {
    if (node.type === 'retraction') return false;
    if (node.type === 'correction' && statusOf(node) !== 'ok') return false;
    return wayToRoot(node).every((step) => !isRetracted(step));
  }

  for (const node of counting) {
    if (!isReplacing(node) || isRetracted(node)) continue;
    const status = statusOf(node);
    if (status !== 'ok') issues.push(issueOf(status, node, false));
  }

  const effective: Effective[] = [];
  const live = counting.filter(isLive);
  for (const root of live) {
    if (root.type === 'correction' || root.type === 'retraction') continue;
    const tree = live.filter((node) => wayToRoot(node).includes(root));
    const leaves = tree.filter((node) => !tree.some((other) => targetOf(other) === node));
    const [winner, ...losers] = leaves.toSorted(
      (a, b) => b.recordedAt - a.recordedAt || compareTexts(b.id, a.id) || compareTexts(b.source, a.source),
    );
    if (winner === undefined) throw new Error('a live root has at least one leaf: itself');
    if (losers.length > 0) {
      issues.push(issueOf('competing-corrections', winner, true));
      for (const loser of losers) issues.push(issueOf('competing-corrections', loser, false));
    }
    effective.push(speaking(root, winner));
  }
  /** A conflict is settled by a correction or retraction that has effect and was recorded no earlier than any of the contents. */
  function isSettled(conflict: Key): boolean {
    const contents = observations.filter((observation) => sameKey(observation, conflict));
    return counting.some(
      (other) =>
        isReplacing(other) &&
        sameKey(other.data.target, conflict) &&
        statusOf(other) === 'ok' &&
        !isRetracted(other) &&
        contents.every(({ recordedAt }) => other.recordedAt >= recordedAt),
    );
  }
  const unsettled = issues.filter((issue) => issue.issue !== 'conflict' || !isSettled(issue));
  return { effective, issues: unsettled };
}

function speaking(root: Observation, winner: Observation): Effective {
  const { recordedAt, sha256, source: origin } = root;
  const { source, id } = winner;
  if (winner.type === 'correction') {
    const { type, time, data } = winner.data.event;
    const shortType = type.replace(/^org\.holdfast\.(.*)\.v1$/, '$1');
    return { type: shortType, day: civilDay(time), data, source, id, origin, recordedAt, sha256 } as Effective;
  }
  return { type: winner.type, day: winner.day, data: winner.data, source, id, origin, recordedAt, sha256 } as Effective;
}

export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
