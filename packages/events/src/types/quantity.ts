import { z } from 'zod';
import { Unit } from '../identifiers.ts';

/** So much of something. */
export const Quantity = z.strictObject({
  amount: z.number().positive().max(1e9).meta({ description: 'how much' }),
  unit: Unit.meta({ description: 'of what unit, such as `mg` or `USD`' }),
});
