import { civilDay, type Measure, type Protocol } from '@holdfast/events';
import type { Effective, EffectiveOf } from './naive-replacing.ts';

/** What a source says of a day: use, no use, or (undefined) nothing. */
export type Word = 'use' | 'abstinent' | undefined;

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
 * self-report, and that of the urine which has to confirm it.
 */
export type DayWords = { readonly word: Word; readonly confirming: Word };

export function wordsOn(
  protocol: Protocol,
  measure: Measure,
  observations: readonly Effective[],
  day: number,
): DayWords {
  const over = (word: (substance: string) => Word): Word => everySubstance(measure.substances.map(word));
  const fromUrine = (substance: string) => urine(protocol, observations, substance, day);
  const fromReport = (informant: Informant) => (substance: string) => report(observations, informant, substance, day);
  switch (measure.evidence) {
    case 'urine-only':
      return { word: over(fromUrine), confirming: undefined };
    case 'self-report-only':
      return { word: over(fromReport('participant')), confirming: undefined };
    case 'any-positive':
      return {
        word: over((substance) =>
          anyWord([fromUrine(substance), ...informants.map((informant) => fromReport(informant)(substance))]),
        ),
        confirming: undefined,
      };
    case 'confirmed-by-urine':
      return { word: over(fromReport('participant')), confirming: over(fromUrine) };
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
  if (measure.death === 'exclude') reads.push('participant-left');
  return reads.some((type) => (protocol.closed as readonly string[]).includes(type));
}
