import type { AggregateOptions } from '@holdfast/aggregate';

type Aggregate = typeof import('@holdfast/aggregate');

/** The aggregate without threads of its own: those need what is built, and tests run the sources. */
export function shardsInThisThread(aggregate: Aggregate): Aggregate {
  const startAggregate = ({ threads: _, ...options }: AggregateOptions) => aggregate.startAggregate(options);
  return { ...aggregate, startAggregate };
}
