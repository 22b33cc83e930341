import { dateOf, fullType, type HoldfastEvent, type Protocol } from '@holdfast/events';
import { adverseEvents } from './adverse-events.ts';
import { courseOfUse } from './course-of-use.ts';
import { withFaults } from './data-faults.ts';
import { respondedAtLast } from './depression.ts';
import { dosing, therapy } from './dosing.ts';
import { dayOfLeaving, leaving } from './dropout.ts';
import type { EnteredEvent } from './entered-event.ts';
import { type Participant, recruited, silentFrom, siteEffect } from './recruitment.ts';
import type { Scenario } from './scenario.ts';
import { mayScore, scores, suicidality } from './scores.ts';
import { noon, type Told } from './told.ts';
import { keptVisits, visits } from './visits.ts';

/** What adds to a participant's log hazard of relapse. */
function logHazard(scenario: Scenario, person: Participant): number {
  const { hazardSd, baselineUse, depression, response } = scenario.heterogeneity;
  const { unknown, use, depression: depressed } = person.deviates;
  return (
    siteEffect(scenario, person.site) +
    hazardSd * unknown +
    baselineUse * use +
    depression * depressed +
    (respondedAtLast(person) ? response : 0)
  );
}

function* joining(protocol: Protocol, { substance }: Scenario, person: Participant): Generator<Told> {
  const { consent, dayZero, baseline, stratum, arm } = person;
  const covariates = Object.keys(baseline).length === 0 ? {} : { baseline: { ...baseline } };
  yield { type: 'screened', day: consent, minute: noon - 60, data: { eligible: true } };
  yield {
    type: 'participant-enrolled',
    day: consent,
    data: { consentDate: dateOf(consent), substances: [substance], ...covariates },
  };
  const drawn = stratum === undefined || !protocol.strata.includes(stratum) ? {} : { stratum };
  yield { type: 'participant-randomised', day: dayZero, minute: noon - 60, data: { date: dateOf(dayZero), ...drawn } };
  yield { type: 'arm-assigned', day: dayZero, minute: noon - 59, data: { arm: arm.id }, byRandomisation: true };
}

function* happens(protocol: Protocol, scenario: Scenario, person: Participant): Generator<Told> {
  const lastVisit = protocol.visits.map(({ day, closes }) => day + closes);
  const last = Math.max(protocol.plannedFollowUp, ...lastVisit);
  const use = courseOfUse(person.given.course, logHazard(scenario, person), last, person.chance.part('use'));
  const left = dayOfLeaving(scenario, person, use, protocol.plannedFollowUp);
  const until = left ?? last + 1;
  const kept = keptVisits(protocol, scenario, person, until);
  yield* joining(protocol, scenario, person);
  for (const [period, studyDay] of Object.entries(scenario.periods))
    if (studyDay < until)
      yield { type: 'period-started', day: person.dayZero + studyDay, minute: noon - 50, data: { period } };
  yield* dosing(scenario, person, until, mayScore(protocol, 'CADSS'));
  yield* therapy(person, until);
  yield* visits(protocol, scenario, person, use, kept);
  yield* scores(protocol, scenario, person, use, until, kept.attended);
  yield* suicidality(protocol, scenario, person, kept.attended);
  yield* adverseEvents(scenario, person, Math.min(until, protocol.plannedFollowUp + 1));
  if (left !== undefined) yield leaving(person, left);
}

const timeOf = (day: number, minute: number) =>
  `${dateOf(day)}T${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}:00+00:00`;

/** What is told of one participant, in the order in which it happened, as it comes in. */
function eventsOf(protocol: Protocol, scenario: Scenario, person: Participant): EnteredEvent[] {
  const { subject, site } = person;
  const { entersLater = 0 } = scenario.sites[site] ?? {};
  const silent = silentFrom(scenario, site) ?? Number.POSITIVE_INFINITY;
  const isSilent = (day: number) => day >= silent;
  const entry = person.chance.part('entry');
  const faults = person.chance.part('faults');
  return [...happens(protocol, scenario, person)].flatMap(
    ({ type, day, minute = noon, data, byRandomisation = false }, index) => {
      const later = entry.whole(0, protocol.entryLag) + entersLater;
      // Whoever joins is entered at once: nothing else could be.
      const atOnce = byRandomisation || type === 'participant-enrolled' || type === 'participant-randomised';
      const on = atOnce ? day : day + later;
      const event = {
        specversion: '1.0',
        id: `${subject}-${index + 1}`,
        source: `/trials/${protocol.trial}/${byRandomisation ? 'randomisation' : `sites/${site}`}`,
        subject,
        type: fullType(type),
        time: timeOf(day, minute),
        recordedtime: timeOf(on, 18 * 60 + 30),
        data,
      } as unknown as HoldfastEvent;
      const one = { day: on, event };
      if (byRandomisation || (atOnce && !isSilent(on))) return [one];
      const sent = withFaults(one, scenario, faults.part(index));
      // A site that falls silent before it puts something right had better be right at first, or the truth would not come out.
      if (sent.some((part) => isSilent(part.day))) return isSilent(on) ? [] : [one];
      return sent;
    },
  );
}

/** A whole trial from first consent to last visit, in the order in which sites enter it. Deterministic in protocol and scenario. */
export function simulateTrial(protocol: Protocol, scenario: Scenario): EnteredEvent[] {
  return recruited(protocol, scenario)
    .flatMap((person) => eventsOf(protocol, scenario, person))
    .sort((a, b) => a.day - b.day);
}
