import type { Issue } from '../facts.ts';
import type { Observation } from '../observation.ts';

/** An event's identity within a participant, as one text. */
export function identityKey(identity: { readonly source: string; readonly id: string }): string {
  return `${identity.source}\n${identity.id}`;
}

export function issueOf(observation: Observation, issue: Issue['issue'], reason: string, counts: boolean): Issue {
  const { type, source, id, sha256 } = observation;
  return { issue, type, source, id, sha256, reason, counts };
}

/**
 * What counts under each identity. An event sent twice with equal content is one event; two contents under one identity
 * are a conflict: both are listed, the later `recordedAt` counts, then the greater SHA-256.
 */
export function settleIdentity(observations: readonly Observation[]): {
  readonly counting: ReadonlyMap<string, Observation>;
  readonly issues: readonly Issue[];
} {
  const counting = new Map<string, Observation>();
  const contents = new Map<string, Map<string, Observation>>();
  for (const observation of observations) {
    const key = identityKey(observation);
    const known = counting.get(key);
    if (known === undefined) {
      counting.set(key, observation);
    } else if (known.sha256 !== observation.sha256) {
      const all = contents.get(key) ?? new Map([[known.sha256, known]]);
      contents.set(key, all.set(observation.sha256, observation));
      if (outranks(observation, known)) counting.set(key, observation);
    }
  }
  const issues: Issue[] = [];
  for (const [key, all] of contents) {
    const winner = counting.get(key);
    for (const observation of all.values()) {
      const counts = observation === winner || observation.sha256 === winner?.sha256;
      const reason = `${all.size} different contents were sent under this identity; ${counts ? 'this one counts (recorded last)' : 'another one counts'}; retract or correct what is wrong`;
      issues.push(issueOf(observation, 'conflict', reason, counts));
    }
  }
  return { counting, issues };
}

function outranks(a: Observation, b: Observation): boolean {
  return a.recordedAt !== b.recordedAt ? a.recordedAt > b.recordedAt : a.sha256 > b.sha256;
}
