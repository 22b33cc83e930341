import type { ObservationType, PatternRule, Protocol } from '@holdfast/events';

/** Whether kept visits change anything under a rule. */
export function looksAtVisits({ negative, emptyBeforeWeekOne }: PatternRule): boolean {
  return negative.includes('kept-visit') || emptyBeforeWeekOne !== 'unscheduled';
}

/**
 * Whether blinded people may see patterns by a rule: in a double-blind trial only if it has the same targets in every arm
 * (else a pattern tells of the arm), and no event type behind it is closed.
 */
export function isOpenPattern(rule: PatternRule, protocol: Protocol): boolean {
  if (protocol.blinding === 'open') return true;
  const behind: ObservationType[] = looksAtVisits(rule) ? ['urine-screen', 'visit-attended'] : ['urine-screen'];
  const closed = new Set<string>(protocol.closed);
  return Object.keys(rule.substancesByArm).length === 0 && !behind.some((type) => closed.has(type));
}
