import { describe, expect, test, vi } from 'vitest';
import { startInOrder, untilSignalled } from './life-cycle.ts';
import { openLogger } from './logger.ts';

const logger = openLogger({ level: 'silent' });

/** Services that write down what happens to them. */
function diary() {
  const happened: string[] = [];
  const service =
    (name: string, stop: () => Promise<void> = async () => undefined) =>
    async () => {
      happened.push(`start ${name}`);
      return {
        name,
        stop: () => {
          happened.push(`stop ${name}`);
          return stop();
        },
      };
    };
  return { happened, service };
}

describe('the life of services', () => {
  test('they stop in reverse order, once', async () => {
    const { happened, service } = diary();
    const all = await startInOrder([service('a'), service('b'), service('c')], logger);
    await all.stop();
    await all.stop();
    expect(happened).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a']);
  });

  test('one that does not start takes down those before it, and says why', async () => {
    const { happened, service } = diary();
    const broken = async () => {
      throw new Error('no port');
    };
    await expect(startInOrder([service('a'), service('b'), broken, service('c')], logger)).rejects.toThrow('no port');
    expect(happened).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  test('one that does not stop keeps nobody else from stopping, and shows', async () => {
    const { happened, service } = diary();
    const failing = service('b', () => Promise.reject(new Error('stuck')));
    const all = await startInOrder([service('a'), failing], logger);
    await expect(all.stop()).rejects.toThrow('stuck');
    expect(happened.slice(2)).toEqual(['stop b', 'stop a']);
  });

  test('a failure stops all and gives exit code 1; listeners go', async () => {
    const before = process.listenerCount('SIGTERM');
    const { happened, service } = diary();
    const all = await startInOrder([service('a')], logger);
    expect(await untilSignalled(all, { logger, failed: Promise.reject(new Error('log gone')) })).toBe(1);
    expect(happened).toEqual(['start a', 'stop a']);
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });

  const endings: readonly (readonly [string, () => Promise<void>, number])[] = [
    ['in time', async () => undefined, 0],
    ['with an error', () => Promise.reject(new Error('stuck')), 1],
    ['not within the grace', () => new Promise(() => undefined), 1],
  ];
  test.each(endings)('after a signal, stopping %s gives exit code %3$s', async (_, stop, code) => {
    const ended = untilSignalled({ name: 'all', stop }, { logger, graceMs: 5 });
    process.emit('SIGTERM');
    expect(await ended).toBe(code);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('a second signal, a %s, ends the process at once, whatever still stops', async (second, code) => {
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
    let finish: (() => void) | undefined;
    const stop = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      });
    const ended = untilSignalled({ name: 'all', stop }, { logger });
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
    process.emit('SIGTERM', 'SIGTERM');
    // A group's signal that npm gives on as well: the same one.
    clock.mockReturnValue(900);
    process.emit('SIGTERM', 'SIGTERM');
    await vi.waitFor(() => expect(finish).toBeDefined(), 20_000);
    expect(exit).not.toHaveBeenCalled();
    clock.mockReturnValue(second === 'SIGTERM' ? 1_100 : 900);
    process.emit(second, second);
    clock.mockRestore();
    expect(exit.mock.calls).toEqual([[code]]);
    exit.mockRestore();
    finish?.();
    await ended;
  });
});
