import { z } from 'zod';
import { deathsSurvived, type Job, type JobState, remembered } from '../job-queue.ts';
import { type CheckedJob, childId, isWorthRetrying, type JobData, pauseAfter, reasonOf } from '../new-job.ts';

const time = z.int().min(0);
const data = z.record(z.string(), z.union([z.string(), z.int()]));

/** A job or a child as it is kept. Times are milliseconds since 1970. */
const part = z.strictObject({
  id: z.string(),
  kind: z.string(),
  data,
  retry: z.strictObject({ tries: z.int(), firstPauseMs: z.int() }),
  state: z.enum([
    'waiting',
    'waiting-for-children',
    'running',
    'retrying',
    'completed',
    'given-up',
    'cancelled',
  ] satisfies JobState[]),
  progress: z.number(),
  tries: z.int(),
  deaths: z.int(),
  startedAt: time.optional(),
  endedAt: time.optional(),
  nextTryAt: time.optional(),
  reason: z.string().optional(),
  result: data.optional(),
});
export type Part = z.infer<typeof part>;

/** A job with its children, as its file holds it: what one does to the other is one change of one file. */
export const flowSchema = z.strictObject({
  format: z.literal(1),
  addedAt: time,
  /** Why it is to be cancelled, once that was asked. */
  cancelling: z.string().optional(),
  root: part,
  children: z.array(part),
});
export type Flow = z.infer<typeof flowSchema>;

/** What was asked of a job by whoever does not run it. */
export const askedSchema = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('cancel'), id: z.string(), reason: z.string() }),
  z.strictObject({ ask: z.literal('again'), id: z.string() }),
]);
export type Asked = z.infer<typeof askedSchema>;

export function newFlow({ children, ...root }: CheckedJob, now: Date): Flow {
  const fresh = { state: 'waiting', progress: 0, tries: 0, deaths: 0 } as const;
  return {
    format: 1,
    addedAt: now.getTime(),
    root: { ...root, ...fresh, state: children.length > 0 ? 'waiting-for-children' : 'waiting' },
    children: children.map(({ name, ...child }) => ({ ...child, ...fresh, id: childId(root.id, name) })),
  };
}

export const partsOf = ({ root, children }: Flow): readonly Part[] => [root, ...children];
export const hasEnded = ({ state }: Part): boolean => ['completed', 'given-up', 'cancelled'].includes(state);

/** What may run now: a part that waits, or whose pause is over. */
export function mayRun(part: Part, now: Date): boolean {
  return part.state === 'waiting' || (part.state === 'retrying' && (part.nextTryAt ?? 0) <= now.getTime());
}

function changed(flow: Flow, id: string, change: (part: Part) => Part): Flow {
  const of = (part: Part) => (part.id === id ? change(part) : part);
  return { ...flow, root: of(flow.root), children: flow.children.map(of) };
}

export function begun(flow: Flow, id: string, now: Date): Flow {
  return changed(flow, id, ({ nextTryAt: _, ...part }) => ({
    ...part,
    state: 'running',
    progress: 0,
    tries: part.tries + 1,
    startedAt: now.getTime(),
  }));
}

export function progressed(flow: Flow, id: string, progress: number): Flow {
  return changed(flow, id, (part) => ({ ...part, progress }));
}

export function completed(flow: Flow, id: string, result: JobData, now: Date): Flow {
  const done = changed(flow, id, ({ reason: _, ...part }) => ({
    ...part,
    state: 'completed',
    progress: 1,
    endedAt: now.getTime(),
    result,
  }));
  const isParentDue =
    done.root.state === 'waiting-for-children' && done.children.every(({ state }) => state === 'completed');
  return isParentDue ? changed(done, done.root.id, (root) => ({ ...root, state: 'waiting' })) : done;
}

/** After a handler threw: cancelled if that was asked, else tried again or given up as declared. */
export function failed(flow: Flow, id: string, error: unknown, now: Date): Flow {
  if (flow.cancelling !== undefined) return ended(flow, id, 'cancelled', flow.cancelling, now);
  const { tries, retry } = partsOf(flow).find((part) => part.id === id) ?? flow.root;
  const reason = reasonOf(error);
  if (!isWorthRetrying(error) || tries >= retry.tries) return ended(flow, id, 'given-up', reason, now);
  return changed(flow, id, (part) => ({
    ...part,
    state: 'retrying',
    reason,
    nextTryAt: now.getTime() + pauseAfter(tries, retry),
  }));
}

