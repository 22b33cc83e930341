import { dateOf } from '@holdfast/events';
import type { Explanation, Issue, Statement } from '@holdfast/outcomes';
import type { Value } from '@holdfast/reports/rows';
import { printRows } from './print-rows.ts';

/** One participant's part in a measure on a study day, as data. */
export type ExplainedCell = {
  readonly trial: string;
  readonly participant: string;
  /** Undefined if it is not known or may not be shown. */
  readonly arm: string | undefined;
  readonly site: string | undefined;
  readonly measure: string;
  readonly explanation: Explanation;
  readonly issues: readonly Issue[];
};

export const evidenceColumns = [
  'trial',
  'participant',
  'measure',
  'window_days',
  'judged',
  'day',
  'date',
  'substance',
  'use',
  'look_back',
  'source',
  'known',
  'recall',
  'type',
  'event_source',
  'event_id',
] as const;

/** The statements that a first event rests on: up to its confirmation; of a censored one all, since each says that there was none. */
export function behindFirstEvent({ firstEvent, statements }: Explanation): readonly Statement[] {
  if (firstEvent === undefined) return [];
  const { outcome, day: onset, confirmed = onset } = firstEvent;
  return statements.filter(({ day }) => outcome === 'censored' || day <= confirmed);
}

/** A row for each statement of evidence, under each window that it lies in, or under the first event that rests on it. */
function* evidenceRows({ trial, participant, measure, explanation }: ExplainedCell): Generator<Value[]> {
  const { dayZero, windows, statements, firstEvent } = explanation;
  const row = (window: number | undefined, judged: string, of: Statement): Value[] => [
    ...[trial, participant, measure, window, judged, of.day, dayZero && dateOf(dayZero + of.day)],
    ...[of.substance, of.use ? 1 : 0, of.lookBack, of.source, of.known, of.recall],
    ...[of.event.type, of.event.source, of.event.id],
  ];
  for (const { window, from, to, status } of windows)
    for (const statement of statements)
      if (statement.day >= from && statement.day <= to) yield row(window === 0 ? undefined : window, status, statement);
  if (firstEvent !== undefined)
    for (const statement of behindFirstEvent(explanation)) yield row(undefined, firstEvent.outcome, statement);
}

/** Prints the evidence behind a cell, a row each, as CSV; or everything that is known of the cell as JSON. */
export async function printCell(cell: ExplainedCell, format: 'csv' | 'json'): Promise<void> {
  if (format === 'csv') return printRows(evidenceColumns, [...evidenceRows(cell)], format);
  const { explanation, issues, arm, site, ...head } = cell;
  const { dayZero, consentDay, outside, firstEvent } = explanation;
  const date = (day: number | undefined) => (day === undefined ? null : dateOf(day));
  const whole = {
    ...head,
    arm: arm ?? null,
    site: site ?? null,
    ...explanation,
    dayZero: date(dayZero),
    consentDay: date(consentDay),
    outside: outside ?? null,
    firstEvent: firstEvent ?? null,
    issues,
  };
  console.log(JSON.stringify(whole, null, 1));
}
