import type { Chance } from './chance.ts';
import type { Participant } from './recruitment.ts';
import type { Scenario } from './scenario.ts';

type Craving = NonNullable<Scenario['craving']>;
const onScale = (score: number) => Math.min(100, Math.max(0, Math.round(score)));

export function cravingBefore({ baseline: { mean, sd } }: Craving, { chance }: Participant): number {
  return onScale(mean + sd * chance.part('craving').normal());
}

/** Craving after the first dose; a relapse brings it back. */
export function cravingAfter(said: Craving, person: Participant, isRelapsed: boolean, chance: Chance): number {
  const fall = isRelapsed ? 0 : person.given.cravingFall;
  return onScale(cravingBefore(said, person) * (1 - fall) + said.noise * chance.normal());
}
