import { z } from 'zod';
import { SubstanceId } from '../identifiers.ts';
import type { Report } from './report.ts';

export const PatternRuleId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}$/, { error: 'not the id of a pattern rule; write it like current' });

/** A day of a participant's own that a pattern counts from. Everybody enrolled has a consent; not everybody has the others. */
export const PatternAnchor = z.enum(['consent', 'randomisation', 'second-randomisation']);
export type PatternAnchor = z.infer<typeof PatternAnchor>;

export const AnchoredDay = z
  .strictObject({
    anchor: PatternAnchor.meta({ description: 'the day of the participant that `day` is counted from' }),
    day: z.int().min(-4000).max(4000).meta({ description: 'days after the anchor; negative: before it' }),
  })
  .meta({ title: 'Anchored day' });
export type AnchoredDay = z.infer<typeof AnchoredDay>;

const fallBacks = (what: string) =>
  z
    .array(AnchoredDay)
    .min(1)
    .max(3)
    .meta({ description: `${what}: the first in the list whose anchor the participant has; the last one is consent` });

export const EmptyWeeks = z
  .union(
    [
      z.literal('unscheduled'),
      z.strictObject({
        visitDueEvery: z
          .int()
          .min(1)
          .max(365)
          .meta({ description: 'a visit is due on the day of consent, and then every so many days' }),
      }),
    ],
    { error: 'must be unscheduled, or visitDueEvery with the number of days from one due visit to the next' },
  )
  .meta({
    description:
      'how a week before week 1 without any finding is written: unscheduled, always _; visitDueEvery, o if a day lies in it on which a visit was due and none had been kept since the due day before, else _',
  });
export type EmptyWeeks = z.infer<typeof EmptyWeeks>;

export const PatternRule = z
  .strictObject({
    id: PatternRuleId,
    title: z.string().min(1).max(200).optional(),
    default: z.boolean().default(false).meta({ description: 'the rule that is meant where none is named' }),
    first: fallBacks('first day that exists'),
    last: fallBacks('last day that exists'),
    weekOne: fallBacks('day on which week 1 begins; the day before it closes week 0'),
    phaseTwo: z
      .array(AnchoredDay)
      .max(3)
      .default([])
      .meta({ description: 'the week that holds this day begins phase 2, for whoever has the anchor' }),
    substances: z
      .array(SubstanceId)
      .min(1)
      .max(32)
      .meta({ description: 'a urine positive for any of them makes a day positive' }),
    studyDrugs: z
      .enum(['count', 'excluded'])
      .default('count')
      .meta({ description: 'excluded: what an arm gives (its `studyDrugs`) is no use in those randomised to it' }),
    negative: z
      .array(z.enum(['kept-visit', 'tested']))
      .min(1)
      .max(2)
      .meta({
        description:
          'what makes a day negative that is not positive: kept-visit, a kept visit, whatever was tested; tested, a urine negative for every substance',
      }),
    emptyBeforeWeekOne: EmptyWeeks.default('unscheduled'),
    neverRandomised: z.enum(['as-randomised', 'positives-only']).default('as-randomised').meta({
      description:
        'positives-only: whoever is not randomised has positive days only, and empty weeks before week 1 are unscheduled',
    }),
  })
  .meta({ title: 'Pattern rule', description: 'How the weekly use pattern is written.' });
export type PatternRule = z.infer<typeof PatternRule>;

type Known = {
  readonly arms: readonly { readonly id: string; readonly studyDrugs?: readonly string[] | undefined }[];
  readonly substances: ReadonlySet<string>;
};

function checkAnchors(days: readonly AnchoredDay[], mustEnd: boolean, report: Report): void {
  days.forEach(({ anchor }, index) => {
    if (days.findIndex((other) => other.anchor === anchor) < index)
      report([index, 'anchor'], `"${anchor}" stands in this list twice; keep one`);
    else if (anchor === 'consent' && index < days.length - 1)
      report([index, 'anchor'], 'everybody has a consent, so nothing after it would ever be reached; put it last');
  });
  if (mustEnd && days.length > 0 && !days.some(({ anchor }) => anchor === 'consent')) {
    report(
      [days.length - 1, 'anchor'],
      `not everybody has a ${days.at(-1)?.anchor}; end the list with a day from consent`,
    );
  }
}

/** What is wrong with a list of substances; paths begin at the list. */
export function checkSubstances(
  targets: readonly string[],
  { substances }: Pick<Known, 'substances'>,
  report: Report,
): void {
  targets.forEach((substance, index) => {
    if (!substances.has(substance))
      report([index], `"${substance}" is not among the trial’s substances; declare it under substances`);
    if (targets.indexOf(substance) < index) report([index], `substance "${substance}" is declared twice; keep one`);
  });
}

/** What is wrong with a protocol's pattern rules beyond their shape; paths begin at the list. */
export function checkPatterns(rules: readonly PatternRule[], known: Known, report: Report): void {
  const ids = rules.map(({ id }) => id);
  const defaults = rules.flatMap((rule, index) => (rule.default ? [index] : []));
  if (rules.length > 0 && defaults.length === 0)
    report([], 'none of the rules is the default; mark one by default: true');
  for (const index of defaults.slice(1))
    report([index, 'default'], `"${ids[defaults[0] ?? 0]}" is the default already; keep one`);
  rules.forEach((rule, index) => {
    const under =
      (...field: PropertyKey[]): Report =>
      (path, message) =>
        report([index, ...field, ...path], message);
    if (ids.indexOf(rule.id) < index) under('id')([], `pattern rule "${rule.id}" is declared twice; keep one`);
    for (const field of ['first', 'last', 'weekOne'] as const) checkAnchors(rule[field], true, under(field));
    checkAnchors(rule.phaseTwo, false, under('phaseTwo'));
    rule.first.forEach(({ anchor, day }) => {
      const at = rule.last.findIndex((end) => end.anchor === anchor && end.day < day);
      if (at >= 0)
        under('last', at, 'day')([], `lies before the first day (${day} from ${anchor}); no day would exist`);
    });
    checkSubstances(rule.substances, known, under('substances'));
    for (const arm of rule.studyDrugs === 'excluded' ? known.arms : []) {
      if (rule.substances.every((substance) => arm.studyDrugs?.includes(substance)))
        under('substances')([], `has nothing but the study drugs of ${arm.id}, which the rule excludes; add another`);
    }
    if (new Set(rule.negative).size < rule.negative.length) under('negative', 1)([], 'stands there twice; keep one');
  });
}
