import {
  type AmendedProtocol,
  type CivilDay,
  civilDay,
  type PatternRule,
  type Protocol,
  protocolFor,
} from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import { settleOpen, settleSealed } from '../history/settle.ts';
import type { History } from '../observation.ts';
import { type Anchors, anchorsOf, dayAt } from './anchors.ts';
import { type Finding, type Findings, findingsOf } from './findings.ts';
import { isOpenPattern, looksAtVisits, targetsIn } from './open-patterns.ts';

/** `+` positive, `-` negative, `*` both in one week, `o` expected and missing, `_` not scheduled. */
export type PatternSymbol = '+' | '-' | '*' | 'o' | '_';

export type PatternPhase = 'baseline' | 'phase-1' | 'phase-2';

/** One week of a use pattern, with the days on which something was found: what the symbol stands on. */
export type PatternWeek = {
  /** Week 1 begins where the rule says; week 0 lies before it. */
  readonly week: number;
  readonly phase: PatternPhase;
  /** Its study days, without those that do not exist for the rule: the outermost weeks may be shorter than seven days. */
  readonly from: StudyDay;
  readonly to: StudyDay;
  readonly symbol: PatternSymbol;
  readonly days: readonly { readonly day: StudyDay; readonly finding: Finding }[];
};

const daysInWeek = 7;

/**
 * A participant's weekly use pattern by a rule of the protocol, in order of weeks: everybody's who is enrolled, randomised or
 * not; undefined of whoever is not enrolled. A function of the set of events. Only weeks are in it of which every day is
 * mature (the clock has passed it, and the visits targeted up to it have closed and their entry lag is over): a week once
 * written as missing is never filled by somebody punctual. An open rule looks at open events alone; any other needs the sealed ones.
 *
 * The string of weekly symbols is that of the R packages CTNote and public.ctn0094extra (Odom, Brandt, Balise and others, 2023).
 */
export function usePattern(
  protocol: AmendedProtocol,
  rule: PatternRule,
  history: History,
  clock: CivilDay | undefined,
): readonly PatternWeek[] | undefined {
  const open = settleOpen(history);
  const { dayZero, anchors } = anchorsOf(open);
  const [first, last, weekOne] = [rule.first, rule.last, rule.weekOne].map((days) => dayAt(days, anchors));
  if (dayZero === undefined || first === undefined || last === undefined || weekOne === undefined) return undefined;
  const isRandomised = anchors.randomisation !== undefined;
  const onlyPositives = !isRandomised && rule.neverRandomised === 'positives-only';

  const sealed = isOpenPattern(rule, protocol) ? undefined : settleSealed(history, open);
  const observations = sealed === undefined ? open.observations : [...open.observations, ...sealed.observations];
  const arm = isRandomised ? (sealed ?? open).arm?.data.arm : undefined;

  const end = Math.min(last, endOfTrial(protocol, dayZero));
  const findings = findingsOf(
    protocol,
    onlyPositives ? [] : rule.negative,
    targetsIn(arm, rule, protocol),
    observations,
    dayZero,
    (day) => day >= first && day <= end,
  );
  const missed = onlyPositives ? new Set<StudyDay>() : missedDueDays(rule, anchors, findings, end);
  const mature = matureUntil(protocolFor(protocol, dayZero), rule, dayZero, clock);
  const weekOf = (day: StudyDay) => Math.floor((day - weekOne) / daysInWeek) + 1;
  const two = dayAt(rule.phaseTwo, anchors);
  const phaseTwo = two === undefined ? Number.POSITIVE_INFINITY : weekOf(two);

  const weeks: PatternWeek[] = [];
  for (let from = first; from <= end; ) {
    const week = weekOf(from);
    const to = Math.min(end, weekOne + week * daysInWeek - 1);
    if (to > mature) break;
    const days = daysFound(findings, from, to);
    const due = anyDay(from, to, (day) => missed.has(day));
    const phase = week >= phaseTwo ? 'phase-2' : week >= 1 ? 'phase-1' : 'baseline';
    weeks.push({ week, phase, from, to, symbol: symbolOf(days, week >= 1 || due), days });
    from = to + 1;
  }
  return weeks;
}

/** The symbols of a pattern's weeks, phase by phase: the published words. */
export function patternWords(weeks: readonly PatternWeek[]): Readonly<Record<PatternPhase, string>> {
  const word = (phase: PatternPhase) =>
    weeks
      .filter((week) => week.phase === phase)
      .map(({ symbol }) => symbol)
      .join('');
  return { baseline: word('baseline'), 'phase-1': word('phase-1'), 'phase-2': word('phase-2') };
}

function endOfTrial({ administrativeEnd }: Protocol, dayZero: CivilDay): StudyDay {
  return administrativeEnd === undefined ? Number.POSITIVE_INFINITY : civilDay(administrativeEnd) - dayZero;
}

/** The last mature day. Visits are due by study day; a day matures only after all before it, since each visit is due from its day on. */
function matureUntil(protocol: Protocol, rule: PatternRule, dayZero: CivilDay, clock: CivilDay | undefined): StudyDay {
  if (clock === undefined) return Number.NEGATIVE_INFINITY;
  const today = clock - dayZero;
  const stillOpen = protocol.visits.filter(
    ({ day, closes, collects }) =>
      (looksAtVisits(rule) || collects.includes('urine')) && today <= day + closes + protocol.entryLag,
  );
  return Math.min(today - 1, ...stillOpen.map(({ day }) => day - 1));
}

/** Days on which a visit was due and none had been kept since the due day before; of the first one, that day itself. */
function missedDueDays(
  { emptyBeforeWeekOne }: PatternRule,
  { consent }: Anchors,
  { keptVisits }: Findings,
  end: StudyDay,
): ReadonlySet<StudyDay> {
  const missed = new Set<StudyDay>();
  if (emptyBeforeWeekOne === 'unscheduled' || consent === undefined) return missed;
  let after = consent - 1;
  for (let due = consent; due <= end; due += emptyBeforeWeekOne.visitDueEvery) {
    if (!anyDay(after + 1, due, (day) => keptVisits.has(day))) missed.add(due);
    after = due;
  }
  return missed;
}

function anyDay(from: StudyDay, to: StudyDay, holds: (day: StudyDay) => boolean): boolean {
  for (let day = from; day <= to; day += 1) if (holds(day)) return true;
  return false;
}

function daysFound({ found }: Findings, from: StudyDay, to: StudyDay): PatternWeek['days'] {
  const days: { day: StudyDay; finding: Finding }[] = [];
  for (let day = from; day <= to; day += 1) {
    const finding = found.get(day);
    if (finding !== undefined) days.push({ day, finding });
  }
  return days;
}

function symbolOf(days: PatternWeek['days'], isExpected: boolean): PatternSymbol {
  const positives = days.filter(({ finding }) => finding === 'positive').length;
  if (days.length === 0) return isExpected ? 'o' : '_';
  if (positives === 0) return '-';
  return positives === days.length ? '+' : '*';
}
