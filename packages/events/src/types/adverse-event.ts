import { z } from 'zod';
import { AdverseEventId, CivilDate, ShortText } from '../identifiers.ts';

const Coded = z.strictObject({
  pt: z.string().min(1).max(120).meta({ description: 'preferred term' }),
  soc: z.string().min(1).max(120).meta({ description: 'system organ class' }),
  dictionary: z
    .string()
    .min(1)
    .max(32)
    .optional()
    .meta({ description: 'dictionary and version, such as `MedDRA 28.1`' }),
});

const Awareness = z
  .strictObject({
    site: CivilDate.optional().meta({ description: 'when the site learnt of it' }),
    sponsor: CivilDate.optional().meta({
      description: 'when the sponsor learnt of it; reporting clocks run from here',
    }),
  })
  .refine(({ site, sponsor }) => site === undefined || sponsor === undefined || site <= sponsor, {
    path: ['sponsor'],
    error: 'lies before `site`; correct one of the two',
  });

/** What is known of an adverse event so far. A later report of the same event repeats its `ae` and says everything anew. */
export const AdverseEvent = z
  .strictObject({
    ae: AdverseEventId.meta({ description: 'the adverse event’s own id, equal in all reports of it' }),
    term: ShortText.meta({ description: 'what happened, as the site puts it' }),
    coded: Coded.optional().meta({ description: 'the term, coded' }),
    onset: CivilDate.meta({ description: 'first day' }),
    end: CivilDate.optional().meta({ description: 'last day; of a death the day of death; absent while it goes on' }),
    severity: z
      .enum(['mild', 'moderate', 'severe'])
      .optional()
      .meta({ description: 'how intense it was, which says nothing of `seriousness`' }),
    grade: z.int().min(1).max(5).optional().meta({ description: 'CTCAE grade, instead of or besides `severity`' }),
    seriousness: z
      .array(
        z.enum(['death', 'life-threatening', 'hospitalisation', 'disability', 'congenital-anomaly', 'other-important']),
      )
      .max(6)
      .meta({ description: 'every criterion that it meets (ICH E2A); empty if it is not serious' }),
    relatedness: z
      .enum(['unrelated', 'unlikely', 'possible', 'probable', 'definite', 'not-assessed'])
      .meta({ description: 'to the study treatment, in the investigator’s judgement' }),
    expectedness: z
      .enum(['expected', 'unexpected', 'not-assessed'])
      .optional()
      .meta({ description: 'against the reference safety information' }),
    outcome: z
      .enum(['recovered', 'recovering', 'not-recovered', 'recovered-with-sequelae', 'fatal', 'unknown'])
      .meta({ description: 'as known at `recordedtime`' }),
    awareness: Awareness.optional().meta({ description: 'who learnt of it when' }),
  })
  .superRefine((event, context) => {
    const { onset, end, severity, grade, seriousness, outcome, awareness } = event;
    const refuse = (message: string, ...path: string[]) => context.addIssue({ code: 'custom', path, message });
    if (end !== undefined && end < onset) refuse('lies before `onset`; swap the two', 'end');
    if (end !== undefined && (outcome === 'recovering' || outcome === 'not-recovered'))
      refuse('is given though `outcome` says that it goes on; correct one of the two', 'end');
    if (severity === undefined && grade === undefined) refuse('is missing; give severity or grade', 'severity');
    if (seriousness.includes('death') !== (outcome === 'fatal'))
      refuse('and `outcome` disagree on whether it was fatal; correct one of the two', 'seriousness');
    if (new Set(seriousness).size < seriousness.length)
      refuse('names a criterion twice; remove the repetition', 'seriousness');
    for (const who of ['site', 'sponsor'] as const) {
      const date = awareness?.[who];
      if (date !== undefined && date < onset) refuse('lies before `onset`; correct one of the two', 'awareness', who);
    }
  })
  .meta({
    title: 'Adverse event',
    description: 'A report of one adverse event, complete as known when it was written.',
  });
