import { civilDay } from '@holdfast/events';
import type { NaiveFacts, NaiveTold, NaiveValue } from './naive-kinds.ts';
import { compareTexts, type Effective, type EffectiveOf } from './naive-replacing.ts';

/** Civil days from the one to the other, both included. */
function days(from: number, to: number): number[] {
  const all: number[] = [];
  for (let day = from; day <= to; day++) all.push(day);
  return all;
}

type Telling = Pick<NaiveTold<'adverse-events'>, 'protocol' | 'dayZero' | 'asOf'> & {
  readonly measure: { readonly horizon: number };
};

/** The civil days from day 0 on that can count and are over. */
function daysOver({ protocol, measure, dayZero, asOf }: Telling): number[] {
  return days(dayZero, dayZero + measure.horizon).filter(
    (day) =>
      asOf !== undefined &&
      day < asOf &&
      (protocol.administrativeEnd === undefined || day <= civilDay(protocol.administrativeEnd)),
  );
}

const plainValue = (kind: string, item: string, value: number): NaiveValue => ({
  kind,
  item,
  policy: '',
  value,
  of: 1,
});

function number(kind: string, item: string, value: number): NaiveValue {
  return Number.isInteger(value)
    ? plainValue(kind, item, value)
    : { kind, item, policy: '', value: Math.round(value * 1000), of: 1000 };
}

type Report = EffectiveOf<'adverse-event'>;

function gradeOf({ grade, severity, seriousness }: Report['data']): number {
  const grades = [grade ?? ['mild', 'moderate', 'severe'].indexOf(severity ?? 'mild') + 1];
  if (seriousness.includes('life-threatening')) grades.push(4);
  if (seriousness.includes('death')) grades.push(5);
  return Math.max(...grades);
}

function tidy(name: string): string {
  return name
    .split(/\s+/)
    .filter((word) => word !== '')
    .join(' ')
    .replaceAll('›', '>');
}

export function naiveAdverseEvents(told: NaiveTold<'adverse-events'>): NaiveFacts {
  const { measure, observations, dayZero } = told;
  const over = daysOver(told);
  if (over.length === 0) return { values: [] };
  const ofType = <T extends Effective['type']>(type: T) =>
    observations.filter((one): one is Extract<Effective, { type: T }> => one.type === type);
  const doses = ofType('dose-given').filter(({ day }) => day >= dayZero);
  const isUnderTreatment = (day: number) =>
    measure.only !== 'treatment-emergent' || doses.some((dose) => dose.day <= day);

  const followed = over.filter(
    (day) => isUnderTreatment(day) && ofType('participant-left').every((left) => left.day >= day),
  );
  // Of treatment-emergent events only who was given a dose by then can have any.
  const values = over.some(isUnderTreatment) ? [plainValue('person-days', '', followed.length)] : [];

  const reports = ofType('adverse-event');
  const latest = reports.filter((report) =>
    reports.every((other) => {
      if (other === report || other.data.ae !== report.data.ae) return true;
      if (other.recordedAt !== report.recordedAt) return other.recordedAt < report.recordedAt;
      if (other.id !== report.id) return compareTexts(other.id, report.id) < 0;
      return compareTexts(other.source, report.source) < 0;
    }),
  );
  const counting = latest.filter(({ data }) => {
    const onset = civilDay(data.onset);
    if (!over.includes(onset) || !isUnderTreatment(onset)) return false;
    if (measure.only === 'serious') return data.seriousness.length > 0;
    if (measure.only === 'related') return !['unrelated', 'unlikely', 'not-assessed'].includes(data.relatedness);
    return true;
  });
  const classOf = ({ data }: Report) => (data.coded === undefined ? 'not coded' : tidy(data.coded.soc));
  const termOf = ({ data }: Report) => (data.coded === undefined ? tidy(data.term).toLowerCase() : tidy(data.coded.pt));
  const names = new Set(['any']);
  for (const report of counting)
    names.add(`class: ${classOf(report)}`).add(`term: ${classOf(report)} › ${termOf(report)}`);
  for (const name of names) {
    const those = counting.filter(
      (report) =>
        name === 'any' ||
        name === `class: ${classOf(report)}` ||
        name === `term: ${classOf(report)} › ${termOf(report)}`,
    );
    if (those.length === 0) continue;
    values.push(plainValue('worst-grade', name, Math.max(...those.map(({ data }) => gradeOf(data)))));
    values.push(plainValue('events', name, those.length));
    const serious = those.filter(({ data }) => data.seriousness.length > 0);
    if (serious.length > 0) values.push(plainValue('serious-events', name, serious.length));
  }
  return { values };
}

