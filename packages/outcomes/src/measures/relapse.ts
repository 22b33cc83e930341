import type { ObservationType, Relapse, RelapsePattern } from '@holdfast/events';
import { gramsByDay } from '../evidence/amounts.ts';
import { heavyFrom } from '../evidence/heavy-days.ts';
import { reportStatements } from '../evidence/self-report.ts';
import type { FirstEvent, StudyDay } from '../facts.ts';
import { courseOn, lastAssessed, lastOfMatureBeginning, matureBeginning } from './course-of-use.ts';
import { firstEventSpells } from './first-event-spells.ts';
import { isEarly, leavingOf } from './leaving.ts';
import type { MeasureFold, Told } from './measure-fold.ts';
import { type JudgedDays, maturitySpells, type ParticipantDays } from './participant-days.ts';
import { daysInARow, daysWithin, type Onset, patternName, weeksInARow } from './relapse-patterns.ts';
import { typesOfUse } from './use-types.ts';

/** Looks for a pattern on the days up to a last one. */
type Search = (to: StudyDay) => Onset | undefined;
type NamedSearch = { readonly name: string; readonly search: Search };

const daysUpTo = (lastDay: StudyDay): StudyDay[] => Array.from({ length: Math.max(0, lastDay) }, (_, i) => i + 1);

/** Days of use of which the participant's calendar knows so many grams; where it knows none, a day of use is not heavy. */
function heavyDays({ substances, heavy }: Relapse, told: Told, days: JudgedDays): StudyDay[] {
  const least = heavy && heavyFrom(heavy, told.baseline);
  if (least === undefined) return [];
  const { protocol, observations, dayZero } = told;
  const grams = gramsByDay(observations, dayZero, protocol.substances, substances, 1, days.lastDay);
  return daysUpTo(days.lastDay).filter((day) => courseOn(days, day) === 'use' && (grams(day) ?? 0) >= least);
}

/**
 * On how many of so many days before randomisation the participant used, by their own calendars; undefined if not every one of
 * the days was asked about (or is known as a day of use).
 */
function baselineUse({ substances }: Relapse, { observations, dayZero }: Told, within: number): number | undefined {
  // The days −within … −1, counted as 1 … within.
  const statements = reportStatements(observations, dayZero - within - 1, substances, within).filter(
    ({ source }) => source === 'participant',
  );
  let uses = 0;
  for (const day of daysUpTo(within)) {
    const said = statements.filter((statement) => statement.day === day);
    if (said.some(({ use }) => use)) uses += 1;
    else if (said.length < substances.length) return undefined;
  }
  return uses;
}

function searchFor(pattern: RelapsePattern, measure: Relapse, told: Told, days: JudgedDays): Search {
  const { from } = measure;
  switch (pattern.is) {
    case 'weeks-in-a-row':
      return (to) => weeksInARow(pattern, days, from, to);
    case 'days-in-a-row':
      return (to) => daysInARow(pattern, days, from, to);
    case 'first-use':
      return (to) => daysInARow({ is: 'days-in-a-row', days: 1, missing: 'free' }, days, from, to);
    case 'heavy-days': {
      const heavy = heavyDays(measure, told, days);
      return (to) => daysWithin(heavy, pattern.days, pattern.within, from, to);
    }
    case 'baseline-pattern': {
      const before = baselineUse(measure, told, pattern.within);
      // Who had not used has no pattern of use to return to.
      if (before === undefined || before === 0) return () => undefined;
      const used = daysUpTo(days.lastDay).filter((day) => courseOn(days, day) === 'use');
      return (to) => daysWithin(used, before, pattern.within, from, to);
    }
    case 'leaving': {
      const left = leavingOf(told.observations, told.dayZero);
      if (left === undefined || !isEarly(left.how)) return () => undefined;
      // Who left before the first day that can be an onset is still gone on it.
      const onset = Math.max(from, left.day);
      return (to) => (onset <= to ? { onset, confirmed: onset } : undefined);
    }
  }
}

