import {
  type AmendedProtocol,
  type CivilDay,
  isUseMeasure,
  protocolFor,
  type Retention,
  type Stretch,
  stretchName,
  type ValueMeasure,
} from '@holdfast/events';
import { observationsFor } from './day-status.ts';
import type { StudyDay, ValueFact } from './facts.ts';
import { factsOfMeasure } from './fold.ts';
import { identityKey } from './history/identity.ts';
import type { Effective } from './history/replacing.ts';
import { settleOpen } from './history/settle.ts';
import { typesBehind } from './measures/measure-folds.ts';
import { explainedDays } from './measures/participant-days.ts';
import type { History } from './observation.ts';
import { dayZeroOf } from './standing.ts';

/** An event, and the study day that it happened on. */
export type EventBehind = {
  readonly type: string;
  readonly source: string;
  readonly id: string;
  readonly day: StudyDay;
};

export type ExplainedValue = {
  readonly value: ValueFact;
  /** In order of day, then of id. */
  readonly events: readonly EventBehind[];
};

/** What a measure gives a participant, and why; no values and no day 0 of somebody who is not randomised. */
export type ExplainedValues = { readonly dayZero: CivilDay | undefined; readonly values: readonly ExplainedValue[] };

const keyOf = ({ kind, item, policy }: ValueFact) => JSON.stringify([kind, item ?? '', policy ?? '']);

/** What is said under each key, as text: equal texts, equal values. */
function saidByKey(values: readonly ValueFact[]): ReadonlyMap<string, string> {
  const said = new Map<string, string[]>();
  for (const one of values) {
    const text = JSON.stringify([one.day, one.value, one.of]);
    said.set(keyOf(one), [...(said.get(keyOf(one)) ?? []), text]);
  }
  return new Map([...said].map(([key, texts]) => [key, texts.sort().join()]));
}

/** The observations that decide a value: without one of them it would be another, or none. Of two that say the same neither does. */
export function decidingObservations(
  looksAt: readonly Effective[],
  valuesWithout: (left: Effective | undefined) => readonly ValueFact[],
): (value: ValueFact) => readonly Effective[] {
  const asItIs = saidByKey(valuesWithout(undefined));
  const without = looksAt.map((one) => ({ one, said: saidByKey(valuesWithout(one)) }));
  return (value) => {
    const key = keyOf(value);
    return without.flatMap(({ one, said }) => (said.get(key) === asItIs.get(key) ? [] : [one]));
  };
}

/** The stretch of days that a value is of, if its measure has stretches. */
function stretchOf(measure: ValueMeasure, { item }: ValueFact): Stretch | undefined {
  return 'over' in measure ? measure.over.find((stretch) => stretchName(stretch) === item) : undefined;
}

/** What a measure may look at of somebody who is randomised; undefined while they are not. */
function seenBy(measure: ValueMeasure | Retention, protocol: AmendedProtocol, history: History) {
  const settled = settleOpen(history);
  const dayZero = dayZeroOf(settled);
  if (dayZero === undefined) return undefined;
  return { settled, dayZero, observations: observationsFor(measure, protocol, history, settled) };
}

/**
 * A participant's values of a measure as of a clock, each with the events that it rests on: those without which it would be another
 * or none, and of a stretch of days whatever says something of a day in it. Where that is none, as when two events say the same,
 * everything that the measure looks at. What only says that something has come due rests on no event, and is left out.
 */
export function explainValues(
  protocol: AmendedProtocol,
  measure: ValueMeasure,
  history: History,
  clock: CivilDay | undefined,
): ExplainedValues {
  const seen = seenBy(measure, protocol, history);
  if (seen === undefined) return { dayZero: undefined, values: [] };
  const { settled, dayZero, observations } = seen;
  const types = new Set<string>(typesBehind(measure, protocol));
  const looksAt = observations.filter(({ type }) => types.has(type));
  const valuesWithout = (left: Effective | undefined) => {
    const rest = left === undefined ? observations : observations.filter((one) => one !== left);
    return factsOfMeasure(protocol, measure, settled, rest, clock).values;
  };
  const deciding = decidingObservations(looksAt, valuesWithout);
  const statements = isUseMeasure(measure)
    ? explainedDays(measure, protocolFor(protocol, dayZero), observations, dayZero, clock).statements
    : [];
  const speaking = ({ from, to }: Stretch): readonly Effective[] => {
    const speak = new Set(
      statements
        .filter(({ day, lookBack = 0 }) => day >= from && day - lookBack <= to)
        .map(({ event }) => identityKey(event)),
    );
    return looksAt.filter((one) => speak.has(identityKey(one)));
  };
  const values = valuesWithout(undefined)
    .filter(({ kind }) => kind !== 'due')
    .map((value): ExplainedValue => {
      const stretch = stretchOf(measure, value);
      const found = new Set([...(stretch === undefined ? [] : speaking(stretch)), ...deciding(value)]);
      const all = found.size === 0 ? looksAt.filter(({ type }) => mayDecide(type, value)) : [...found];
      return { value, events: all.map((one) => eventBehind(one, dayZero)).sort(byDay) };
    });
  return { dayZero, values };
}

/** Whether events of a type can decide a value at all: how long somebody was followed does not depend on what happened meanwhile. */
function mayDecide(type: string, { kind }: ValueFact): boolean {
  return kind !== 'person-days' || type !== 'adverse-event';
}

const ends = { event: 'left-early', competing: 'died', censored: 'in-trial-until' } as const;

/**
 * How a participant's time in the trial ended or goes on, as of a clock, as one value: the study day, with how it is known as its item,
 * and every report of leaving behind it.
 */
export function explainRetention(
  protocol: AmendedProtocol,
  measure: Retention,
  history: History,
  clock: CivilDay | undefined,
): ExplainedValues {
  const seen = seenBy(measure, protocol, history);
  if (seen === undefined) return { dayZero: undefined, values: [] };
  const { settled, dayZero, observations } = seen;
  const [end] = factsOfMeasure(protocol, measure, settled, observations, clock).firstEvents;
  if (end === undefined) return { dayZero, values: [] };
  const { day, outcome, why } = end;
  const value: ValueFact = {
    measure: measure.id,
    kind: ends[outcome],
    ...(why === undefined ? {} : { item: why }),
    day,
    value: day,
    of: 1,
  };
  const events = observations.filter(({ type }) => type === 'participant-left');
  return { dayZero, values: [{ value, events: events.map((one) => eventBehind(one, dayZero)).sort(byDay) }] };
}

function eventBehind({ type, source, id, day }: Effective, dayZero: CivilDay): EventBehind {
  return { type, source, id, day: day - dayZero };
}

function byDay(a: EventBehind, b: EventBehind): number {
  return a.day - b.day || (a.id < b.id ? -1 : a.id > b.id ? 1 : a.source < b.source ? -1 : 1);
}
