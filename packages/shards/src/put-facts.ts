import type { ClosedFacts, OpenFacts } from '@holdfast/outcomes';
import type { TallyKind } from '@holdfast/tallies';

/** Takes what differs between the facts of one participant: a spell with its last day, a first event with its day alone. */
export type PutFact = (
  measure: string,
  kind: TallyKind,
  window: number,
  policy: string,
  from: number,
  to: number | undefined,
  n: number,
) => void;

/** What the fold made of a participant, as rows: spells, and first events by their outcome. */
export function putFacts(facts: OpenFacts | ClosedFacts, put: PutFact): void {
  for (const { measure, kind, window, policy, from, to, count } of facts.spells) {
    put(measure, kind, window ?? 0, policy ?? '', from, to, count);
  }
  for (const { measure, outcome, day } of facts.firstEvents) put(measure, outcome, 0, '', day, undefined, 1);
}
