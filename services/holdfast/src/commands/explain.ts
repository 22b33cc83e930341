import {
  carriedDays,
  dateOf,
  type FirstEventMeasure,
  isFirstEventMeasure,
  isValueMeasure,
  type Measure,
  type MissingPolicy,
  type Protocol,
  type Retention,
  type UseMeasure,
  type ValueMeasure,
} from '@holdfast/events';
import {
  type ExplainedValues,
  type Explanation,
  explain,
  explainRetention,
  explainValues,
  type FirstEvent,
  fold,
  type History,
  isOpenMeasure,
  type Statement,
} from '@holdfast/outcomes';
import { chooseMeasure } from '@holdfast/reports/rows';
import { byArmVerdict } from '@holdfast/trials';
import type { Command } from 'commander';
import { lookByArm, refuseClosed } from '../by-arm.ts';
import { CommandFailed } from '../command-failed.ts';
import { behindFirstEvent, type ExplainedCell, evidenceColumns, printCell } from '../output/explained-cell.ts';
import { printValues, valueColumns } from '../output/explained-values.ts';
import { type Format, formatOption } from '../output/format.ts';
import { readParticipants, sayWhatWasRead } from '../participants.ts';
import { chooseTrial, withStore } from '../store.ts';

type ExplainOptions = {
  readonly trial?: string;
  readonly measure?: string;
  readonly participant: string;
  readonly day?: string;
  readonly item?: string;
  readonly window?: string;
  readonly format: Format;
};

