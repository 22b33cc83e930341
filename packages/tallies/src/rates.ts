import { exactPoissonRate, wilson } from '@holdfast/statistics';
import type { AbstinenceDay, EventsDay } from './curves.ts';

/** A rate with its 95 % interval; all undefined where nobody was assessable or at risk. */
export type Rate = {
  readonly rate: number | undefined;
  readonly lower: number | undefined;
  readonly upper: number | undefined;
  readonly method: 'wilson' | 'exact-poisson';
};

/** The proportion abstinent (0 … 1) with Wilson's interval (Wilson, 1927). */
export function abstinenceRate({ abstinent, assessable }: Pick<AbstinenceDay, 'abstinent' | 'assessable'>): Rate {
  const interval = wilson(abstinent, assessable);
  return { rate: interval?.rate, lower: interval?.lower, upper: interval?.upper, method: 'wilson' };
}

/** First events per person-day at risk, with the exact Poisson interval (Garwood, 1936). */
export function eventRate({ events, personDays }: Pick<EventsDay, 'events' | 'personDays'>): Rate {
  const interval = exactPoissonRate(events, personDays);
  return { rate: interval?.rate, lower: interval?.lower, upper: interval?.upper, method: 'exact-poisson' };
}
