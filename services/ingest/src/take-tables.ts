import type { Judge, RejectedRow } from '@holdfast/tables';
import { stringify } from 'csv-stringify/sync';
import type { Accepted, Door } from './door.ts';
import type { Rejection } from './rejections.ts';
import { bytesAtOnce, type Inlet, sizeOf } from './take-events.ts';

/** Events made durable at once: each append costs a sync here, and a transaction per partition where they are folded. */
const eventsPerAppend = 8_000;

/** The door's judgement, in the shape that a table import asks for; what it refuses is also told to `onRefused`, once per event. */
export function judgeOf(
  door: Pick<Door, 'judge'>,
  mapping: string,
  onRefused: (rejection: Rejection) => void,
  refused: Map<string, string> = new Map(),
): Judge<Accepted> {
  return (event, trial) => {
    const verdict = door.judge(event);
    if (verdict.accepted) return { ok: true, value: verdict };
    const { problems } = verdict;
    // An event is judged again when the refused part of it has been taken out.
    if (!refused.has(event.id)) {
      const where = `import ${mapping}, event ${event.id}`;
      onRefused({ trial, where, problems, input: event, mapping });
    }
    refused.set(event.id, event.subject);
    return { ok: false, problems };
  };
}

/** Gathers what goes to the log until it is worth an append. */
export function appending(inlet: Pick<Inlet, 'admit' | 'keepRejected'>) {
  let waiting: Accepted[] = [];
  let refused: Rejection[] = [];
  let bytes = 0;
  const flush = async () => {
    await inlet.admit(waiting);
    // Behind what was accepted: of an event that was taken in without a part of it, that part stays rejected.
    await inlet.keepRejected(refused);
    [waiting, refused, bytes] = [[], [], 0];
  };
  return {
    flush,
    refuse(rejection: Rejection): void {
      refused.push(rejection);
      bytes += sizeOf(rejection.input);
    },
    /** What was accepted of a batch: perhaps nothing. */
    async take(accepted: readonly Accepted[]): Promise<void> {
      for (const one of accepted) {
        waiting.push(one);
        bytes += sizeOf(one.event.data);
      }
      if (waiting.length + refused.length >= eventsPerAppend || bytes >= bytesAtOnce) await flush();
    },
  };
}

/** Rows of CSV that are made text at once. */
const rowsAtOnce = 5_000;

/** Rejected rows as CSV, piece by piece: where each stands, and why it was rejected. */
export function* rejectedRowsAsCsv(rows: readonly RejectedRow[]): Generator<string> {
  yield stringify([['file', 'line', 'type', 'field', 'reason']]);
  for (let from = 0; from < rows.length; from += rowsAtOnce)
    yield stringify(
      rows
        .slice(from, from + rowsAtOnce)
        .map(({ file, line, type, field, reason }) => [file, line, type, field, reason]),
    );
}
