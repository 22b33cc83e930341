import { civilDay, type Measure, type Protocol } from '@holdfast/events';
import type { Effective, EffectiveOf } from './naive-replacing.ts';

/** What a source says of a day: use, no use, or (undefined) nothing. */
export type Word = 'use' | 'abstinent' | undefined;

/** A positive biomarker: at least one use of a substance in these civil days, both included. */
export type Stretch = { readonly from: number; readonly to: number };

type Informant = EffectiveOf<'use-calendar'>['data']['informant'];
const informants: readonly Informant[] = ['participant', 'relative', 'record'];

function anyWord(words: readonly Word[]): Word {
  if (words.includes('use')) return 'use';
  return words.includes('abstinent') ? 'abstinent' : undefined;
}

/** Of several substances: use of any is use, and no use needs a word on every one. */
function everySubstance(words: readonly Word[]): Word {
  if (words.includes('use')) return 'use';
  return words.includes(undefined) ? undefined : 'abstinent';
}

/** Days here are civil days. */
function urine(protocol: Protocol, observations: readonly Effective[], substance: string, day: number): Word {
  const words: Word[] = [];
  let screened = false;
  let visited = false;
  for (const observation of observations) {
    if (observation.day !== day) continue;
    if (observation.type === 'visit-attended') visited = true;
    if (observation.type !== 'urine-screen') continue;
    screened = true;
    if (observation.data.sample === 'invalid') continue;
    const named = Object.hasOwn(observation.data.results, substance);
    const result = named ? observation.data.results[substance] : protocol.evidence.unnamed;
    if (result === 'positive') words.push('use');
    if (result === 'negative') words.push('abstinent');
  }
  if (visited && !screened && protocol.evidence.attendedVisit === 'negative') words.push('abstinent');
  return anyWord(words);
}

type Biomarker = EffectiveOf<'biomarker'>;

/** The biomarkers that a measure looks at: those it names, of its substances, sampled on one of the days that count. */
function biomarkersOf(measure: Measure, observations: readonly Effective[], sampled: readonly number[]): Biomarker[] {
  return observations.filter(
    (observation): observation is Biomarker =>
      observation.type === 'biomarker' &&
      (measure.biomarkers?.kinds ?? []).includes(observation.data.kind) &&
      measure.substances.includes(observation.data.substance) &&
      sampled.includes(observation.day),
  );
}

function resultOf({ data }: Biomarker): string {
  if (data.result !== undefined) return data.result;
  if (data.value === undefined || data.cutOff === undefined) throw new Error('a biomarker without result has both');
  return data.value < data.cutOff ? 'negative' : 'positive';
}

export function positiveStretches(
  measure: Measure,
  observations: readonly Effective[],
  sampled: readonly number[],
): Stretch[] {
  return biomarkersOf(measure, observations, sampled)
    .filter((biomarker) => resultOf(biomarker) === 'positive')
    .map(({ day, data }) => ({ from: day - data.lookBack, to: day }));
}

/** On the days that it covers a biomarker is evidence whatever it found, but of use only if it does not look back. */
function tested(
  measure: Measure,
  observations: readonly Effective[],
  sampled: readonly number[],
  substance: string,
  day: number,
): Word {
  const words: Word[] = [];
  for (const biomarker of biomarkersOf(measure, observations, sampled)) {
    const { data } = biomarker;
    const result = resultOf(biomarker);
    if (data.substance !== substance || (result !== 'positive' && result !== 'negative')) continue;
    const from = measure.biomarkers?.covers === 'look-back' ? biomarker.day - data.lookBack : biomarker.day;
    if (day < from || day > biomarker.day) continue;
    words.push(result === 'positive' && data.lookBack === 0 ? 'use' : 'abstinent');
  }
  return anyWord(words);
}

function report(observations: readonly Effective[], informant: Informant, substance: string, day: number): Word {
  let shortest = Number.POSITIVE_INFINITY;
  let words: Word[] = [];
  for (const observation of observations) {
    if (observation.type !== 'use-calendar' || observation.data.informant !== informant) continue;
    const { from, to, complete, days, interview } = observation.data;
    const uses = Object.entries(days).some(([date, used]) => civilDay(date) === day && Object.hasOwn(used, substance));
    const asked = complete && civilDay(from) <= day && day <= civilDay(to);
    if (!uses && !asked) continue;
    const recall = civilDay(interview) - day;
    if (recall < shortest) {
      shortest = recall;
      words = [];
    }
    if (recall === shortest) words.push(uses ? 'use' : 'abstinent');
  }
  return anyWord(words);
}

/**
 * The word on a day that a measure goes by. Under confirmed-by-urine there are two, never joined day by day: that of the
 * self-report, and that of the tests which have to confirm it.
 */
export type DayWords = { readonly word: Word; readonly confirming: Word };

export function wordsOn(
  protocol: Protocol,
  measure: Measure,
  observations: readonly Effective[],
  day: number,
  /** The civil days that count: those on which a biomarker may be sampled. */
  counting: readonly number[],
): DayWords {
  const over = (word: (substance: string) => Word): Word => everySubstance(measure.substances.map(word));
  const fromTests = (substance: string) =>
    anyWord([urine(protocol, observations, substance, day), tested(measure, observations, counting, substance, day)]);
  const fromReport = (informant: Informant) => (substance: string) => report(observations, informant, substance, day);
  switch (measure.evidence) {
    case 'urine-only':
      return { word: over(fromTests), confirming: undefined };
    case 'self-report-only':
      return { word: over(fromReport('participant')), confirming: undefined };
    case 'any-positive':
      return {
        word: over((substance) =>
          anyWord([fromTests(substance), ...informants.map((informant) => fromReport(informant)(substance))]),
        ),
        confirming: undefined,
      };
    case 'confirmed-by-urine':
      return { word: over(fromReport('participant')), confirming: over(fromTests) };
    case 'confirmed-by-relative':
      return { word: over(fromReport('participant')), confirming: over(fromReport('relative')) };
    case 'confirmed-by-urine-or-relative':
      return {
        word: over(fromReport('participant')),
        confirming: over((substance) => anyWord([fromTests(substance), fromReport('relative')(substance)])),
      };
  }
}

/** Whether a measure goes by events that are closed: then it is closed too, and reads both sides. */
export function naiveIsClosed(protocol: Protocol, measure: Measure): boolean {
  if (protocol.blinding === 'open') return false;
  const reads: string[] = [];
  if (measure.evidence !== 'self-report-only') reads.push('urine-screen');
  if (measure.evidence !== 'self-report-only' && protocol.evidence.attendedVisit === 'negative')
    reads.push('visit-attended');
  if (measure.evidence !== 'urine-only') reads.push('use-calendar');
  if (measure.controlledDays === 'exclude') reads.push('controlled-environment');
  if (measure.biomarkers !== undefined) reads.push('biomarker');
  const carries =
    measure.kind === 'rolling-abstinence' && measure.policies.some((policy) => policy.startsWith('carry-forward'));
  if (measure.death === 'exclude' || carries) reads.push('participant-left');
  return reads.some((type) => (protocol.closed as readonly string[]).includes(type));
}
