import type { CivilDay, Measure, Population, Protocol } from '@holdfast/events';
import type { StudyDay } from './facts.ts';
import type { Effective } from './history/replacing.ts';
import { dosesAfterRandomisation } from './measures/dosing-sessions.ts';

/** The population that a measure names; undefined: everybody randomised, as randomised. */
export function populationOf({ population }: Measure, { populations }: Protocol): Population | undefined {
  return populations.find(({ id }) => id === population);
}

/** The first dose after randomisation (on study day 0 or later); of several on one day that of the smallest id. */
function firstDose(observations: readonly Effective[], dayZero: CivilDay) {
  return dosesAfterRandomisation(observations, dayZero).toSorted(
    (a, b) => a.day - b.day || (a.id < b.id ? -1 : a.id > b.id ? 1 : a.source < b.source ? -1 : 1),
  )[0];
}

/**
 * By what a participant belongs to a population: from randomisation on, or the study day of a first dose, of which nobody knows
 * before it is over; undefined while they do not.
 */
export function memberSince(
  population: Population | undefined,
  observations: readonly Effective[],
  dayZero: CivilDay,
): 'randomisation' | StudyDay | undefined {
  if (population === undefined || population.requires === 'randomisation') return 'randomisation';
  const dose = firstDose(observations, dayZero);
  return dose && dose.day - dayZero;
}

/**
 * The arm that was actually given: the planned one if it gives the drug of the first dose; else the arm that does, and whose
 * other factors are the planned one's. Undefined before the first dose, where no arm gives that drug, and where several arms do and
 * factors do not tell which of them it was.
 */
export function actualArm(
  { arms }: Protocol,
  planned: string | undefined,
  observations: readonly Effective[],
  dayZero: CivilDay,
): string | undefined {
  const drug = firstDose(observations, dayZero)?.data.drug;
  if (drug === undefined) return undefined;
  const gives = (arm: (typeof arms)[number]) => arm.gives?.includes(drug) === true;
  const randomised = arms.find(({ id }) => id === planned);
  if (randomised !== undefined && gives(randomised)) return planned;
  const alike = (arm: (typeof arms)[number]) =>
    Object.entries(arm.factors ?? {}).filter(([factor, level]) => randomised?.factors?.[factor] === level).length;
  const [best, next] = arms.filter(gives).toSorted((a, b) => alike(b) - alike(a));
  return best === undefined || (next !== undefined && alike(next) === alike(best)) ? undefined : best.id;
}
