import { z } from 'zod';
import { InstrumentId, ItemId } from '../identifiers.ts';
import { type Instrument, instruments } from '../instruments.ts';

const bounds = {
  low: z.number().meta({ description: 'lowest score' }),
  high: z.number().meta({ description: 'highest score' }),
};
const ordered = { path: ['high'], error: 'is below `low`; swap the two' };

/** An instrument of the trial: one of its own, or what it says otherwise of one in the table of instruments. */
export const DeclaredInstrument = z
  .strictObject({
    id: InstrumentId,
    title: z.string().min(1).max(200).optional(),
    total: z
      .strictObject(bounds)
      .refine(({ low, high }) => low <= high, ordered)
      .optional()
      .meta({ description: 'range of the total' }),
    items: z
      .strictObject({ count: z.int().min(1).max(500).meta({ description: 'how many items there are' }), ...bounds })
      .refine(({ low, high }) => low <= high, ordered)
      .optional()
      .meta({ description: 'number of items, and the range of each' }),
    subscores: z
      .record(
        ItemId,
        z.strictObject(bounds).refine(({ low, high }) => low <= high, ordered),
      )
      .optional()
      .meta({ description: 'range of each subscore, by name; if declared, no other may be sent' }),
    higher: z.enum(['worse', 'better', 'neither']).optional().meta({ description: 'what a higher total means' }),
    response: z
      .strictObject({ fall: z.number().positive().max(1) })
      .optional()
      .meta({ description: 'response: the total fell by at least this share of its baseline' }),
    remission: z
      .strictObject({ atMost: z.number() })
      .optional()
      .meta({ description: 'remission: the total is at most this' }),
  })
  .superRefine(({ id, total, items, higher, response, remission }, context) => {
    const known = instruments.get(id);
    const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (known === undefined && total === undefined && items === undefined)
      refuse(['total'], 'is missing for an instrument that is not in the table of instruments; give total or items');
    if (known === undefined && higher === undefined)
      refuse(['higher'], 'is missing for an instrument that is not in the table of instruments; say what higher means');
    const range = total ?? known?.total;
    if (range === undefined && (response ?? remission) !== undefined)
      refuse([response === undefined ? 'remission' : 'response'], 'is of an instrument without a total; declare one');
    if (
      range !== undefined &&
      remission !== undefined &&
      (remission.atMost < range.low || remission.atMost > range.high)
    )
      refuse(['remission', 'atMost'], `lies outside the total’s range, ${range.low} to ${range.high}; correct it`);
  })
  .meta({
    title: 'Instrument',
    description: 'A rating scale of the trial; what is left out is as in the table of instruments.',
  });
export type DeclaredInstrument = z.infer<typeof DeclaredInstrument>;

/** The instruments that a trial may use: the table, and over it what the protocol declares. */
export function instrumentsOf(declared: readonly DeclaredInstrument[]): ReadonlyMap<string, Instrument> {
  const all = new Map(instruments);
  for (const { id, ...said } of declared) {
    const base = all.get(id) ?? { title: id, higher: 'neither', source: 'the trial’s protocol' };
    all.set(id, { ...base, ...said } as Instrument);
  }
  return all;
}
