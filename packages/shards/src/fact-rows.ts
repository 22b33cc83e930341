import type { ClosedFacts, OpenFacts } from '@holdfast/outcomes';

/** A row of the table `facts`, without its participant. */
export type FactRow = {
  readonly arm: string;
  readonly site: string;
  readonly measure: string;
  readonly kind: string;
  readonly window: number;
  readonly policy: string;
  readonly from: number;
  readonly to: number;
  readonly n: number;
};

/** What the fold made of a participant, as rows: spells, and first events by their outcome. `arm` is a token, or empty if not known. */
export function factRows(open: OpenFacts, closed: ClosedFacts, arm: string): FactRow[] {
  const where = { arm, site: open.site ?? '' };
  const rows: FactRow[] = [];
  for (const { measure, kind, window, policy, from, to, count } of [...open.spells, ...closed.spells]) {
    rows.push({ ...where, measure, kind, window: window ?? 0, policy: policy ?? '', from, to, n: count });
  }
  for (const { measure, outcome, day } of [...open.firstEvents, ...closed.firstEvents]) {
    rows.push({ ...where, measure, kind: outcome, window: 0, policy: '', from: day, to: day, n: 1 });
  }
  return rows;
}
