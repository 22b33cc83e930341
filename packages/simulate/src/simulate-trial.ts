import { dateOf, type HoldfastEvent, type ParticipantEvent, type Protocol } from '@holdfast/events';
import { type Chance, chanceFrom } from './chance.ts';

export type Scenario = {
  readonly seed: number;
  readonly participants: number;
  /** Civil day on which the first participant consents. */
  readonly firstDay: number;
  /** Days over which participants are recruited. */
  readonly recruitment: number;
};

/** An event, and the day on which the site enters it. */
export type EnteredEvent = { readonly day: number; readonly event: HoldfastEvent };

const noon = (day: number) => `${dateOf(day)}T12:00:00+00:00`;
const evening = (day: number) => `${dateOf(day)}T18:30:00+00:00`;

/** Chance of a day of drinking while well and after a relapse; therapy and ketamine lower the risk of relapsing. */
const drinkingWhenWell = 0.004;
const drinkingAfterRelapse = 0.45;
const dailyRelapse = 0.011;
const effects: Record<string, number> = { ketamine: 0.6, 'relapse-prevention': 0.75 };

type Person = {
  readonly subject: string;
  readonly site: string;
  readonly consent: number;
  readonly dayZero: number;
  readonly arm: Protocol['arms'][number];
};

/** What goes in one list of a participant: `say` gives ids and envelopes to what is observed. */
function teller(trial: string, { subject, site }: Person, told: EnteredEvent[]) {
  let count = 0;
  return <T extends ParticipantEvent['type']>(
    type: T,
    day: number,
    entered: number,
    data: Extract<ParticipantEvent, { type: T }>['data'],
    from = `sites/${site}`,
  ) => {
    count += 1;
    const event = {
      specversion: '1.0',
      id: `${subject}-${count}`,
      source: `/trials/${trial}/${from}`,
      subject,
      type,
      time: noon(day),
      recordedtime: evening(entered),
      data,
    } as unknown as HoldfastEvent;
    told.push({ day: entered, event });
    return event;
  };
}

function drinkingDays(person: Person, horizon: number, chance: Chance): Set<number> {
  const { factors = {} } = person.arm;
  const risk = Object.values(factors).reduce((product, level) => product * (effects[level] ?? 1), dailyRelapse);
  const days = new Set<number>();
  let relapsed = false;
  for (let day = 1; day <= horizon; day += 1) {
    relapsed = relapsed ? !chance.happens(0.01) : chance.happens(risk);
    if (chance.happens(relapsed ? drinkingAfterRelapse : drinkingWhenWell)) days.add(day);
  }
  return days;
}

function tellVisits(protocol: Protocol, person: Person, chance: Chance, told: EnteredEvent[]): void {
  const say = teller(protocol.trial, person, told);
  const { dayZero, site, consent } = person;
  say('org.holdfast.participant-enrolled.v1', consent, consent, {
    consentDate: dateOf(consent),
    substances: protocol.substances.map(({ id }) => id),
  });
  say('org.holdfast.participant-randomised.v1', dayZero, dayZero, {
    date: dateOf(dayZero),
    ...(protocol.strata[0] === undefined ? {} : { stratum: chance.pick(protocol.strata as [string, ...string[]]) }),
  });
  say('org.holdfast.arm-assigned.v1', dayZero, dayZero, { arm: person.arm.id }, 'randomisation');
  for (const session of [0, 7, 14]) {
    const mgPerKg = person.arm.factors?.drug === 'ketamine' ? 0.8 : 0;
    say('org.holdfast.dose-given.v1', dayZero + session, dayZero + session, {
      drug: 'study drug',
      route: 'iv',
      given: { mgPerKg },
    });
  }
  const drinking = drinkingDays(person, protocol.plannedFollowUp, chance);
  const substance = protocol.substances[0]?.id ?? 'alcohol';
  let asked = 0;
  for (const visit of protocol.visits) {
    const reached = dayZero + visit.day + chance.whole(0, Math.max(0, visit.closes - 1));
    const entered = reached + chance.whole(0, protocol.entryLag);
    if (chance.happens(0.04)) {
      say('org.holdfast.participant-left.v1', reached, entered, { how: chance.pick(['lost', 'stopped'] as const) });
      return;
    }
    if (chance.happens(0.08)) {
      say('org.holdfast.visit-missed.v1', reached, entered, { visit: visit.id });
      continue;
    }
    say('org.holdfast.visit-attended.v1', reached, entered, { visit: visit.id });
    const [from, to] = [asked + 1, reached - dayZero - 1];
    const days = Object.fromEntries(
      [...drinking]
        .filter((day) => day >= from && day <= to)
        .map((day) => [dateOf(dayZero + day), { [substance]: {} }]),
    );
    const calendar = {
      from: dateOf(dayZero + from),
      to: dateOf(dayZero + to),
      complete: true,
      days,
      informant: 'participant' as const,
      interview: dateOf(reached),
    };
    const calendarEvent = say('org.holdfast.use-calendar.v1', reached, entered, calendar);
    const positive = [reached - dayZero, reached - dayZero - 1].some((day) => drinking.has(day));
    say('org.holdfast.urine-screen.v1', reached, entered, {
      visit: visit.id,
      results: { [substance]: positive ? 'positive' : 'negative' },
    });
    // Now and then a site mends its entry a week later: the calendar as it should have been, with one more day of use.
    if (site !== protocol.sites[0] && chance.happens(0.05)) {
      const mended = { ...calendar, days: { ...days, [calendar.to]: { [substance]: {} } } };
      say('org.holdfast.correction.v1', reached + 7, reached + 7, {
        target: { source: calendarEvent.source, id: calendarEvent.id },
        reason: 'transcription error',
        by: 'site coordinator',
        event: { type: 'org.holdfast.use-calendar.v1', time: noon(reached), data: mended },
      });
    }
    asked = to;
  }
}

/** A whole trial from first consent to last visit, in the order in which sites enter it. Deterministic in the scenario. */
export function simulateTrial(
  protocol: Protocol,
  { seed, participants, firstDay, recruitment }: Scenario,
): EnteredEvent[] {
  const chance = chanceFrom(seed);
  const told: EnteredEvent[] = [];
  for (let number = 1; number <= participants; number += 1) {
    // Sites recruit unequally: the first ones most.
    const site =
      protocol.sites[Math.floor(chance.fraction() ** 1.6 * protocol.sites.length)] ?? protocol.sites[0] ?? 'site';
    const consent = firstDay + chance.whole(0, recruitment);
    const arm = chance.pick(protocol.arms as [Protocol['arms'][number], ...Protocol['arms']]);
    const person = {
      subject: `${site}-${String(number).padStart(4, '0')}`,
      site,
      consent,
      dayZero: consent + chance.whole(1, 7),
      arm,
    };
    tellVisits(protocol, person, chance, told);
  }
  return told.sort((a, b) => a.day - b.day);
}
