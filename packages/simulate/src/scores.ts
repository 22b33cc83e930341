import { instrumentsOf, type Landmark, landmarkName, type Protocol } from '@holdfast/events';
import type { DaysOfUse } from './course-of-use.ts';
import { cravingAfter, cravingBefore } from './craving.ts';
import { depressionAfter, depressionBefore } from './depression.ts';
import type { Participant } from './recruitment.ts';
import type { Scenario } from './scenario.ts';
import { noon, type Told } from './told.ts';

/** Whether a protocol lets an instrument be used: it declares it, or it declares none and the table has it. */
export function mayScore({ instruments }: Protocol, id: string): boolean {
  return instruments === undefined ? instrumentsOf([]).has(id) : instruments.some((one) => one.id === id);
}

/** When an instrument is scored: at the landmarks of the measures that look at it, each once. */
function landmarksOf({ measures }: Protocol, instrument: string): Landmark[] {
  const scales = measures.flatMap((one) => (one.kind === 'scale' && one.instrument === instrument ? [one] : []));
  const landmarks = scales.flatMap(({ at, baseline }) => (baseline === undefined ? at : [baseline, ...at]));
  return [...new Map(landmarks.map((one) => [landmarkName(one), one])).values()];
}

/** The scores of depression and craving: before randomisation, and at each landmark that the participant comes to. */
export function* scores(
  protocol: Protocol,
  scenario: Scenario,
  person: Participant,
  { relapsed }: DaysOfUse,
  until: number,
  attended: ReadonlyMap<string, number>,
): Generator<Told> {
  const { dayZero, given, consent } = person;
  const firstDose = given.doses[0]?.day ?? 0;
  const noise = person.chance.part('craving-noise');
  const scales = [
    scenario.depression && {
      instrument: scenario.depression.instrument,
      before: depressionBefore(scenario.depression, person),
      after: (hours: number) =>
        depressionAfter(scenario.depression as NonNullable<Scenario['depression']>, person, hours),
    },
    scenario.craving && {
      instrument: scenario.craving.instrument,
      before: cravingBefore(scenario.craving, person),
      after: (hours: number) =>
        cravingAfter(
          scenario.craving as NonNullable<Scenario['craving']>,
          person,
          relapsed[firstDose + Math.floor(hours / 24)] ?? false,
          noise,
        ),
    },
  ].flatMap((scale) => (scale !== undefined && mayScore(protocol, scale.instrument) ? [scale] : []));
  for (const { instrument, before, after } of scales) {
    yield { type: 'scale-score', day: Math.max(consent, dayZero - 1), data: { instrument, total: before } };
    for (const landmark of landmarksOf(protocol, instrument)) {
      if ('hoursAfterDose' in landmark) {
        const { hoursAfterDose, session = 1 } = landmark;
        const dose = given.doses[session - 1];
        if (dose === undefined) continue;
        const minutes = noon + hoursAfterDose * 60;
        const studyDay = dose.day + Math.floor(minutes / 1440);
        if (studyDay >= until) continue;
        const total = after(hoursAfterDose + 24 * (dose.day - firstDose));
        yield {
          type: 'scale-score',
          day: dayZero + studyDay,
          minute: Math.floor(minutes % 1440),
          data: { instrument, total, hoursAfterDose },
        };
        continue;
      }
      const studyDay = 'visit' in landmark ? attended.get(landmark.visit) : landmark.day;
      if (studyDay === undefined || studyDay >= until) continue;
      const total = studyDay <= firstDose ? before : after(24 * (studyDay - firstDose));
      const visit = 'visit' in landmark ? { visit: landmark.visit } : {};
      yield { type: 'scale-score', day: dayZero + studyDay, data: { instrument, total, ...visit } };
    }
  }
}

/** The rating of suicidality at a visit. */
export function* suicidality(
  protocol: Protocol,
  { suicidality: said }: Scenario,
  { dayZero, consent, chance }: Participant,
  attended: ReadonlyMap<string, number>,
): Generator<Told> {
  if (said === undefined || !mayScore(protocol, 'C-SSRS')) return;
  const own = chance.part('suicidality');
  yield {
    type: 'scale-score',
    day: Math.max(consent, dayZero - 1),
    data: { instrument: 'C-SSRS', items: { ideation: 0 } },
  };
  for (const [visit, studyDay] of attended) {
    const ideation = own.happens(said.severe) ? own.whole(4, 5) : own.happens(said.ideation) ? own.whole(1, 3) : 0;
    yield { type: 'scale-score', day: dayZero + studyDay, data: { instrument: 'C-SSRS', items: { ideation }, visit } };
  }
}
