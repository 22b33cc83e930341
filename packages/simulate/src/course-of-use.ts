import type { Chance } from './chance.ts';
import type { Course } from './scenario.ts';

/** Day by day: whether there was use, and whether the participant was in relapse. Index 0 is study day 0. */
export type DaysOfUse = { readonly used: readonly boolean[]; readonly relapsed: readonly boolean[] };

/** The chance that somebody well relapses on a study day, with this added to the log hazard. */
function chanceOfRelapse({ relapse: { scale, shape } }: Course, day: number, logHazard: number): number {
  const hazard = (day / scale) ** shape - ((day - 1) / scale) ** shape;
  return 1 - Math.exp(-hazard * Math.exp(logHazard));
}

export function courseOfUse(course: Course, logHazard: number, lastDay: number, chance: Chance): DaysOfUse {
  const used = [false];
  let isRelapsed = chance.happens(course.relapsedAtStart);
  const relapsed = [isRelapsed];
  for (let day = 1; day <= lastDay; day += 1) {
    const turns = chance.happens(isRelapsed ? course.recovery : chanceOfRelapse(course, day, logHazard));
    if (turns) isRelapsed = !isRelapsed;
    relapsed.push(isRelapsed);
    used.push(chance.happens(isRelapsed ? course.useInRelapse : course.useWhenWell));
  }
  return { used, relapsed };
}

/** Follows the chances of being well and relapsed day by day; `each` may keep a part of them only. */
function follow(
  course: Course,
  logHazard: number,
  lastDay: number,
  each: (day: number, well: number, relapsed: number) => readonly [well: number, relapsed: number],
): readonly [well: number, relapsed: number] {
  let [well, relapsed] = [1 - course.relapsedAtStart, course.relapsedAtStart] as readonly [number, number];
  for (let day = 1; day <= lastDay; day += 1) {
    const falls = well * chanceOfRelapse(course, day, logHazard);
    const recovers = relapsed * course.recovery;
    [well, relapsed] = each(day, well - falls + recovers, relapsed + falls - recovers);
  }
  return [well, relapsed];
}

/** The chance of no use from one study day to another, both included. */
export function chanceOfAbstinence(course: Course, logHazard: number, from: number, to: number): number {
  const [well, relapsed] = follow(course, logHazard, to, (day, w, r) =>
    day < from ? [w, r] : [w * (1 - course.useWhenWell), r * (1 - course.useInRelapse)],
  );
  return well + relapsed;
}

/** The expected share of days with use, from one study day to another, both included. */
export function shareOfUse(course: Course, logHazard: number, from: number, to: number): number {
  let days = 0;
  follow(course, logHazard, to, (day, well, relapsed) => {
    if (day >= from) days += well * course.useWhenWell + relapsed * course.useInRelapse;
    return [well, relapsed];
  });
  return days / (to - from + 1);
}
