import { z } from 'zod';
import { CivilDate, SubstanceId, Unit } from '../identifiers.ts';

const Amount = z.strictObject({
  amount: z.number().positive().max(1e6).optional().meta({ description: 'how much on that day; absent if not known' }),
  unit: Unit.optional().meta({
    description: 'the protocol’s unit of the substance (also if absent), or `g` for grams',
  }),
});

/** A timeline follow-back interview. A day that was not asked is not a day without use. */
export const UseCalendar = z
  .strictObject({
    from: CivilDate.meta({ description: 'first day asked about' }),
    to: CivilDate.meta({ description: 'last day asked about' }),
    complete: z.boolean().meta({
      description: 'whether every day from `from` to `to` was asked; if not, only the listed days of use are evidence',
    }),
    days: z
      .record(CivilDate, z.record(SubstanceId, Amount))
      .meta({ description: 'days of use only: date, substance, amount if known' }),
    informant: z.enum(['participant', 'relative', 'record']).meta({ description: 'who says so' }),
    interview: CivilDate.meta({ description: 'date of the interview; recall is this date minus the day' }),
  })
  .superRefine((calendar, context) => {
    const { from, to, interview } = calendar;
    if (from > to) context.addIssue({ code: 'custom', path: ['to'], message: 'lies before `from`; swap the two' });
    if (to > interview) {
      context.addIssue({
        code: 'custom',
        path: ['to'],
        message: 'lies after `interview`, and nobody recalls the future; correct one of the two',
      });
    }
    for (const day of Object.keys(calendar.days)) {
      if (day < from || day > to) {
        context.addIssue({
          code: 'custom',
          path: ['days', day],
          message: 'lies outside `from` … `to`; widen the calendar or drop the day',
        });
      }
    }
  })
  .meta({ title: 'Use calendar', description: 'Days of use recalled in an interview (timeline follow-back).' });
