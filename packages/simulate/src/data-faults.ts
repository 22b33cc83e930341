import { dateOf, fullType, type HoldfastEvent } from '@holdfast/events';
import type { Chance } from './chance.ts';
import type { EnteredEvent } from './entered-event.ts';
import type { Scenario } from './scenario.ts';

type Data = HoldfastEvent['data'];

const entered = ({ event }: EnteredEvent, day: number, change: object = {}): EnteredEvent => ({
  day,
  event: { ...event, recordedtime: `${dateOf(day)}T18:30:00+00:00`, ...change } as HoldfastEvent,
});

/** What a site may have typed instead: the last day of a calendar, or a result of a urine screen, is the other way round. */
function mistyped({ type, data }: HoldfastEvent, substance: string): Data | undefined {
  if (type === 'org.holdfast.use-calendar.v1') {
    const { [data.to]: last, ...others } = data.days;
    return { ...data, days: last === undefined ? { ...others, [data.to]: { [substance]: {} } } : others };
  }
  if (type === 'org.holdfast.urine-screen.v1') {
    const result = data.results[substance] === 'positive' ? ('negative' as const) : ('positive' as const);
    return { ...data, results: { ...data.results, [substance]: result } };
  }
  return undefined;
}

/** What the door refuses: a visit that no protocol has. */
function refused({ data }: HoldfastEvent): Data | undefined {
  return 'visit' in data ? ({ ...data, visit: 'no-such-visit' } as Data) : undefined;
}

/**
 * What a site makes of an event that it is to enter: nothing wrong mostly; now and then it is late, wrong at first, sent twice, or
 * sent with two contents. What counts in the end is what happened, always.
 */
export function withFaults(
  one: EnteredEvent,
  { faults: { late, corrected, contradictory, rejected, twice }, substance }: Scenario,
  chance: Chance,
): readonly EnteredEvent[] {
  const { day, event } = one;
  if (!('subject' in event)) return [one];
  const kind = chance.weighted(
    new Map([
      ['late', late],
      ['corrected', corrected],
      ['contradictory', contradictory],
      ['rejected', rejected],
      ['twice', twice],
      ['none', Math.max(0, 1 - late - corrected - contradictory - rejected - twice)],
    ]),
  );
  if (kind === 'late') return [entered(one, day + chance.whole(14, 45))];
  if (kind === 'twice') return [one, { day: day + chance.whole(0, 7), event }];
  if (kind === 'rejected') {
    const data = refused(event);
    return data === undefined ? [one] : [entered(one, day, { data }), entered(one, day + 1)];
  }
  const wrong = kind === 'none' ? undefined : mistyped(event, substance);
  if (wrong === undefined) return [one];
  const first = entered(one, day, { data: wrong });
  // Of two contents under one id the one recorded later counts.
  if (kind === 'contradictory') return [first, entered(one, day + 1)];
  const { type, time, data, source, id } = event;
  const correction = {
    id: `${id}-corrected`,
    type: fullType('correction'),
    time: `${dateOf(day + 7)}T12:00:00+00:00`,
    data: {
      target: { source, id },
      reason: 'transcription error',
      by: 'site coordinator',
      event: { type, time, data },
    },
  };
  return [first, entered(one, day + 7, correction)];
}