/** After its handler was interrupted by a stop: as if it had not been tried. */
export function putBack(flow: Flow, id: string, now: Date): Flow {
  if (flow.cancelling !== undefined) return ended(flow, id, 'cancelled', flow.cancelling, now);
  return changed(flow, id, (part) => ({ ...part, state: 'waiting', progress: 0, tries: part.tries - 1 }));
}

/** After the process that ran it died: what ran is run again, but not for ever. */
export function survived(flow: Flow, now: Date): Flow {
  return partsOf(flow)
    .filter(({ state }) => state === 'running')
    .reduce((before, { id, deaths }) => {
      if (before.cancelling !== undefined) return ended(before, id, 'cancelled', before.cancelling, now);
      if (deaths >= deathsSurvived)
        return ended(before, id, 'given-up', `the processes that ran it died ${deaths + 1} times`, now);
      return changed(before, id, (part) => ({ ...part, state: 'waiting', progress: 0, deaths: deaths + 1 }));
    }, flow);
}

/** A part that has ended without being completed; where it is a child, its parent ends as well, and brothers that wait never run. */
function ended(flow: Flow, id: string, state: 'given-up' | 'cancelled', reason: string, now: Date): Flow {
  const end = (part: Part, how: typeof state, why: string): Part => {
    const { nextTryAt: _, ...rest } = part;
    return { ...rest, state: how, reason: why, endedAt: now.getTime() };
  };
  const after = changed(flow, id, (part) => end(part, state, reason));
  if (id === flow.root.id || hasEnded(after.root)) return after;
  return {
    ...after,
    root: end(after.root, state, `its child ${id} was ${state === 'given-up' ? 'given up' : 'cancelled'}: ${reason}`),
    children: after.children.map((part) =>
      hasEnded(part) || part.state === 'running' ? part : end(part, 'cancelled', `${id}, beside it, was given up`),
    ),
  };
}

/** What was asked for changes: who runs is told by the worker. A job that has ended cannot be cancelled, another not be run again. */
export function afterAsked(flow: Flow, asked: Asked, now: Date): Flow {
  if (asked.ask === 'cancel') {
    if (hasEnded(flow.root)) return flow;
    const cancel = ({ nextTryAt: _, ...part }: Part): Part => ({
      ...part,
      state: 'cancelled',
      reason: asked.reason,
      endedAt: now.getTime(),
    });
    const of = (part: Part) => (hasEnded(part) || part.state === 'running' ? part : cancel(part));
    return { ...flow, cancelling: asked.reason, root: of(flow.root), children: flow.children.map(of) };
  }
  if (!hasEnded(flow.root) || flow.children.some(({ state }) => state === 'running')) return flow;
  const { id, kind, data, retry } = flow.root;
  const children = flow.children.map((child) => ({
    name: child.id.slice(id.length + 1),
    kind: child.kind,
    data: child.data,
    retry: child.retry,
  }));
  return newFlow({ id, kind, data, retry, children }, now);
}

/** What has ended and need not be remembered any longer. */
export function toForget(flows: readonly Flow[], now: Date): readonly Flow[] {
  const newestFirst = flows
    .filter((flow) => partsOf(flow).every(hasEnded))
    .sort((a, b) => (b.root.endedAt ?? 0) - (a.root.endedAt ?? 0));
  const completed = newestFirst.filter(({ root }) => root.state === 'completed');
  const others = newestFirst.filter(({ root }) => root.state !== 'completed');
  const oldest = now.getTime() - remembered.days * 24 * 60 * 60 * 1000;
  return [
    ...completed.slice(remembered.jobs),
    ...others.filter(({ root }, i) => i >= remembered.jobs || (root.endedAt ?? 0) < oldest),
  ];
}

/** The jobs of a flow, as the port shows them. */
export function jobsOf(flow: Flow): readonly Job[] {
  const { root, children } = flow;
  return partsOf(flow).map((part) => {
    const { deaths: _, startedAt, endedAt, nextTryAt, reason, result, ...rest } = part;
    return {
      ...rest,
      children: part === root ? children.map(({ id }) => id) : [],
      ...(part === root ? {} : { parent: root.id }),
      addedAt: new Date(flow.addedAt),
      ...(startedAt === undefined ? {} : { startedAt: new Date(startedAt) }),
      ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt) }),
      ...(nextTryAt === undefined ? {} : { nextTryAt: new Date(nextTryAt) }),
      ...(reason === undefined ? {} : { reason }),
      ...(result === undefined ? {} : { result }),
    };
  });
}