const earliest = (days: readonly StudyDay[]): StudyDay => Math.min(Number.POSITIVE_INFINITY, ...days);

/**
 * Relapse: the earliest onset of any of the declared patterns, each dated at its onset and counted once confirmed, that is once
 * the run which shows it has ended on a mature day (as in X:BOT, Lee 2018: the start of four weeks or of seven days). Time counts
 * in days from randomisation; onsets are looked for from study day `from` on, and no use before it counts.
 * Where none is confirmed, death competes (where the strategy says so); else observation ends at the last assessment of which it
 * is known that it is no onset: before the first day on which something began that may still become the pattern. At the horizon
 * such a beginning stays unconfirmed for good. An onset after death is none.
 * Of several patterns one with a longer run may be confirmed later and yet have begun earlier: then the date moves back to it.
 */
export function relapse(measure: Relapse, judged: ParticipantDays, searches: readonly NamedSearch[]): FirstEvent {
  const days = matureBeginning(judged);
  const to = lastOfMatureBeginning(judged);
  const death = measure.death === 'exclude' && days.death !== undefined && days.death >= 1 ? days.death : undefined;
  const hasDied = death !== undefined && death <= to;
  const found = searches.flatMap(({ name, search }) => {
    // After death no day counts, so none of them needs to be waited for.
    const onset = search(hasDied ? days.lastDay : to);
    return onset === undefined ? [] : [{ name, ...onset }];
  });
  const shown = found
    .flatMap(({ confirmed, ...rest }) => (confirmed === undefined ? [] : [{ ...rest, confirmed }]))
    .filter(({ onset }) => !hasDied || onset <= death)
    .toSorted((a, b) => a.onset - b.onset || a.confirmed - b.confirmed)[0];
  const begun = earliest(found.filter(({ confirmed }) => confirmed === undefined).map(({ onset }) => onset));
  const { id } = measure;
  if (shown !== undefined) {
    const { name, onset } = shown;
    const confirmed = hasDied ? Math.min(shown.confirmed, death) : shown.confirmed;
    const lastFree = Math.max(measure.from - 1, lastAssessed(days, 0, Math.min(onset, begun) - 1));
    return { measure: id, day: onset, outcome: 'event', confirmed, lastFree, why: name };
  }
  if (hasDied) return { measure: id, day: death, outcome: 'competing', why: 'death' };
  const day = lastAssessed(days, 0, Math.min(to, begun - 1));
  return { measure: id, day, outcome: 'censored', why: begun <= to ? 'not-confirmed' : 'last-assessment' };
}

const asksFor = (measure: Relapse, ...patterns: RelapsePattern['is'][]) =>
  measure.patterns.some(({ is }) => patterns.includes(is));
const readsCalendars = (measure: Relapse) => asksFor(measure, 'heavy-days', 'baseline-pattern');

function typesOf(measure: Relapse, protocol: Parameters<typeof typesOfUse>[1]): readonly ObservationType[] {
  return [
    ...typesOfUse(measure, protocol),
    ...(asksFor(measure, 'leaving') ? (['participant-left'] as const) : []),
    ...(readsCalendars(measure) ? (['use-calendar'] as const) : []),
  ];
}

/** Relapse: who has it when, and relapses (at their onset) and person-days for rolling rates. */
export const relapseFold: MeasureFold<Relapse> = {
  types: typesOf,
  readsCalendars,
  judge: (measure, told) => {
    const judged = told.days(measure);
    const searches = measure.patterns.map((pattern) => ({
      name: patternName(pattern),
      search: searchFor(pattern, measure, told, judged),
    }));
    return ({ mature: matureFor }) => {
      const days = { ...judged, mature: matureFor(measure, judged.lastDay) };
      const event = relapse(measure, days, searches);
      return {
        counted: [],
        spells: [...maturitySpells(measure, days.lastDay, days.mature), ...firstEventSpells(measure, event, days)],
        firstEvents: [event],
        values: [],
      };
    };
  },
};
