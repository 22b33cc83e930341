import type { DuckDBConnection } from '@duckdb/node-api';
import type { OutgoingEvent } from './built-events.ts';
import { judgedByParts } from './judged-by-parts.ts';
import type { Refusals } from './refusals.ts';
import { type SourceLine, sourceLines } from './source-line.ts';
import type { Judge } from './table-event.ts';

/** Judges a batch and gives what was accepted, in its order; what was refused goes to `refused`, line by line. */
export async function judgedBatch<T>(
  batch: readonly OutgoingEvent[],
  judge: Judge<T>,
  refused: Refusals,
  lookups: DuckDBConnection,
): Promise<T[]> {
  const verdicts = batch.map((outgoing) => ({ outgoing, verdict: judge(outgoing.event, outgoing.trial) }));
  const rows = verdicts.filter(({ verdict }) => !verdict.ok).map(({ outgoing }) => outgoing.row);
  const lines: ReadonlyMap<number, readonly SourceLine[]> =
    rows.length === 0 ? new Map() : await sourceLines(lookups, rows);
  const accepted: T[] = [];
  for (const { outgoing, verdict } of verdicts) {
    if (verdict.ok) {
      accepted.push(verdict.value);
      continue;
    }
    const { event, trial, row, type } = outgoing;
    const rest = judgedByParts(event, trial, lines.get(row) ?? [], verdict.problems, judge);
    refused.add(row, type, rest.refused);
    if (rest.accepted !== undefined) accepted.push(rest.accepted.value);
  }
  return accepted;
}
