import { z } from 'zod';
import { type RefusalCode, refusals } from './refusal.ts';

const Reason = z.strictObject({
  path: z.string().meta({ description: 'where in the event; empty if it is about the whole' }),
  message: z.string().meta({ description: 'what is wrong there, and what to do' }),
});

export const EventVerdict = z
  .strictObject({
    index: z.int().min(0).meta({ description: 'which of the sent events, from 0; blank lines do not count' }),
    id: z.string().nullable().meta({ description: 'the event’s own id; null where it has none that could be one' }),
    verdict: z.enum(['accepted', 'rejected']),
    problems: z.array(Reason).optional().meta({ description: 'every reason; of rejected events only' }),
  })
  .meta({ title: 'What became of one event' });
export type EventVerdict = Readonly<z.infer<typeof EventVerdict>>;

export const Verdicts = z
  .strictObject({ verdicts: z.array(EventVerdict).meta({ description: 'one for each event, in their order' }) })
  .meta({ title: 'Verdicts', description: 'What is accepted is durable; what is rejected is kept and listed.' });
export type Verdicts = { readonly verdicts: readonly EventVerdict[] };

const codes = Object.keys(refusals) as [RefusalCode, ...RefusalCode[]];

export const Refused = z
  .strictObject({
    error: z.strictObject({
      code: z.enum([...codes, 'defect']),
      message: z.string().meta({ description: 'why nothing of the request was taken in, and what to do' }),
    }),
  })
  .meta({ title: 'A refused request' });
export type Refused = z.infer<typeof Refused>;

/** Accepted all, some, or none: what the status of an answer with verdicts says. */
export function statusOf({ verdicts }: Verdicts): 202 | 207 | 422 {
  const rejected = verdicts.filter(({ verdict }) => verdict === 'rejected').length;
  if (rejected === 0) return 202;
  return rejected < verdicts.length ? 207 : 422;
}