export function naiveSuicidality(told: NaiveTold<'suicidality'>): NaiveFacts {
  const { observations, dayZero } = told;
  const over = daysOver(told);
  if (over.length === 0) return { values: [] };
  const scores = observations.filter(
    (one): one is EffectiveOf<'scale-score'> => one.type === 'scale-score' && one.data.instrument === 'C-SSRS',
  );
  const isOfADose = ({ data }: EffectiveOf<'scale-score'>) => 'hoursAfterDose' in data;
  const baseline = scores
    .filter((score) => score.day <= dayZero && !isOfADose(score) && score.data.items?.ideation !== undefined)
    .toSorted((a, b) => a.day - b.day || compareTexts(a.id, b.id) || compareTexts(a.source, b.source))
    .at(-1)?.data.items?.ideation;
  const after = scores.filter((score) => over.includes(score.day) && (score.day > dayZero || isOfADose(score)));
  const answers = (item: string) => after.flatMap(({ data }) => data.items?.[item] ?? []);

  const values: NaiveValue[] = [];
  const worst = Math.max(...answers('ideation'));
  if (answers('ideation').length > 0) values.push(number('ideation', '', worst));
  if (baseline !== undefined) values.push(number('ideation-before', '', baseline));
  if (baseline !== undefined && answers('ideation').length > 0)
    values.push(plainValue('rose', '', worst >= baseline + told.measure.rise ? 1 : 0));
  const behaviour = (item: string, all: readonly number[]) => {
    if (all.length > 0) values.push(plainValue('behaviour', item, all.some((one) => one > 0) ? 1 : 0));
  };
  for (const item of ['preparatory', 'aborted', 'interrupted', 'attempt', 'self-injury'])
    behaviour(item, answers(item));
  // Self-injury without intent to die is no suicidal behaviour.
  behaviour('any', ['preparatory', 'aborted', 'interrupted', 'attempt'].flatMap(answers));
  return { values };
}

export function naiveVitalPeaks(told: NaiveTold<'vital-peaks'>): NaiveFacts {
  const { measure, observations, dayZero } = told;
  const over = daysOver(told);
  const doses = observations.filter(
    (one): one is EffectiveOf<'dose-given'> => one.type === 'dose-given' && one.day >= dayZero,
  );
  /** The session of a day on which there was a dose. */
  const sessionOn = (day: number): number => {
    const numbers = doses.filter((dose) => dose.day === day).flatMap(({ data }) => data.session ?? []);
    const before = new Set(doses.filter((dose) => dose.day < day).map((dose) => dose.day));
    return numbers.length > 0 ? Math.max(...numbers) : before.size + 1;
  };
  const measured = observations.flatMap((one) => {
    if (one.type !== 'vital-signs' || !over.includes(one.day) || one.data.minutesAfterDose === undefined) return [];
    const { minutesAfterDose } = one.data;
    // Of the days with a dose the one that agrees best, if it does to the day; of two the later.
    const off = (day: number) => Math.abs((one.day - day) * 24 * 60 - minutesAfterDose);
    const dosed = days(dayZero, one.day).filter((day) => doses.some((dose) => dose.day === day) && off(day) <= 24 * 60);
    const best = dosed.filter((day) => dosed.every((other) => off(day) <= off(other))).at(-1);
    return [{ ...one.data, session: best === undefined ? 'none' : `session-${sessionOn(best)}` }];
  });
  const values: NaiveValue[] = [];
  for (const item of new Set(['any', ...measured.map(({ session }) => session)])) {
    if (item === 'none') continue;
    const those = measured.filter(({ session }) => item === 'any' || session === item);
    const rates = those.flatMap(({ heartRate }) => heartRate ?? []);
    const pressures = those.flatMap(({ bloodPressure }) => bloodPressure ?? []);
    if (rates.length > 0) values.push(number('heart-rate', item, Math.max(...rates)));
    if (pressures.length === 0) continue;
    values.push(number('systolic', item, Math.max(...pressures.map(({ systolic }) => systolic))));
    values.push(number('diastolic', item, Math.max(...pressures.map(({ diastolic }) => diastolic))));
    const { severe } = measure;
    const isSevere = pressures.some((one) => one.systolic >= severe.systolic || one.diastolic >= severe.diastolic);
    values.push(plainValue('severe', item, isSevere ? 1 : 0));
  }
  return { values };
}
