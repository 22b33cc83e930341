import { type EventLog, LogFull, LogUnavailable } from '@holdfast/log';
import { topicsOf } from '@holdfast/trials';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { event, protocol, type TestServer, type TestServerOptions, testServer } from './fixtures/test-server.ts';

let server: TestServer | undefined;
const started = async (options: TestServerOptions = {}) => {
  server = await testServer(options);
  return server;
};
afterEach(async () => {
  await server?.close();
  server = undefined;
});

type Append = EventLog['append'];
const appendingBy =
  (append: (topic: string, go: Append) => Append) =>
  (log: EventLog): EventLog => ({ ...log, append: (topic, records) => append(topic, log.append)(topic, records) });
const events = topicsOf(protocol()).events.name;
const isSettled = async (promise: Promise<unknown>) => {
  const pending = Symbol();
  await new Promise((resolve) => setTimeout(resolve, 60));
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
};
/** Something that is let go of later. */
function gate() {
  let resolved: (() => void) | undefined;
  const opened = new Promise<void>((resolve) => {
    resolved = resolve;
  });
  return { open: () => resolved?.(), opened };
}
const rejected = event({ data: {} });

describe('an acknowledgement', () => {
  test('never passes the event: it waits as long as the log does', async () => {
    const { open, opened } = gate();
    const append = appendingBy((topic, go) => async (...call) => {
      if (topic === events) await opened;
      return go(...call);
    });
    const { post, recordsOf } = await started({ wrapped: append });
    const answer = post(event());
    expect(await isSettled(answer)).toBe(false);
    expect(await recordsOf(events)).toEqual([]);
    open();
    expect((await answer).status).toBe(202);
    expect(await recordsOf(events)).toHaveLength(1);
  });

  test('never passes a rejected event either: it is listed when that is said', async () => {
    const { open, opened } = gate();
    const { rejected: topic } = topicsOf(protocol());
    const append = appendingBy((to, go) => async (...call) => {
      if (to === topic.name) await opened;
      return go(...call);
    });
    const { post, recordsOf } = await started({ wrapped: append });
    const answer = post([event(), rejected]);
    expect(await isSettled(answer)).toBe(false);
    open();
    expect((await answer).status).toBe(207);
    expect(await recordsOf(topic.name)).toHaveLength(1);
  });

  test.each([
    ['is full', new LogFull('no room'), /no room for more events/, '30'],
    ['is locked', new LogUnavailable('locked', { retryable: true }), /send the same again/, '2'],
    ['is broken', new LogUnavailable('broken'), /send the same again/, '30'],
  ])('is never given where the log %s: the sender is told when to try again', async (_, error, why, after) => {
    let isFailing = true;
    const append = appendingBy((topic, go) => async (...call) => {
      if (isFailing && topic === events) throw error;
      return go(...call);
    });
    const { post, recordsOf, logged } = await started({ wrapped: append });
    const one = event();
    const answer = await post(one);
    expect([answer.status, answer.headers['retry-after'], answer.body]).toEqual([
      ...[503, after, { error: { code: 'not-now', message: expect.stringMatching(why) } }],
    ]);
    expect(logged.join('')).toContain(error.message);
    isFailing = false;
    expect((await post(one)).status).toBe(202);
    expect(await recordsOf(events)).toHaveLength(1);
  });

  test('is never given where the rejected ones cannot be kept', async () => {
    const append = appendingBy((topic, go) => async (...call) => {
      if (topic !== events) throw new LogFull('no room');
      return go(...call);
    });
    const { post, recordsOf } = await started({ wrapped: append });
    expect((await post([event(), rejected])).status).toBe(503);
    // What is durable all the same may be sent again: it is one event by its id.
    expect(await recordsOf(events)).toHaveLength(1);
  });

  test('of what is sent again under its id is given again', async () => {
    const { post, recordsOf } = await started();
    const one = event();
    expect([(await post(one)).status, (await post([one, one])).status]).toEqual([202, 202]);
    expect(await recordsOf(events)).toHaveLength(3);
  });
});

describe('a log that is stuck', () => {
  const limits = { durableWithinMs: 50 };

  test('is waited for no longer than said; the next are told at once, until it goes on', async () => {
    const { open, opened } = gate();
    const append = appendingBy((_, go) => async (...call) => {
      await opened;
      return go(...call);
    });
    const { post, recordsOf } = await started({ wrapped: append, limits });
    const first = await post(event());
    expect([first.status, first.headers['retry-after'], first.body.error?.message]).toEqual([
      ...[503, '5', expect.stringMatching(/^the events were not durable within 0.05 s, and may be later/)],
    ]);
    const second = await post(event());
    expect([second.status, second.body.error?.message]).toEqual([
      ...[503, expect.stringMatching(/^earlier events are still not durable/)],
    ]);
    open();
    await vi.waitFor(async () => expect((await post(event())).status).toBe(202), 20_000);
    expect((await recordsOf(events)).length).toBeGreaterThanOrEqual(2);
  });

  test.each([
    ['bytes', { waitingBytes: 1_500 }],
    ['events', { waitingEvents: 5 }],
  ])('fills no memory: beyond so many %s nobody else may wait', async (_, bound) => {
    const { open, opened } = gate();
    const append = appendingBy((_topic, go) => async (...call) => {
      await opened;
      return go(...call);
    });
    const { post } = await started({ wrapped: append, limits: { ...bound, durableWithinMs: 60_000 } });
    const three = () => post([event(), event(), event()]);
    const waiting = three();
    await isSettled(waiting);
    const refused = await Promise.all([three(), three()]);
    const full = expect.stringMatching(/^too much is waiting to become durable; send the same again/);
    for (const { status, headers, body } of refused)
      expect([status, headers['retry-after'], body.error?.message]).toEqual([503, '1', full]);
    open();
    expect((await waiting).status).toBe(202);
    expect((await three()).status).toBe(202);
  });
});

test('a defect of ours is answered as one, and logged by its place: its message could quote what was sent', async () => {
  const append = appendingBy(() => async () => {
    throw new TypeError('GB-01-0042 is not a function');
  });
  const { post, logged } = await started({ wrapped: append });
  const { status, body } = await post(event());
  expect([status, body]).toEqual([500, { error: { code: 'defect', message: expect.stringMatching(/request id/) } }]);
  expect(logged.join('')).toContain('durability.test.ts');
  expect(logged.join('')).not.toContain('GB-01-0042');
});
