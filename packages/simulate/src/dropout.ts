import type { DaysOfUse } from './course-of-use.ts';
import type { Participant } from './recruitment.ts';
import type { Scenario } from './scenario.ts';
import type { Told } from './told.ts';

const daysOfYear = 365.25;

/** The chance of leaving on a day. */
export function chanceOfLeaving({ dropout: { perYear, ifRelapsed } }: Scenario, isRelapsed: boolean): number {
  return 1 - Math.exp((-perYear * (isRelapsed ? ifRelapsed : 1)) / daysOfYear);
}

/** The study day on which a participant leaves; undefined: stays to the end. */
export function dayOfLeaving(
  scenario: Scenario,
  { chance }: Participant,
  { relapsed }: DaysOfUse,
  lastDay: number,
): number | undefined {
  const own = chance.part('dropout');
  for (let day = 1; day <= lastDay; day += 1)
    if (own.happens(chanceOfLeaving(scenario, relapsed[day] ?? false))) return day;
  return undefined;
}

export function leaving({ chance, dayZero }: Participant, studyDay: number): Told {
  const how = chance.part('leaving').happens(0.6) ? 'lost' : 'stopped';
  return { type: 'participant-left', day: dayZero + studyDay, data: { how } };
}
