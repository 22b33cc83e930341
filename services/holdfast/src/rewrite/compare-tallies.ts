import { newestDate, type RecordSource, selectionTallies } from '@holdfast/aggregate';
import type { Protocol } from '@holdfast/events';
import { recordsBetween } from '@holdfast/log';
import { isOpenMeasure } from '@holdfast/outcomes';
import { addUp, cellsOf, noTallies, type Tallies } from '@holdfast/tallies';
import { type PublishedTrial, readTallies, topicsOf } from '@holdfast/trials';
import { talliesDigest } from '../commands/replay.ts';
import type { Store } from '../store.ts';
import type { Leaving } from './leaving.ts';

export type Compared = { readonly digest: string; readonly difference: string | undefined };

/** The log as it was before, up to these ends, without what the new one is to be without. */
function formerLog(
  { log }: Store,
  trial: PublishedTrial,
  ends: readonly number[],
  { isEventOut }: Leaving,
): RecordSource {
  const topic = topicsOf(trial.protocol).events.name;
  return {
    ends,
    async *read(partition) {
      for await (const records of recordsBetween(log, topic, partition, { end: ends[partition] ?? 0 }))
        yield records.filter((record) => !isEventOut(record));
    },
  };
}

/** What the open side has of an open-label trial, whose tallies are by arm. */
function withoutArms(tallies: Tallies, protocol: Protocol): Tallies {
  const open = new Set(protocol.measures.filter((measure) => isOpenMeasure(measure, protocol)).map(({ id }) => id));
  const cells = cellsOf(tallies).filter(({ measure }) => open.has(measure));
  return addUp(
    noTallies,
    cells.map((cell) => ({ ...cell, arm: '' })),
  );
}

/** How many cells differ, and one of them; nothing of arms, which a reader may be blind to. */
function differenceOf(expected: Tallies, got: Tallies): string | undefined {
  if (talliesDigest(expected) === talliesDigest(got)) return undefined;
  const negated = cellsOf(got).map((cell) => ({ ...cell, days: cell.days.map((n, i) => (i % 2 === 0 ? n : -n)) }));
  const left = cellsOf(addUp(addUp(noTallies, cellsOf(expected)), negated));
  const [one] = left;
  const where = one === undefined ? '' : `, the first of measure ${one.measure}, ${one.kind}, day ${one.days[0]}`;
  return `${left.length} cell(s) of the tallies differ${where}`;
}

/**
 * Folds the former log once more, by itself, and compares what comes out with what the shards of the new one have published: bit for
 * bit, on both sides of the blind.
 */
export async function compareTallies(
  store: Store,
  {
    former,
    made,
    ends,
    leaving,
  }: { former: PublishedTrial; made: PublishedTrial; ends: readonly number[]; leaving: Leaving },
): Promise<Compared> {
  const { protocol } = former;
  const source = formerLog(store, former, ends, leaving);
  const newest = (await newestDate(source)) ?? null;
  let digest = '';
  const selection = { asOf: undefined, cutOff: undefined };
  for (const side of ['open', 'closed'] as const) {
    const key = side === 'closed' ? store.keys.get(protocol.trial) : undefined;
    const { tallies } = await selectionTallies({ source, protocol, selection, newest, key });
    const expected = side === 'open' && protocol.blinding === 'open' ? withoutArms(tallies, protocol) : tallies;
    const { tallies: got } = await readTallies(store.log, made.protocol, side);
    const difference = differenceOf(expected, got);
    digest = talliesDigest(got);
    if (difference !== undefined) return { digest, difference };
  }
  return { digest, difference: undefined };
}
