import { type BiomarkerKind, dateOf, type Protocol, type Visit } from '@holdfast/events';
import type { Chance } from './chance.ts';
import type { DaysOfUse } from './course-of-use.ts';
import type { Participant } from './recruitment.ts';
import type { Scenario } from './scenario.ts';
import { noon, type Told } from './told.ts';

/** For how many days before the sample each biomarker tells of use. */
const lookBacks: Readonly<Record<BiomarkerKind, number>> = {
  'breath-alcohol': 0,
  'blood-alcohol': 0,
  'transdermal-alcohol': 0,
  etg: 3,
  ets: 3,
  peth: 28,
  cdt: 21,
  hair: 90,
  'oral-fluid': 2,
  'sweat-patch': 7,
  'exhaled-co': 1,
  cotinine: 3,
};

/** The visits that a participant keeps, with their study days, and those that are missed, with the days on which that is plain. */
export type Kept = { readonly attended: ReadonlyMap<string, number>; readonly missed: ReadonlyMap<string, number> };

/** A visit takes place on some day from its target until it closes. */
export function keptVisits(protocol: Protocol, scenario: Scenario, person: Participant, until: number): Kept {
  const own = person.chance.part('visits');
  const attended = new Map<string, number>();
  const missed = new Map<string, number>();
  for (const { id, day, closes } of protocol.visits.toSorted((a, b) => a.day - b.day)) {
    const isMissed = own.happens(scenario.missedVisits);
    const on = Math.max(person.consent - person.dayZero, day + own.whole(0, closes));
    if (on >= until) continue;
    if (isMissed && day > 0) missed.set(id, Math.min(until, day + closes));
    else attended.set(id, on);
  }
  return { attended, missed };
}

/** How much was taken on a day of use: log-normal, to a tenth. */
function amountOf({ amount }: Scenario, chance: Chance): { amount?: number } {
  if (amount === undefined) return {};
  const variance = Math.log(1 + (amount.sd / amount.mean) ** 2);
  const value = Math.exp(Math.log(amount.mean) - variance / 2 + Math.sqrt(variance) * chance.normal());
  return { amount: Math.max(0.1, Math.round(value * 10) / 10) };
}

/** A timeline follow-back of every day from one study day to another; who conceals use tells of none. */
function calendar(
  scenario: Scenario,
  { dayZero, chance }: Participant,
  [from, to, interview]: readonly [from: number, to: number, interview: number],
  used: (day: number) => boolean,
): Told {
  const own = chance.part('calendar').part(from);
  const days: Record<string, Record<string, { amount?: number }>> = {};
  const isConcealed = chance.part('conceals').happens(scenario.concealed);
  for (let day = from; day <= to; day += 1) {
    const taken = amountOf(scenario, own);
    if (used(day) && !isConcealed) days[dateOf(dayZero + day)] = { [scenario.substance]: taken };
  }
  return {
    type: 'use-calendar',
    day: dayZero + interview,
    minute: noon + 10,
    data: {
      from: dateOf(dayZero + from),
      to: dateOf(dayZero + to),
      complete: true,
      days,
      informant: 'participant',
      interview: dateOf(dayZero + interview),
    },
  };
}

function* collected(
  protocol: Protocol,
  scenario: Scenario,
  { arm, dayZero }: Participant,
  visit: Visit,
  on: number,
  usedWithin: (day: number, daysBefore: number) => boolean,
): Generator<Told> {
  const at = { day: dayZero + on, minute: noon + 20 };
  for (const what of visit.collects) {
    if (what === 'calendar') continue;
    if (what === 'urine') {
      const results = Object.fromEntries(
        protocol.substances.map(({ id }) => {
          const found =
            (id === scenario.substance && usedWithin(on, scenario.urineDetects)) || (arm.studyDrugs ?? []).includes(id);
          return [id, found ? ('positive' as const) : ('negative' as const)];
        }),
      );
      yield { ...at, type: 'urine-screen', data: { visit: visit.id, results } };
    } else {
      const lookBack = lookBacks[what];
      const result = usedWithin(on, lookBack) ? 'positive' : 'negative';
      const data = { kind: what, substance: scenario.substance, lookBack, result, visit: visit.id } as const;
      yield { ...at, type: 'biomarker', data };
    }
  }
}

/** How often the substance was chosen in the laboratory, at the visits that the scenario names. */
function* choices(
  { choices: task, substance }: Scenario,
  { given, dayZero, chance }: Participant,
  visit: string,
  on: number,
): Generator<Told> {
  const share = given.choices?.[visit];
  if (task === undefined || share === undefined) return;
  const own = chance.part('choices').part(visit);
  const chosen = Array.from({ length: task.offered }, () => own.happens(share)).filter(Boolean).length;
  yield { type: 'choice-task', day: dayZero + on, minute: noon + 60, data: { substance, chosen, visit, ...task } };
}

/** What is told at visits, and of the days since the last one. */
export function* visits(
  protocol: Protocol,
  scenario: Scenario,
  person: Participant,
  { used }: DaysOfUse,
  { attended, missed }: Kept,
): Generator<Told> {
  const { dayZero, chance } = person;
  const before = chance.part('before');
  const usedBefore = Array.from({ length: 28 }, () => before.happens(scenario.useBefore));
  yield calendar(scenario, person, [-28, -1, 0], (day) => usedBefore[-day - 1] ?? false);
  const usedWithin = (day: number, daysBefore: number) =>
    used.slice(Math.max(1, day - daysBefore), Math.max(1, day + 1)).includes(true);
  let asked = 0;
  const byDay = [...attended].sort(([, a], [, b]) => a - b);
  for (const [id, on] of byDay) {
    const visit = protocol.visits.find((one) => one.id === id) as Visit;
    yield { type: 'visit-attended', day: dayZero + on, data: { visit: id } };
    if (visit.collects.includes('calendar') && on - 1 > asked) {
      yield calendar(scenario, person, [asked + 1, on - 1, on], (day) => used[day] ?? false);
      asked = on - 1;
    }
    yield* collected(protocol, scenario, person, visit, on, usedWithin);
    yield* choices(scenario, person, id, on);
  }
  for (const [visit, on] of missed) yield { type: 'visit-missed', day: dayZero + on, data: { visit } };
}
