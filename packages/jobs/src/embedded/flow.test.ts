import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { remembered } from '../job-queue.ts';
import { checkedJob } from '../new-job.ts';
import {
  afterAsked,
  begun,
  completed,
  type Flow,
  failed,
  flowSchema,
  hasEnded,
  mayRun,
  newFlow,
  partsOf,
  putBack,
  survived,
  toForget,
} from './flow.ts';

const hour = 60 * 60 * 1000;
const at = (ms: number) => new Date(1_800_000_000_000 + ms);

type Step = {
  readonly does: 'begin' | 'complete' | 'fail' | 'put-back' | 'die' | 'cancel' | 'again';
  readonly which: number;
};
const step = fc.record<Step>({
  does: fc.constantFrom('begin', 'begin', 'complete', 'fail', 'put-back', 'die', 'cancel', 'again'),
  which: fc.nat(3),
});

/** One thing that happens at a time, as the worker lets it happen: only what may run is begun, only what runs ends. */
function after(flow: Flow, { does, which }: Step, now: Date): Flow {
  if (does === 'die') return survived(flow, now);
  if (does === 'cancel') return afterAsked(flow, { ask: 'cancel', id: 'r', reason: 'asked' }, now);
  if (does === 'again') return afterAsked(flow, { ask: 'again', id: 'r' }, now);
  const fit = partsOf(flow).filter((part) => (does === 'begin' ? mayRun(part, now) : part.state === 'running'));
  const part = fit[which % fit.length];
  if (part === undefined) return flow;
  if (does === 'begin') return begun(flow, part.id, now);
  if (does === 'complete') return completed(flow, part.id, {}, now);
  return does === 'fail' ? failed(flow, part.id, new Error('x'), now) : putBack(flow, part.id, now);
}

test('whatever happens in whatever order, a parent and its children agree', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(3), (steps, childCount) => {
      const children = Array.from({ length: childCount }, (_, i) => ({ name: `c${i}`, kind: 'k', data: {} }));
      let flow = newFlow(checkedJob({ id: 'r', kind: 'k', data: {}, children }), at(0));
      for (const [n, one] of steps.entries()) {
        const before = flow;
        flow = after(flow, one, at((n + 1) * hour));
        expect(flowSchema.parse(JSON.parse(JSON.stringify(flow)))).toEqual(flow);
        const { root } = flow;
        // A parent that runs, waits to, or is done has all that it stands on.
        if (['waiting', 'running', 'retrying', 'completed'].includes(root.state))
          expect(flow.children.every(({ state }) => state === 'completed')).toBe(true);
        // None waits for ever: a parent waits for a child that can still complete, and has not ended while one may run.
        if (root.state === 'waiting-for-children') expect(flow.children.some((part) => !hasEnded(part))).toBe(true);
        if (hasEnded(root)) expect(flow.children.filter((part) => mayRun(part, at(1e9)))).toEqual([]);
        // What has ended stays as it is until it is run again.
        if (one.does !== 'again')
          for (const [i, part] of partsOf(before).entries()) if (hasEnded(part)) expect(partsOf(flow)[i]).toEqual(part);
        for (const part of partsOf(flow)) {
          expect(part.tries).toBeGreaterThanOrEqual(0);
          expect(part.tries).toBeLessThanOrEqual(part.retry.tries + part.deaths);
        }
      }
    }),
  );
});

describe('what is forgotten', () => {
  const ended = (id: string, how: 'completed' | 'given-up', ms: number): Flow => {
    const flow = begun(newFlow(checkedJob({ id, kind: 'k', data: {} }), at(0)), id, at(0));
    const error = Object.assign(new Error('x'), { retryable: false });
    return how === 'completed' ? completed(flow, id, {}, at(ms)) : failed(flow, id, error, at(ms));
  };

  test('are the oldest that completed, and what was given up long ago; never what has not ended', () => {
    const many = Array.from({ length: remembered.jobs + 2 }, (_, n) => ended(`j${n}`, 'completed', n));
    const others = [ended('old', 'given-up', 0), ended('young', 'given-up', 2 * hour)];
    const waiting = newFlow(checkedJob({ id: 'w', kind: 'k', data: {} }), at(0));
    const later = at(remembered.days * 24 * hour + hour);
    const ids = toForget([...others, waiting, ...many], later).map(({ root }) => root.id);
    expect(ids).toEqual(['j1', 'j0', 'old']);
  });
});
