import { type AnchoredDay, type CivilDay, civilDay, type PatternAnchor } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import { type EffectiveOf, precedes, type Settled } from '../history/settle.ts';

/** The days of a participant's own that patterns count from, as study days; undefined: there is none. */
export type Anchors = Readonly<Record<PatternAnchor, StudyDay | undefined>>;

/**
 * Study day 0 (the day of randomisation, or without one of consent) and the anchors. Of several second randomisations the
 * earliest counts, as of first ones; one without a first is none.
 */
export function anchorsOf({ enrolment, randomisation, observations }: Settled): {
  readonly dayZero: CivilDay | undefined;
  readonly anchors: Anchors;
} {
  const consent = enrolment && civilDay(enrolment.data.consentDate);
  const randomised = randomisation && civilDay(randomisation.data.date);
  const second = randomisation && secondRandomisation(observations);
  const dayZero = randomised ?? consent;
  const since = (day: CivilDay | undefined) => (day === undefined || dayZero === undefined ? undefined : day - dayZero);
  const anchors = {
    consent: since(consent),
    randomisation: since(randomised),
    'second-randomisation': since(second && civilDay(second.data.date)),
  };
  return { dayZero, anchors };
}

function secondRandomisation(
  observations: Settled['observations'],
): EffectiveOf<'participant-rerandomised'> | undefined {
  let first: EffectiveOf<'participant-rerandomised'> | undefined;
  for (const observation of observations) {
    if (observation.type !== 'participant-rerandomised' || observation.data.which !== 2) continue;
    if (first === undefined || precedes(observation, first)) first = observation;
  }
  return first;
}

/** The first of the declared days whose anchor the participant has. */
export function dayAt(declared: readonly AnchoredDay[], anchors: Anchors): StudyDay | undefined {
  for (const { anchor, day } of declared) {
    const from = anchors[anchor];
    if (from !== undefined) return from + day;
  }
  return undefined;
}
