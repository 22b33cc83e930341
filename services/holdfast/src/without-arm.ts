import type { Measure } from '@holdfast/events';
import { randomisedIn, type Tallies } from '@holdfast/tallies';

/** Without an arm a participant counts only where all arms are taken together; who reads the arms is told. */
export function noteThoseWithoutArm(tallies: Tallies, measure: Measure): void {
  const without = randomisedIn(tallies, measure.id, { arms: new Set(['']) });
  if (without > 0)
    console.error(
      `${without} randomised without a known arm (of a population by actual arm: without one that is known to be given) are in none of these rows`,
    );
}
