import { type CivilDay, horizonOf, type Suicidality } from '@holdfast/events';
import type { StudyDay, ValueFact } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';
import { lastDayOver } from './days-over.ts';
import type { MeasureFold } from './measure-fold.ts';
import { lastDayOf, maturitySpells } from './participant-days.ts';
import { valueParts } from './value-parts.ts';

type Score = Extract<Effective, { type: 'scale-score' }>;

/** What the C-SSRS calls suicidal behaviour; self-injury without intent to die is asked beside it, and is none (Posner 2011). */
const suicidal = ['preparatory', 'aborted', 'interrupted', 'attempt'] as const;
const behaviours = [...suicidal, 'self-injury'] as const;
type Item = 'ideation' | (typeof behaviours)[number];

/** One administration of the C-SSRS: what it found, by item. */
type Asked = { readonly day: StudyDay; readonly found: { readonly [item in Item]?: number } };

function asked({ day, data }: Score, dayZero: CivilDay): Asked {
  const found: { [item in Item]?: number } = {};
  for (const item of ['ideation', ...behaviours] as const) {
    const score = data.items?.[item];
    if (score !== undefined) found[item] = score;
  }
  return { day: day - dayZero, found };
}

/** Ideation of the last score up to day 0 that is not of hours after a dose; of several on a day the greatest id's. */
function baselineIdeation(
  scores: readonly Score[],
  dayZero: CivilDay,
): { day: StudyDay; ideation: number } | undefined {
  let last: { score: Score; ideation: number } | undefined;
  for (const score of scores) {
    const ideation = score.data.items?.ideation;
    if (score.day > dayZero || score.data.hoursAfterDose !== undefined || ideation === undefined) continue;
    if (last === undefined || isLater(score, last.score)) last = { score, ideation };
  }
  return last && { day: last.score.day - dayZero, ideation: last.ideation };
}

function isLater(a: Score, b: Score): boolean {
  if (a.day !== b.day) return a.day > b.day;
  return a.id !== b.id ? a.id > b.id : a.source > b.source;
}

/** The highest score of an item, and the first day of it; undefined where nobody asked. */
function worst(scores: readonly Asked[], item: Item): { day: StudyDay; score: number } | undefined {
  let highest: { day: StudyDay; score: number } | undefined;
  for (const { day, found } of scores) {
    const score = found[item];
    if (score === undefined) continue;
    const isWorse = highest === undefined || score > highest.score || (score === highest.score && day < highest.day);
    if (isWorse) highest = { day, score };
  }
  return highest;
}

function behaviourFacts(measure: string, scores: readonly Asked[]): ValueFact[] {
  const found = behaviours.flatMap((item): { item: string; day: StudyDay; value: number }[] => {
    const highest = worst(scores, item);
    return highest === undefined ? [] : [{ item, day: highest.day, value: highest.score > 0 ? 1 : 0 }];
  });
  const ofSuicide = found.filter(({ item }) => suicidal.some((one) => one === item));
  if (ofSuicide.length > 0) {
    const value = Math.max(...ofSuicide.map((one) => one.value));
    const day = Math.min(...ofSuicide.filter((one) => one.value === value).map((one) => one.day));
    found.push({ item: 'any', day, value });
  }
  return found.map((one) => ({ measure, kind: 'behaviour', ...one, of: 1 }));
}

/**
 * Suicidality by the C-SSRS (Posner 2011): the worst type of ideation (0 none … 5 active with intent and plan) and any behaviour (1,
 * 0), of all scores after day 0, and of day 0 itself those after a dose, up to the horizon that are over; ideation at baseline; and
 * whether it rose by as many types as the protocol says (2 if it says nothing), or more. Who was never asked has no value.
 */
export const suicidalityFold: MeasureFold<Suicidality> = {
  types: () => ['scale-score'],
  judge: (measure, { protocol, observations, dayZero }) => {
    const lastDay = lastDayOf(horizonOf(measure, protocol), protocol, dayZero);
    const scores = observations.filter(
      (one): one is Score => one.type === 'scale-score' && one.data.instrument === 'C-SSRS',
    );
    const before = baselineIdeation(scores, dayZero);
    const after = scores
      .filter(({ day, data }) => day > dayZero || (day === dayZero && data.hoursAfterDose !== undefined))
      .map((score) => asked(score, dayZero));
    return (when) => {
      const over = lastDayOver(lastDay, when);
      const spells = maturitySpells(measure, lastDay, when.mature(measure, lastDay));
      if (over < 0) return { counted: [], spells, firstEvents: [], values: [] };
      const known = after.filter(({ day }) => day <= over);
      const ideation = worst(known, 'ideation');
      const values: ValueFact[] = behaviourFacts(measure.id, known);
      const put = (kind: string, day: StudyDay, score: number) =>
        values.push({ measure: measure.id, kind, day, ...valueParts(score) });
      if (before !== undefined) put('ideation-before', before.day, before.ideation);
      if (ideation !== undefined) put('ideation', ideation.day, ideation.score);
      if (before !== undefined && ideation !== undefined)
        put('rose', ideation.day, ideation.score - before.ideation >= measure.rise ? 1 : 0);
      return { counted: [], spells, firstEvents: [], values };
    };
  },
};
