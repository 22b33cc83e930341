import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Problem } from '@holdfast/events';
import type { Trials } from '@holdfast/trials';
import { type Accepted, type Door, type Verdict, weight } from './door.ts';
import type { EventInput } from './event-files.ts';
import type { Rejection } from './rejections.ts';

/** Where what was judged goes: the door itself, or whoever does more with what is admitted. */
export type Inlet = Pick<Door, 'judge' | 'keepRejected'> & {
  admit(accepted: readonly Accepted[]): Promise<unknown>;
};

export type TakenEvents = { readonly accepted: number; readonly rejected: number };

export type TakeEventsOptions = {
  readonly trials: Trials;
  /** Told of each rejected input, before it is kept. */
  readonly onRejected?: (input: EventInput, problems: readonly Problem[]) => void | Promise<void>;
  /** Told whenever all so far is durable. */
  readonly onDurable?: (sofar: TakenEvents) => void;
};

/** Events made durable at once: each append costs a sync. */
const eventsAtOnce = 2_000;
/** Bytes of text made durable at once, about: until then all of it is held, several times over. */
export const bytesAtOnce = 8_000_000;
/** So many are judged at a stretch: others get their turn in between. */
const judgedAtOnce = 500;

/** The trial that a rejected input says it is of, if that trial is published: there it is kept. */
function trialNamed(input: unknown, trials: Trials): string | undefined {
  const source = typeof input === 'object' && input !== null && 'source' in input ? input.source : undefined;
  const named = typeof source === 'string' ? /^\/trials\/([^/]+)/.exec(source)?.[1] : undefined;
  return named !== undefined && trials.has(named) ? named : undefined;
}

/** About how much memory the value will take as text; what is nested too deeply to tell counts as much. */
export function sizeOf(value: unknown): number {
  try {
    return weight(value);
  } catch (error) {
    if (error instanceof RangeError) return bytesAtOnce;
    throw error;
  }
}

function verdictOf(input: EventInput, { judge }: Pick<Door, 'judge'>): Verdict {
  if ('problem' in input) return { accepted: false, problems: [{ path: '', message: input.problem }] };
  const { value, problems } = input;
  return problems === undefined ? judge(value) : { accepted: false, problems };
}

/**
 * Takes in the events of a file, whoever they are of: who can put a file before a command, or into a folder, speaks for the whole
 * store. Resolves when all of it is durable; what is rejected is kept, and stops nothing.
 */
export async function takeEvents(
  inputs: AsyncIterable<EventInput>,
  inlet: Inlet,
  { trials, onRejected, onDurable }: TakeEventsOptions,
): Promise<TakenEvents> {
  const counts = { accepted: 0, rejected: 0 };
  let accepted: Accepted[] = [];
  let rejected: Rejection[] = [];
  let bytes = 0;
  const pass = async () => {
    await inlet.admit(accepted);
    await inlet.keepRejected(rejected);
    [accepted, rejected, bytes] = [[], [], 0];
    onDurable?.(counts);
  };
  for await (const input of inputs) {
    const verdict = verdictOf(input, inlet);
    if (verdict.accepted) {
      counts.accepted += 1;
      accepted.push(verdict);
    } else {
      counts.rejected += 1;
      await onRejected?.(input, verdict.problems);
      const value = 'value' in input ? input.value : input.text;
      rejected.push({
        trial: trialNamed(value, trials),
        where: input.where,
        problems: verdict.problems,
        input: value,
        isAmbiguous: 'value' in input && input.problems !== undefined,
      });
    }
    bytes += input.line?.length ?? sizeOf('value' in input ? input.value : input.text);
    if ((counts.accepted + counts.rejected) % judgedAtOnce === 0) await nextTurn();
    if (accepted.length + rejected.length >= eventsAtOnce || bytes >= bytesAtOnce) await pass();
  }
  await pass();
  return counts;
}
