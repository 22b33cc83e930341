import type { ObservationType, PatternRule, Protocol } from '@holdfast/events';

/** Whether kept visits change anything under a rule. */
export function looksAtVisits({ negative, emptyBeforeWeekOne }: PatternRule): boolean {
  return negative.includes('kept-visit') || emptyBeforeWeekOne !== 'unscheduled';
}

/** The substances that make a urine positive under a rule, in an arm or (undefined) without one. */
export function targetsIn(
  arm: string | undefined,
  { substances, studyDrugs }: PatternRule,
  { arms }: Protocol,
): readonly string[] {
  if (studyDrugs === 'count' || arm === undefined) return substances;
  const given = arms.find(({ id }) => id === arm)?.studyDrugs ?? [];
  return substances.filter((substance) => !given.includes(substance));
}

/** Whether a rule has other targets in some arm: then a pattern tells of the arm. */
export function differsByArm(rule: PatternRule, protocol: Protocol): boolean {
  return protocol.arms.some(({ id }) => targetsIn(id, rule, protocol).length < rule.substances.length);
}

/**
 * Whether blinded people may see patterns by a rule: in a double-blind trial only if it has the same targets whatever the arm,
 * and no event type behind it is closed.
 */
export function isOpenPattern(rule: PatternRule, protocol: Protocol): boolean {
  if (protocol.blinding === 'open') return true;
  const behind: ObservationType[] = looksAtVisits(rule) ? ['urine-screen', 'visit-attended'] : ['urine-screen'];
  const closed = new Set<string>(protocol.closed);
  return !differsByArm(rule, protocol) && !behind.some((type) => closed.has(type));
}