const plural = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`;

/** A study day as the source tables and the calendar know it. */
function dayInWords(day: number, { dayZero, consentDay }: Explanation): string {
  if (dayZero === undefined) return `study day ${day}`;
  const date = dateOf(dayZero + day);
  return `study day ${day} (${date}${consentDay === undefined ? '' : `, day ${dayZero + day - consentDay} since consent`})`;
}

function saidBy({ source, known, event, recall, biomarker }: Statement, last: Statement): string {
  if (known === 'tested') return `tested, ${biomarker === undefined ? '' : `${biomarker}, `}${event.type}`;
  if (known === 'inferred') return `inferred from a kept visit without a urine screen, ${event.type}`;
  const who = source === 'participant' ? 'the participant' : source === 'relative' ? 'a relative' : 'a record';
  if (recall === undefined || last.recall === undefined) return `reported by ${who}, ${event.type}`;
  const later = recall === last.recall ? plural(recall, 'day') : `${last.recall} to ${plural(recall, 'day')}`;
  return `reported by ${who} ${later} later, ${event.type}`;
}

/** A run of days of which one event says the same thing. */
type Run = { readonly first: Statement; readonly last: Statement };

function runsOf(statements: readonly Statement[]): Run[] {
  const runs: Run[] = [];
  const open = new Map<string, number>();
  for (const statement of statements) {
    const { event, substance, use, known } = statement;
    const key = JSON.stringify([event.source, event.id, substance, use, known]);
    const at = open.get(key);
    const run = at === undefined ? undefined : runs[at];
    if (at !== undefined && run !== undefined && run.last.day === statement.day - 1) {
      runs[at] = { first: run.first, last: statement };
    } else {
      open.set(key, runs.length);
      runs.push({ first: statement, last: statement });
    }
  }
  return runs;
}

function runLine({ first, last }: Run, explanation: Explanation): string {
  const { substance, use, event, lookBack } = first;
  if (lookBack !== undefined) {
    const since = dayInWords(first.day - lookBack, explanation);
    return `  ${dayInWords(first.day, explanation)}: ${substance} USE on that day or on one since ${since}, ${saidBy(first, last)} ${event.id} of ${event.source}`;
  }
  const days =
    first === last
      ? dayInWords(first.day, explanation)
      : `${dayInWords(first.day, explanation)} to ${dayInWords(last.day, explanation)}`;
  return `  ${days}: ${substance} ${use ? 'USE' : 'no use'}, ${saidBy(first, last)} ${event.id} of ${event.source}`;
}

const ruleInWords: Record<UseMeasure['evidence'], string> = {
  'urine-only': 'urine evidence',
  'self-report-only': 'a report by the participant',
  'any-positive': 'evidence from urine or any calendar',
  'confirmed-by-urine': 'a report by the participant, confirmed by urine in the window',
  'confirmed-by-relative': 'a report by the participant, confirmed by a relative in the window',
  'confirmed-by-urine-or-relative': 'a report by the participant, confirmed by urine or a relative in the window',
};

function coverageInWords(measure: UseMeasure): string {
  if (measure.kind !== 'rolling-abstinence' && measure.kind !== 'continuous-abstinence') return '';
  const { coverage } = measure;
  const evidence = ruleInWords[measure.evidence];
  const each = measure.substances.length > 1 ? `, of each of ${measure.substances.join(', ')} or of use of any` : '';
  if (coverage === 'all-days') return `it is covered if every day of it has ${evidence}${each}`;
  if ('atLeast' in coverage) return `it is covered if at least ${coverage.atLeast} of its days have ${evidence}${each}`;
  return `it is covered if no more than ${plural(coverage.gapAtMost, 'day')} in a row ${coverage.gapAtMost === 1 ? 'is' : 'are'} without ${evidence}${each}`;
}

function policyInWords(policy: MissingPolicy): string {
  if (policy === 'observed-only') return 'counting only the observed';
  if (policy === 'missing-is-use') return 'counting the missing as use';
  if (policy === 'worst-case') return 'counting the missing as use';
  if (policy === 'best-case') return 'counting the missing as abstinent';
  return `counting the missing as last judged, up to ${plural(carriedDays(policy) ?? 0, 'day')} before`;
}

function neighbours(explanation: Explanation, from: number, to: number): string {
  const before = explanation.statements.filter(({ day }) => day < from).at(-1);
  const after = explanation.statements.find(({ day }) => day > to);
  const say = (what: string, statement: Statement | undefined) =>
    statement === undefined
      ? `there is no evidence ${what} it`
      : `the nearest evidence ${what} it is on ${dayInWords(statement.day, explanation)}`;
  return `${say('before', before)}; ${say('after', after)}`;
}

/** What confirms the participant’s own word. */
function confirmationInWords({ evidence }: UseMeasure): string {
  if (evidence === 'confirmed-by-relative') return 'a relative’s report';
  return evidence === 'confirmed-by-urine-or-relative' ? 'a test or a relative’s report' : 'a test';
}

function* windowLines(measure: UseMeasure, explanation: Explanation, only: number | undefined): Generator<string> {
  for (const explained of explanation.windows) {
    const { window, from, to, status, policies, earlier, daysCovered, daysConfirmed, daysOfUse } = explained;
    if (only !== undefined && window !== only) continue;
    const inside = explanation.statements.filter(({ day, lookBack = 0 }) => day >= from && day - lookBack <= to);
    const out = explanation.excluded.filter((day) => day >= from && day <= to);
    yield '';
    const name = window === 0 ? 'All days from the first that counts' : `Window of ${plural(window, 'day')}`;
    yield `${name}: ${dayInWords(from, explanation)} to ${dayInWords(to, explanation)}; ${coverageInWords(measure)}.`;
    if (out.length > 0)
      yield `Left out of it by the declared strategy: ${plural(out.length, 'day')} (study days ${out.join(', ')}).`;
    const beside =
      daysConfirmed === undefined ? '' : `, ${plural(daysConfirmed, 'day')} with ${confirmationInWords(measure)}`;
    const why = `${plural(daysCovered, 'day')} with the evidence asked for${beside}, ${daysOfUse === 0 ? 'none' : daysOfUse} with use`;
    if (status === 'outside')
      yield 'Judged: outside. Every day of it is left out, so the participant counts under no policy.';
    else
      yield `Judged: ${status.toUpperCase()} (${why}).${status === 'missing' ? ` ${neighbours(explanation, from, to)}.` : ''}`;
    if (status === 'unclear')
      yield 'A positive biomarker speaks of days in the window and forbids abstinent, but either some of its days lie outside, or the window is not covered.';
    if (status === 'use' && daysOfUse === 0)
      yield 'All days that a positive biomarker speaks of lie in the window: there was use on one of them.';
    for (const run of runsOf(inside)) yield runLine(run, explanation);
    if (earlier !== undefined && status === 'missing' && policies.some(({ policy }) => carriedDays(policy)))
      yield `Last judged before: ${earlier.status.toUpperCase()}, on ${dayInWords(earlier.day, explanation)}.`;
    for (const { policy, assessable, abstinent } of policies) {
      const counts = !assessable
        ? 'not counted'
        : abstinent
          ? 'counted as abstinent (numerator and denominator)'
          : 'counted as not abstinent (denominator only)';
      yield `  ${policy} (${policyInWords(policy)}): ${counts}.`;
    }
  }
}

const firstEventInWords: Record<FirstEventMeasure['kind'], string> = {
  'first-use': 'First use',
  lapse: 'Lapse',
  relapse: 'Relapse',
  retention: 'Leaving',
};

/** What kind of first event it is, when it came and how that is known; or why and until when there is none. */
function* endInWords({ kind }: FirstEventMeasure, firstEvent: FirstEvent, explanation: Explanation): Generator<string> {
  const { day, outcome, origin, confirmed = day, lastFree, why } = firstEvent;
  const on = (studyDay: number) => dayInWords(studyDay, explanation);
  const what = firstEventInWords[kind];
  if (origin !== undefined) yield `Time counts from ${on(origin)}: at risk from the day after.`;
  if (outcome === 'event') {
    const since = origin === undefined ? '' : `, ${plural(day - origin, 'day')} later`;
    yield `${what}: ${on(day)}${since}${kind === 'relapse' ? `, by the pattern ${why}` : ''}.`;
    if (confirmed > day) yield `Confirmed on ${on(confirmed)}, when the run that shows it was over.`;
    if (lastFree !== undefined) yield `Last day known to be free of it: ${on(lastFree)}.`;
  } else if (outcome === 'competing') {
    yield `No ${what.toLowerCase()} before death: ${on(day)}; death competes with it.`;
  } else if (why === 'not-confirmed') {
    yield `No ${what.toLowerCase()} is confirmed, but something has begun that may become it: censored before that, at the last assessment that excludes its onset, ${on(day)}.`;
  } else if (day === (origin ?? 0)) {
    yield `No ${kind === 'relapse' ? 'relapse' : 'use'} is known, and no day has all the evidence that the rule asks for: censored on ${on(day)}.`;
  } else {
    yield `No ${kind === 'relapse' ? 'relapse' : 'use'} is known: censored at the last assessment, ${on(day)}.`;
  }
}

function* firstEventLines(measure: UseMeasure, explanation: Explanation): Generator<string> {
  const { firstEvent } = explanation;
  if (!isFirstEventMeasure(measure) || explanation.dayZero === undefined) return;
  yield '';
  if (firstEvent === undefined) {
    yield measure.kind === 'lapse'
      ? 'Not at risk: no abstinence that the measure asks for is known (or the quit day is beyond what can count), so there is nothing to lapse from.'
      : 'The measure does not count this participant.';
    return;
  }
  yield* endInWords(measure, firstEvent, explanation);
  const shown = behindFirstEvent(explanation);
  const isSeen = shown.some(({ day, use, lookBack }) => use && lookBack === undefined && day === firstEvent.day);
  const ofUse = measure.kind !== 'relapse' || firstEvent.why === 'first-use';
  if (firstEvent.outcome === 'event' && ofUse && !isSeen)
    yield 'A biomarker that looks back shows it without its day: dated at the sample, by when it had happened.';
  for (const run of runsOf(shown)) yield runLine(run, explanation);
}

const statusInWords: Record<NonNullable<Explanation['status']>, string> = {
  use: 'use',
  abstinent: 'abstinent',
  missing: 'missing (evidence was due, or a positive biomarker looks back on the day)',
  unscheduled: 'unscheduled (no evidence, and none was due)',
  'not-yet': 'not yet (what should cover it has not closed)',
  controlled: 'controlled (left out by the declared strategy)',
  'off-study': 'off study',
};

const outsideInWords: Record<NonNullable<Explanation['outside']>, string> = {
  'not-randomised': 'the participant is not randomised, so no study day counts',
  'after-the-last-day': 'the day lies after the last day that can count (horizon or administrative end)',
  'not-mature':
    'the day is not mature yet: the clock has not passed it, or what should cover it has not closed with its entry lag',
  'before-the-first-window': 'the day lies before the end of the first window, or before the first day that counts',
};

/** The study day of a cell, and which of its windows; undefined: all of them. */
type AskedCell = { readonly day: number; readonly window: number | undefined };

function* lines(
  protocol: Protocol,
  measure: UseMeasure,
  history: History,
  clock: number | undefined,
  withArm: boolean,
  { day, window }: AskedCell,
): Generator<string> {
  const explanation = explain(protocol, measure, history, clock, day);
  const { open, closed } = fold(protocol, history, clock);
  const arm = withArm ? `arm ${closed.arm ?? 'not known'}, ` : '';
  yield `Participant ${history.participant} of ${protocol.trial} (${arm}site ${open.site ?? 'not known'}), ${measure.id}, ${dayInWords(day, explanation)}.`;
  if (explanation.dayZero !== undefined) yield `Randomised on ${dateOf(explanation.dayZero)} (study day 0).`;
  if (explanation.status !== undefined) yield `The day itself: ${statusInWords[explanation.status]}.`;
  if (explanation.outside !== undefined) yield `Does not count: ${outsideInWords[explanation.outside]}.`;
  yield* windowLines(measure, explanation, window);
  yield* firstEventLines(measure, explanation);
  const issues = [...open.issues, ...(withArm ? closed.issues : [])];
  if (issues.length > 0) yield '';
  for (const { issue, type, id, reason } of issues) yield `Issue: ${issue}, ${type} ${id}: ${reason}.`;
}

/** The same as data. */
function cellOf(
  protocol: Protocol,
  measure: UseMeasure,
  history: History,
  clock: number | undefined,
  withArm: boolean,
  { day, window: asked }: AskedCell,
): ExplainedCell {
  const explanation = explain(protocol, measure, history, clock, day);
  const { open, closed } = fold(protocol, history, clock);
  const named = ({ window }: { window: number }) => asked === undefined || window === asked;
  return {
    trial: protocol.trial,
    participant: history.participant,
    arm: withArm ? closed.arm : undefined,
    site: open.site,
    measure: measure.id,
    explanation: { ...explanation, windows: explanation.windows.filter(named) },
    issues: [...open.issues, ...(withArm ? closed.issues : [])],
  };
}

function parseDay(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,4}$/.test(text))
    throw new CommandFailed(`--day ${text} is no study day; give a whole number from 0 to 9999`);
  return Number(text);
}

/** The cell of a measure of days of use that a question names; refused where it names none that there is. */
function askedCell(measure: UseMeasure, options: ExplainOptions): AskedCell {
  const day = parseDay(options.day);
  if (day === undefined) throw new CommandFailed(`${measure.id} has a cell for each study day; say which: --day 84`);
  if (options.item !== undefined) throw new CommandFailed(`${measure.id} has no items; leave --item out`);
  const windows = 'windows' in measure ? measure.windows : [];
  if (options.window !== undefined && !windows.includes(Number(options.window))) {
    const known =
      windows.length === 0 ? 'it has no windows, leave --window out' : `the protocol declares ${windows.join(', ')}`;
    throw new CommandFailed(`${measure.id} has no window of ${options.window} days; ${known}`);
  }
  return { day, window: options.window === undefined ? undefined : Number(options.window) };
}

type Explained = ExplainedValues['values'];

/** Those of a participant's values of a measure that a question names; refused where it names an item that none of them has. */
function askedValues(measure: ValueMeasure | Retention, options: ExplainOptions): (values: Explained) => Explained {
  if (options.window !== undefined)
    throw new CommandFailed(`${measure.id} is explained without windows; leave --window out`);
  const day = parseDay(options.day);
  const { item } = options;
  return (values) => {
    const items = [...new Set(values.flatMap(({ value }) => value.item ?? []))];
    if (item !== undefined && !items.includes(item)) {
      const known = items.length === 0 ? 'no items' : items.join(', ');
      throw new CommandFailed(`${measure.id} has no item ${item} for this participant; it has ${known}`);
    }
    return values.filter(
      ({ value }) => (day === undefined || value.day === day) && (item === undefined || value.item === item),
    );
  };
}

/** Prints what is behind a participant's part in a measure, once what may be asked of it is known. */
type Print = (history: History, clock: number | undefined, withArm: boolean) => Promise<void>;

function printerOf(protocol: Protocol, measure: Measure, options: ExplainOptions): Print {
  const { format } = options;
  if (isValueMeasure(measure) || measure.kind === 'retention') {
    const asked = askedValues(measure, options);
    return (history, clock, withArm) => {
      const { open, closed } = fold(protocol, history, clock);
      const { dayZero, values } =
        measure.kind === 'retention'
          ? explainRetention(protocol, measure, history, clock)
          : explainValues(protocol, measure, history, clock);
      return printValues(
        {
          protocol,
          participant: history.participant,
          arm: withArm ? closed.arm : undefined,
          site: open.site,
          measure,
          explained: { dayZero, values: asked(values) },
          issues: [...open.issues, ...(withArm ? closed.issues : [])],
        },
        format,
      );
    };
  }
  const cell = askedCell(measure, options);
  return async (history, clock, withArm) => {
    if (format !== 'table') return printCell(cellOf(protocol, measure, history, clock, withArm, cell), format);
    for (const line of lines(protocol, measure, history, clock, withArm, cell)) console.log(line);
  };
}

async function explainPart(command: Command): Promise<void> {
  const options = command.optsWithGlobals<ExplainOptions>();
  await withStore(command, 'read', async (store) => {
    const trial = chooseTrial(store, options.trial);
    const { protocol } = trial;
    const measure = chooseMeasure(protocol, options.measure);
    const print = printerOf(protocol, measure, options);
    refuseClosed(store, protocol, measure);
    const withArm = (await byArmVerdict(store, trial)).allowed;
    if (withArm || !isOpenMeasure(measure, protocol)) await lookByArm(store, trial, `explain --measure ${measure.id}`);
    const read = await readParticipants(store, protocol, { unsealed: withArm, participant: options.participant });
    for (const { history, clock } of read.histories) await print(history, clock, withArm);
    sayWhatWasRead(protocol, read);
  });
}

export function explainCommand(program: Command): void {
  program
    .command('explain')
    .description('the evidence behind one participant’s part in a rate, down to its events')
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .option('--measure <measure>', 'measure of the protocol; not needed if there is only one')
    .requiredOption('--participant <id>', 'participant')
    .option('--day <day>', 'study day; of a measure that gives values: only those of that day (default: all)')
    .option('--window <days>', 'only this window')
    .option('--item <item>', 'of values: only this visit, landmark, stretch of days or term')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
table says it in words. csv has a row for each statement of evidence: ${evidenceColumns.join(', ')}
(use: 1 or 0; judged: what its window, or the first event, comes to). json has all that is known of the cell.
Of a measure that gives values, a row for each value and event that it rests on: ${valueColumns.join(', ')}.
A value rests on the events without which it would be another or none, and of a stretch of days on all that speak of its days.`,
    )
    .action((_options, command: Command) => explainPart(command));
}
