import { z } from 'zod';
import { VisitId } from '../identifiers.ts';

const BloodPressure = z
  .strictObject({
    systolic: z.number().min(20).max(350).meta({ description: 'mmHg' }),
    diastolic: z.number().min(0).max(250).meta({ description: 'mmHg' }),
  })
  .refine(({ systolic, diastolic }) => diastolic <= systolic, {
    path: ['diastolic'],
    error: 'is above `systolic`; swap the two',
  });

export const VitalSigns = z
  .strictObject({
    bloodPressure: BloodPressure.optional().meta({ description: 'blood pressure' }),
    heartRate: z.number().min(0).max(350).optional().meta({ description: 'beats per minute' }),
    spo2: z.number().min(0).max(100).optional().meta({ description: 'oxygen saturation of the blood, per cent' }),
    sedation: z
      .int()
      .min(0)
      .max(5)
      .optional()
      .meta({ description: 'MOAA/S: 5 answers at once … 0 no reaction to pain (Chernik 1990)' }),
    minutesAfterDose: z
      .number()
      .nonnegative()
      .max(10_000)
      .optional()
      .meta({ description: 'minutes since the dose began; makes the event closed. Absent before a dose' }),
    visit: VisitId.optional().meta({ description: 'scheduled visit; absent if unscheduled' }),
  })
  .refine(
    ({ bloodPressure, heartRate, spo2, sedation }) =>
      [bloodPressure, heartRate, spo2, sedation].some((sign) => sign !== undefined),
    { error: 'measures nothing; give bloodPressure, heartRate, spo2 or sedation' },
  )
  .meta({ title: 'Vital signs', description: 'One measurement at `time`. Closed after a dose.' });
