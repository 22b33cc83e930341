import type { ContinuousAbstinence } from '@holdfast/events';
import {
  hasLeftBefore,
  isMatureOn,
  isTakenOut,
  lastStudyDay,
  stretchesOf,
  studyDays,
  type ToldOfUse,
  wordsOf,
} from './naive-days.ts';
import type { DayWords, Stretch } from './naive-evidence.ts';
import type { NaiveCell } from './naive-measures.ts';

type Judgement = 'use' | 'abstinent' | 'unclear' | 'missing' | 'nothing left';

/** The longest run of days in a row without a word. */
function longestGap(words: readonly DayWords[], source: 'word' | 'confirming'): number {
  let longest = 0;
  let run = 0;
  for (const day of words) {
    run = day[source] === undefined ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** What the days from the first that counts up to one say together, and whether use is known among them. */
export function judgeSoFar(
  measure: ContinuousAbstinence,
  to: number,
  isOut: (day: number) => boolean,
  wordsOn: (day: number) => DayWords,
  stretches: readonly Stretch[],
): { judgement: Judgement; used: boolean } {
  const days = studyDays(measure.from, to).filter((day) => !isOut(day));
  if (days.length === 0) return { judgement: 'nothing left', used: false };
  const words = days.map(wordsOn);
  const inside = stretches.some((stretch) => studyDays(stretch.from, stretch.to).every((day) => days.includes(day)));
  const used = inside || words.some((day) => day.word === 'use' || day.confirming === 'use');
  const isJoined = measure.evidence.startsWith('confirmed-by-');
  let covered: boolean;
  if (measure.coverage === 'all-days') {
    covered = words.every((day) => day.word !== undefined);
    if (isJoined) covered = covered && words.some((day) => day.confirming !== undefined);
  } else {
    const { gapAtMost } = measure.coverage;
    covered = words.some((day) => day.word !== undefined) && longestGap(words, 'word') <= gapAtMost;
    if (isJoined && !words.some((day) => day.confirming !== undefined)) covered = false;
    if (isJoined && longestGap(words, 'confirming') > gapAtMost) covered = false;
  }
  if (measure.decisivePositive && used) covered = true;
  if (covered && used) return { judgement: 'use', used };
  const touched = stretches.some(({ from, to: last }) => days.some((day) => from <= day && day <= last));
  if (touched) return { judgement: 'unclear', used };
  return { judgement: covered ? 'abstinent' : 'missing', used };
}

/** Continuous abstinence: a cell of window 0 for each policy and day from the first that counts to the last that can count. */
export function naiveContinuousCells(told: ToldOfUse & { readonly measure: ContinuousAbstinence }): NaiveCell[] {
  const { protocol, measure } = told;
  const end = lastStudyDay(told);
  const stretches = stretchesOf(told);
  const words = new Map(studyDays(1, end).map((day) => [day, wordsOf(told, day)]));
  const out = new Set(studyDays(1, end).filter((day) => isTakenOut(told, day)));
  const judged = studyDays(measure.from, end).map((day) => ({
    day,
    ...judgeSoFar(
      measure,
      day,
      (each) => out.has(each),
      (each) => words.get(each) ?? { word: undefined, confirming: undefined },
      stretches,
    ),
  }));
  return measure.policies.flatMap((policy) =>
    judged.map(({ day, judgement, used }): NaiveCell => {
      const not = { window: 0, policy, day, assessable: false, abstinent: false };
      if (!isMatureOn(told, day) || judgement === 'nothing left') return not;
      if (policy === 'missing-is-use' || policy === 'worst-case' || policy === 'best-case') {
        if (day > protocol.plannedFollowUp) return not;
        const spared = policy === 'best-case' && judgement === 'missing' && !used;
        return { ...not, assessable: true, abstinent: judgement === 'abstinent' || spared };
      }
      let counts: Judgement = judgement;
      if (policy !== 'observed-only' && judgement === 'missing' && !hasLeftBefore(told, day)) {
        const reach = Number(policy.replace('carry-forward-', ''));
        const last = judged
          .filter((earlier) => day - reach <= earlier.day && earlier.day < day)
          .findLast((earlier) => earlier.judgement !== 'missing' && earlier.judgement !== 'nothing left');
        // Nobody who is known to have used is carried on as abstinent.
        if (last !== undefined && !(used && last.judgement === 'abstinent')) counts = last.judgement;
      }
      return { ...not, assessable: counts === 'use' || counts === 'abstinent', abstinent: counts === 'abstinent' };
    }),
  );
}
