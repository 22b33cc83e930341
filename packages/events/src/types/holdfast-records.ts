import { z } from 'zod';
import { CivilDate, CutName } from '../identifiers.ts';

export const DayTurned = z
  .strictObject({ date: CivilDate.meta({ description: 'the date that has begun in the trial’s zone' }) })
  .meta({ title: 'Day turned', description: 'Written by Holdfast to every partition: the trial’s clock.' });

export const CutMarked = z
  .strictObject({ cut: CutName.meta({ description: 'name of the data cut that ends here' }) })
  .meta({
    title: 'Cut marked',
    description: 'Written by Holdfast to every partition: where a data cut ends. Changes no fact.',
  });

const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/, { error: 'not base64url' });

export const Sealed = z
  .strictObject({
    keyId: z
      .string()
      .regex(/^[0-9a-f]{16}$/, { error: 'not a key id (16 hexadecimal digits)' })
      .meta({ description: 'the trial’s key that it was sealed to' }),
    enc: base64url.meta({ description: 'HPKE encapsulation (RFC 9180)' }),
    nonce: base64url.meta({ description: 'of AES-256-GCM, never used twice' }),
    box: base64url.meta({ description: 'type and data, sealed to the trial’s public key, padded to 512 bytes' }),
  })
  .meta({ title: 'Sealed event', description: 'A closed event of a double-blind trial. Only the key opens it.' });
