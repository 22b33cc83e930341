import { type CivilDay, horizonOf, type VitalPeaks } from '@holdfast/events';
import type { StudyDay, ValueFact } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';
import { lastDayOver } from './days-over.ts';
import { dosingDays, sessionHoursBefore } from './dosing-sessions.ts';
import type { MeasureFold } from './measure-fold.ts';
import { lastDayOf, maturitySpells } from './participant-days.ts';
import { valueParts } from './value-parts.ts';

type Sign = 'systolic' | 'diastolic' | 'heart-rate';

/** One measurement after a dose. */
type Measured = {
  readonly day: StudyDay;
  /** The dosing session it belongs to; undefined where no dose is known that it could be after. */
  readonly session: number | undefined;
  readonly signs: { readonly [sign in Sign]?: number };
};

/** The measurements that say how long after a dose they are. */
function measuredAfterDose(observations: readonly Effective[], dayZero: CivilDay): Measured[] {
  const sessions = dosingDays(observations, dayZero);
  return observations.flatMap((one): Measured[] => {
    if (one.type !== 'vital-signs' || one.data.minutesAfterDose === undefined) return [];
    const { bloodPressure, heartRate, minutesAfterDose } = one.data;
    const signs: Measured['signs'] = {
      ...bloodPressure,
      ...(heartRate === undefined ? {} : { 'heart-rate': heartRate }),
    };
    const day = one.day - dayZero;
    return [{ day, session: sessionHoursBefore(sessions, day, minutesAfterDose / 60), signs }];
  });
}

function peaks(measure: VitalPeaks, item: string, measured: readonly Measured[]): ValueFact[] {
  const facts: ValueFact[] = [];
  const highest = new Map<Sign, number>();
  for (const sign of ['systolic', 'diastolic', 'heart-rate'] as const) {
    let peak: { day: StudyDay; value: number } | undefined;
    for (const { day, signs } of measured) {
      const value = signs[sign];
      if (value === undefined) continue;
      if (peak === undefined || value > peak.value || (value === peak.value && day < peak.day)) peak = { day, value };
    }
    if (peak === undefined) continue;
    highest.set(sign, peak.value);
    facts.push({ measure: measure.id, kind: sign, item, day: peak.day, ...valueParts(peak.value) });
  }
  const [systolic, diastolic] = [highest.get('systolic'), highest.get('diastolic')];
  if (systolic === undefined || diastolic === undefined) return facts;
  const isSevere = systolic >= measure.severe.systolic || diastolic >= measure.severe.diastolic;
  const day = Math.max(...facts.filter(({ kind }) => kind !== 'heart-rate').map((fact) => fact.day));
  return [...facts, { measure: measure.id, kind: 'severe', item, day, value: isSevere ? 1 : 0, of: 1 }];
}

/**
 * The highest systolic and diastolic blood pressure (mmHg) and heart rate (beats per minute) measured after a dose on study days
 * 0 … horizon that are over: after any dose, and after those of each dosing session; and whether blood pressure was ever severe (1,
 * 0: at or above either limit of the protocol). Who was never measured after a dose has no value.
 */
export const vitalPeaksFold: MeasureFold<VitalPeaks> = {
  types: () => ['vital-signs', 'dose-given'],
  judge: (measure, { protocol, observations, dayZero }) => {
    const lastDay = lastDayOf(horizonOf(measure, protocol), protocol, dayZero);
    const measured = measuredAfterDose(observations, dayZero).filter(({ day }) => day >= 0);
    return (when) => {
      const over = lastDayOver(lastDay, when);
      const known = measured.filter(({ day }) => day <= over);
      const sessions = [...new Set(known.flatMap(({ session }) => (session === undefined ? [] : [session])))];
      const values = [
        ...peaks(measure, 'any', known),
        ...sessions.flatMap((session) =>
          peaks(
            measure,
            `session-${session}`,
            known.filter((one) => one.session === session),
          ),
        ),
      ];
      return {
        counted: [],
        spells: maturitySpells(measure, lastDay, when.mature(measure, lastDay)),
        firstEvents: [],
        values,
      };
    };
  },
};
