import { dateOf, type Protocol, type Retention, type ValueMeasure } from '@holdfast/events';
import type { EventBehind, ExplainedValue, ExplainedValues, Issue, ValueFact } from '@holdfast/outcomes';
import type { Value } from '@holdfast/reports/rows';
import type { Format } from './format.ts';
import { printRows } from './print-rows.ts';

/** One participant's values of a measure, and the events behind them. */
export type ParticipantValues = {
  readonly protocol: Protocol;
  readonly participant: string;
  /** Undefined if it is not known or may not be shown. */
  readonly arm: string | undefined;
  readonly site: string | undefined;
  readonly measure: ValueMeasure | Retention;
  readonly explained: ExplainedValues;
  readonly issues: readonly Issue[];
};

export const valueColumns = [
  'trial',
  'participant',
  'measure',
  'kind',
  'item',
  'missing',
  'day',
  'value',
  'type',
  'event_day',
  'event_date',
  'event_source',
  'event_id',
] as const;

const numberOf = ({ value, of }: ValueFact) => value / of;

function rowsOf({ protocol, participant, measure, explained }: ParticipantValues): Value[][] {
  const { dayZero } = explained;
  const date = (day: number) => (dayZero === undefined ? undefined : dateOf(dayZero + day));
  return explained.values.flatMap(({ value, events }) => {
    const { kind, item, policy, day } = value;
    const head = [protocol.trial, participant, measure.id, kind, item, policy, day, numberOf(value)];
    if (events.length === 0) return [[...head, undefined, undefined, undefined, undefined, undefined]];
    return events.map((event) => [...head, event.type, event.day, date(event.day), event.source, event.id]);
  });
}

function* linesOf({
  protocol,
  participant,
  arm,
  site,
  measure,
  explained,
  issues,
}: ParticipantValues): Generator<string> {
  const { dayZero, values } = explained;
  const shownArm = arm === undefined ? '' : `arm ${arm}, `;
  yield `Participant ${participant} of ${protocol.trial} (${shownArm}site ${site ?? 'not known'}), ${measure.id}.`;
  if (dayZero === undefined) yield 'Not randomised, so there are no values.';
  else {
    yield `Randomised on ${dateOf(dayZero)} (study day 0).`;
    if (values.length === 0) yield 'No such value yet: nothing that it rests on is known, or it is not mature.';
    const dayInWords = (day: number) => `study day ${day} (${dateOf(dayZero + day)})`;
    for (const one of values) yield* valueLines(one, dayInWords);
  }
  if (issues.length > 0) yield '';
  for (const { issue, type, id, reason } of issues) yield `Issue: ${issue}, ${type} ${id}: ${reason}.`;
}

function* valueLines({ value, events }: ExplainedValue, dayInWords: (day: number) => string): Generator<string> {
  const { kind, item, policy, day, of } = value;
  const what = [kind, ...(item === undefined ? [] : [item]), ...(policy === undefined ? [] : [`(${policy})`])].join(
    ' ',
  );
  // What is kept in thousandths is no share of anything.
  const share = of === 1 || of % 1000 === 0 ? '' : ` (${value.value} of ${of})`;
  yield '';
  yield `${what}: ${numberOf(value)}${share}, of ${dayInWords(day)}${events.length === 0 ? '; no event says anything of it' : ''}`;
  for (const event of events) yield eventLine(event, dayInWords);
}

function eventLine({ type, source, id, day }: EventBehind, dayInWords: (day: number) => string): string {
  return `  ${dayInWords(day)}: ${type} ${id} of ${source}`;
}

/** Prints a participant's values with the events behind them: in words, a row for each event, or as a structure. */
export async function printValues(values: ParticipantValues, format: Format): Promise<void> {
  if (format === 'csv') return printRows(valueColumns, rowsOf(values), format);
  if (format === 'table') {
    for (const line of linesOf(values)) console.log(line);
    return;
  }
  const { protocol, participant, arm, site, measure, explained, issues } = values;
  const whole = {
    trial: protocol.trial,
    participant,
    measure: measure.id,
    arm: arm ?? null,
    site: site ?? null,
    dayZero: explained.dayZero === undefined ? null : dateOf(explained.dayZero),
    values: explained.values.map(({ value, events }) => ({ ...value, events })),
    issues,
  };
  console.log(JSON.stringify(whole, null, 1));
}
