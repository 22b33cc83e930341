import { normalQuantile } from './normal.ts';
import type { Participant } from './recruitment.ts';
import type { ArmScenario, Scenario } from './scenario.ts';

/** The share of an arm that has responded so many hours after the first dose: straight lines between what the scenario says. */
export function shareResponding({ response = {} }: ArmScenario, hours: number): number {
  const said = Object.entries(response)
    .map(([at, share]) => [Number(at), share] as const)
    .sort(([a], [b]) => a - b);
  const after = said.find(([at]) => at >= hours);
  const before = said.findLast(([at]) => at <= hours);
  if (after === undefined) return before?.[1] ?? 0;
  if (before === undefined || before[0] === after[0]) return after[1];
  return before[1] + ((after[1] - before[1]) * (hours - before[0])) / (after[0] - before[0]);
}

/** The share that has responded when all is said: what a response does to relapse, it does from day 1 on. */
export function shareRespondingAtLast(arm: ArmScenario): number {
  return shareResponding(arm, Number.POSITIVE_INFINITY);
}

export function respondedAtLast({ given, deviates }: Participant): boolean {
  return deviates.yielding <= normalQuantile(shareRespondingAtLast(given));
}

export function depressionBefore(
  { baseline: { mean, sd } }: NonNullable<Scenario['depression']>,
  { deviates }: Participant,
): number {
  // Somebody without any depression could not respond.
  return Math.max(2, Math.round(mean + sd * deviates.depression));
}

/**
 * The score so many hours after the first dose. Who yields more than the arm's share does has responded, at every hour alike, so
 * that responses last; the score falls by half at that very border.
 */
export function depressionAfter(said: NonNullable<Scenario['depression']>, person: Participant, hours: number): number {
  const before = depressionBefore(said, person);
  const border = normalQuantile(shareResponding(person.given, hours));
  const half = Math.floor(before / 2);
  if (border === Number.NEGATIVE_INFINITY) return before;
  const fall = 0.5 + said.spread * (border - person.deviates.yielding);
  const score = Math.round(before * (1 - Math.min(1, Math.max(-0.2, fall))));
  return person.deviates.yielding <= border ? Math.min(score, half) : Math.max(score, half + 1);
}
