import type { ClosedFacts, OpenFacts } from '@holdfast/outcomes';

/** Takes the columns of a row of the table `facts` that differ between the facts of one participant. */
export type PutFact = (
  measure: string,
  kind: string,
  window: number,
  policy: string,
  from: number,
  to: number,
  n: number,
) => void;

/** What the fold made of a participant, as rows: spells, and first events by their outcome. */
export function putFacts(facts: OpenFacts | ClosedFacts, put: PutFact): void {
  for (const { measure, kind, window, policy, from, to, count } of facts.spells) {
    put(measure, kind, window ?? 0, policy ?? '', from, to, count);
  }
  for (const { measure, outcome, day } of facts.firstEvents) put(measure, outcome, 0, '', day, day, 1);
}
