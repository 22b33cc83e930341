import type { Participant } from './recruitment.ts';
import type { Drug, Scenario } from './scenario.ts';
import { noon, type Told } from './told.ts';

const peakMinutes = 40;

/** What is measured around a dose: blood pressure before it, at its peak and when it is falling again; dissociation at its peak. */
function* acuteEffects(drug: Drug, person: Participant, day: number, hasCadss: boolean): Generator<Told> {
  const { systolicRise, diastolicRise, dissociation } = drug;
  const usual = person.chance.part('blood-pressure');
  const own = person.chance.part('acute').part(day);
  if (systolicRise !== undefined && diastolicRise !== undefined) {
    const [systolic, diastolic] = [126 + 12 * usual.normal(), 79 + 7 * usual.normal()];
    const rises = [
      systolicRise.mean + systolicRise.sd * own.normal(),
      diastolicRise.mean + diastolicRise.sd * own.normal(),
    ];
    for (const [minutes, share] of [
      [undefined, 0],
      [peakMinutes, 1],
      [2 * peakMinutes, 0.4],
    ] as const) {
      const upper = Math.round(systolic + share * (rises[0] ?? 0));
      const bloodPressure = {
        systolic: upper,
        diastolic: Math.min(upper, Math.round(diastolic + share * (rises[1] ?? 0))),
      };
      const heartRate = Math.round(72 + 8 * share);
      yield {
        type: 'vital-signs',
        day,
        minute: noon + (minutes ?? -30),
        data: { bloodPressure, heartRate, ...(minutes === undefined ? {} : { minutesAfterDose: minutes }) },
      };
    }
  }
  if (dissociation !== undefined && hasCadss) {
    const total = Math.min(92, Math.max(0, Math.round(dissociation.mean + dissociation.sd * own.normal())));
    const hoursAfterDose = 0.67;
    yield {
      type: 'scale-score',
      day,
      minute: noon + peakMinutes,
      data: { instrument: 'CADSS', total, hoursAfterDose },
    };
  }
}

/** Doses, and what is measured after them, up to the study day on which the participant leaves. */
export function* dosing(scenario: Scenario, person: Participant, until: number, hasCadss: boolean): Generator<Told> {
  for (const [index, { day: studyDay, drug: id }] of person.given.doses.entries()) {
    const drug = scenario.drugs[id];
    if (drug === undefined || studyDay >= until) continue;
    const day = person.dayZero + studyDay;
    const amount = { mgPerKg: drug.mgPerKg };
    yield {
      type: 'dose-given',
      day,
      data: { drug: drug.name, route: drug.route, session: index + 1, planned: amount, given: amount },
    };
    yield* acuteEffects(drug, person, day, hasCadss);
  }
}

export function* therapy({ given, dayZero, chance }: Participant, until: number): Generator<Told> {
  if (given.therapy === undefined) return;
  const { kind, days, minutes, attended } = given.therapy;
  const own = chance.part('therapy');
  for (const [index, studyDay] of days.entries()) {
    const came = own.happens(attended);
    if (studyDay >= until) continue;
    const data = { kind, minutes: came ? minutes : 0, session: index + 1 };
    yield { type: 'therapy-session', day: dayZero + studyDay, minute: noon + 180, data };
  }
}
