import { setImmediate as nextTurn } from 'node:timers/promises';
import { envelopeOf } from '@holdfast/events';
import type { Token, Trials } from '@holdfast/trials';
import type { Accepted, Door, Verdict } from '../door.ts';
import type { HungDoor } from '../live-door.ts';
import { type Rejection, shortened } from '../rejections.ts';
import { outOfScope } from '../source-scope.ts';
import type { EventVerdict } from './answers.ts';
import type { Sent } from './sent-events.ts';

/** So many are judged at a stretch: others get their turn in between. */
const judgedAtOnce = 500;

/** Who sends: the token, the one source it may send from, and the request that its rejections are found by. */
export type Sender = { readonly token: Token; readonly source: string; readonly request: string };

export type Judged = {
  readonly verdicts: readonly EventVerdict[];
  readonly accepted: readonly Accepted[];
  readonly rejections: readonly Rejection[];
};

/** Where a sender finds a rejected input again. */
export function whereOf({ token, request }: Sender, index?: number): string {
  const from = token.site === undefined ? token.role : `site ${token.site}`;
  return `request ${request}${index === undefined ? '' : `[${index}]`} of ${from}`;
}

/**
 * The trial that a rejected input is listed under: the sender's own, if that is published and it says it is of that one. What says something else, or
 * nothing, may be of any trial, and is kept where it is sealed to each.
 */
function trialNamed(input: unknown, { token: { trial } }: Sender, trials: Trials): string | undefined {
  const source = typeof input === 'object' && input !== null && 'source' in input ? input.source : undefined;
  const named = typeof source === 'string' && `${source}/`.startsWith(`/trials/${trial}/`);
  return named && trials.has(trial) ? trial : undefined;
}

function verdictOf(sent: Sent, door: Door, sender: Sender): Verdict {
  if ('problem' in sent) return { accepted: false, problems: [{ path: '', message: sent.problem }] };
  if (sent.problems !== undefined) return { accepted: false, problems: sent.problems };
  // Whoever may not send it is told no more of it: not even whether there is such a trial.
  const problems = outOfScope(sent.value, sender.source);
  return problems.length > 0 ? { accepted: false, problems } : door.judge(sent.value);
}

/** Judges each event by itself, by schema, token and protocol. */
export async function judgeAll(sent: readonly Sent[], { door, trials }: HungDoor, sender: Sender): Promise<Judged> {
  const verdicts: EventVerdict[] = [];
  const accepted: Accepted[] = [];
  const rejections: Rejection[] = [];
  for (const [index, one] of sent.entries()) {
    if (index > 0 && index % judgedAtOnce === 0) await nextTurn();
    const verdict = verdictOf(one, door, sender);
    if (verdict.accepted) {
      accepted.push(verdict);
      verdicts.push({ index, id: verdict.event.id, verdict: 'accepted' });
      continue;
    }
    const input = 'problem' in one ? one.text : one.value;
    const problems = [...shortened(verdict.problems)];
    const trial = trialNamed(input, sender, trials);
    const isAmbiguous = 'value' in one && one.problems !== undefined;
    rejections.push({ trial, where: whereOf(sender, index), problems, input, from: sender.source, isAmbiguous });
    verdicts.push({ index, id: envelopeOf(input).id ?? null, verdict: 'rejected', problems });
  }
  return { verdicts, accepted, rejections };
}
