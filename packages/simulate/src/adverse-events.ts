import { dateOf } from '@holdfast/events';
import type { Participant } from './recruitment.ts';
import type { Scenario } from './scenario.ts';
import type { Told } from './told.ts';

const daysOfYear = 365.25;

/** Adverse events come as chance has it, at one rate; a site may report a share of them only. */
export function* adverseEvents(scenario: Scenario, person: Participant, until: number): Generator<Told> {
  const { adverseEvents: said, sites } = scenario;
  if (said === undefined || said.perYear === 0) return;
  const { subject, dayZero, site, chance } = person;
  const own = chance.part('adverse-events');
  const told = sites[site]?.eventsTold ?? 1;
  const terms = new Map(said.terms.map((term) => [term, term.weight]));
  let number = 0;
  for (
    let since = own.waiting(daysOfYear / said.perYear);
    since < until;
    since += own.waiting(daysOfYear / said.perYear)
  ) {
    number += 1;
    const term = own.weighted(terms);
    const isSerious = own.happens(said.serious);
    const severity = isSerious ? 'severe' : own.happens(0.75) ? 'mild' : 'moderate';
    const lasts = own.whole(0, 6);
    const isTold = own.happens(told);
    if (term === undefined || !isTold) continue;
    const day = dayZero + Math.floor(since);
    yield {
      type: 'adverse-event',
      day,
      data: {
        ae: `${subject}-AE${number}`,
        term: term.pt.toLowerCase(),
        coded: { pt: term.pt, soc: term.soc },
        onset: dateOf(day),
        end: dateOf(day + lasts),
        severity,
        seriousness: isSerious ? ['hospitalisation'] : [],
        relatedness: 'possible',
        outcome: 'recovered',
      },
    };
  }
}
