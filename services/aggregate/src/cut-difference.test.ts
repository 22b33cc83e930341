import { sha256 } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SelectedEvent } from './cut-contents.ts';
import { type EventChange, eventChanges } from './cut-difference.ts';

const event = (id: string, content: string, type = 'urine-screen', data: object = {}): SelectedEvent => ({
  envelope: {
    id,
    source: '/trials/T/sites/S',
    subject: 'P-1',
    type: `org.holdfast.${type}.v1`,
    time: '2026-03-01T00:00:00Z',
    receivedtime: undefined,
  },
  record: JSON.stringify({
    id,
    source: '/trials/T/sites/S',
    type: `org.holdfast.${type}.v1`,
    time: '2026-03-01T00:00:00Z',
    recordedtime: `2026-03-01T00:00:${String(id.charCodeAt(0) % 60).padStart(2, '0')}Z`,
    data,
  }),
  sha256: sha256(`${id} ${content}`),
});
const events = (all: readonly SelectedEvent[]) =>
  async function* () {
    yield* all;
  };
const changes = (first: readonly SelectedEvent[], second: readonly SelectedEvent[]): Promise<EventChange[]> =>
  eventChanges(events(first), events(second));
const brief = (all: readonly EventChange[]) => all.map(({ change, id, by }) => [change, id, ...(by ? [by.id] : [])]);

const target = (id: string) => ({ source: '/trials/T/sites/S', id });
const retraction = (id: string, of: string) =>
  event(id, '1', 'retraction', { target: target(of), reason: 'wrong', by: 'DM' });
const correction = (id: string, of: string) =>
  event(id, '1', 'correction', {
    target: target(of),
    reason: 'wrong',
    by: 'DM',
    event: { type: 'org.holdfast.urine-screen.v1', time: '2026-03-01T00:00:00Z', data: { results: {} } },
  });

describe('what differs between two cuts', () => {
  test('an event that only one of them has; repetition and order are no difference', async () => {
    const [a, b, c] = [event('a', '1'), event('b', '1'), event('c', '1')];
    expect(brief(await changes([a, b, a], [b, c, c]))).toEqual([
      ['removed', 'a'],
      ['added', 'c'],
    ]);
    expect(await changes([a, b], [b, a, a])).toEqual([]);
  });

  test('other content under an identity; of a sealed event only that it came again', async () => {
    const [first, second] = [event('a', '1'), event('a', '2')];
    expect(brief(await changes([first], [first, second]))).toEqual([['replaced', 'a']]);
    expect(brief(await changes([first], [second]))).toEqual([['replaced', 'a']]);
    const [box, again] = [event('s', '1', 'sealed'), event('s', '2', 'sealed')];
    expect(brief(await changes([box], [box, again]))).toEqual([['resent', 's']]);
  });

  test('a correction and a retraction name what they replace', async () => {
    const [a, b] = [event('a', '1'), event('b', '1')];
    const [c, r] = [correction('c', 'a'), retraction('r', 'b')];
    expect(brief(await changes([a, b], [r, c, b, a]))).toEqual([
      ['corrected', 'a', 'c'],
      ['retracted', 'b', 'r'],
      ['added', 'c'],
      ['added', 'r'],
    ]);
    expect((await changes([a, b], [r, c, b, a]))[0]).toMatchObject({
      participant: 'P-1',
      type: 'org.holdfast.urine-screen.v1',
    });
  });

  test('what counts in the end is named: not what was taken back and came again, nor a correction that another one replaced', async () => {
    const [a, b] = [event('a', '1'), event('b', '1')];
    const [r, undone] = [retraction('r', 'a'), retraction('s', 'r')];
    expect(brief(await changes([a, b], [a, b, r, undone]))).toEqual([
      ['added', 'r'],
      ['added', 's'],
    ]);
    expect(brief(await changes([a, r], [a, r, undone]))).toEqual([
      ['restored', 'a'],
      ['added', 's'],
    ]);
    const [c, d] = [correction('c', 'a'), correction('d', 'c')];
    expect(brief(await changes([a], [a, c, d]))).toEqual([
      ['corrected', 'a', 'd'],
      ['added', 'c'],
      ['added', 'd'],
    ]);
    expect(brief(await changes([a, c], [a, c, d, retraction('e', 'a')]))).toEqual([
      ['retracted', 'a', 'e'],
      ['added', 'd'],
      ['added', 'e'],
    ]);
  });

  test('nothing is listed exactly if both hold the same contents', async () => {
    const one = fc
      .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'))
      .map(([id, content]) => event(id, content));
    await fc.assert(
      fc.asyncProperty(fc.array(one), fc.array(one), async (first, second) => {
        const contents = (all: readonly SelectedEvent[]) => [...new Set(all.map((each) => each.sha256))].sort();
        const same = JSON.stringify(contents(first)) === JSON.stringify(contents(second));
        expect((await changes(first, second)).length === 0).toBe(same);
      }),
    );
  });
});
