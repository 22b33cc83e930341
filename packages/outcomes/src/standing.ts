import { type CivilDay, civilDay, type Protocol, siteOf } from '@holdfast/events';
import type { OpenFacts } from './facts.ts';
import { groupsOf, periodsOf } from './groups.ts';
import type { Effective } from './history/replacing.ts';
import type { Settled } from './history/settle.ts';

/** Where a participant stands in the trial, whatever is measured of them: from open events alone. */
export type Standing = Pick<OpenFacts, 'participant' | 'dayZero' | 'site' | 'groups' | 'periods'>;

export function standingOf(protocol: Protocol, participant: string, settled: Settled): Standing {
  const { enrolment, randomisation } = settled;
  return {
    participant,
    dayZero: dayZeroOf(settled),
    site: (randomisation && siteOfOriginal(randomisation)) ?? (enrolment && siteOfOriginal(enrolment)),
    groups: groupsOf(protocol, settled),
    periods: protocol.periods === undefined ? [] : periodsOf(settled),
  };
}

/** The civil day of randomisation; undefined while not randomised. */
export function dayZeroOf({ randomisation }: Settled): CivilDay | undefined {
  return randomisation && civilDay(randomisation.data.date);
}

/** The site that sent an observation in the first place, whoever corrected it since. */
function siteOfOriginal({ origin, source }: Effective): string | undefined {
  return siteOf(origin ?? source);
}
