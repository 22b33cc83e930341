import { tmpdir } from 'node:os';
import { expect } from 'vitest';
import { loggedEvents, succeed } from '../acceptance/holdfast.ts';
import {
  pause,
  type Senders,
  type ServedTrial,
  type Serving,
  serve,
  servedTrial,
  trial,
  undisturbedDigest,
} from './served-trial.ts';

/** Reads the tallies again and again while all goes on: a number never falls, and never says more than was sent. */
function watch(served: ServedTrial, begun: () => number): { readonly failed: Promise<never>; stop(): Promise<number> } {
  let isStopped = false;
  const watched = (async () => {
    let looks = 0;
    // The two sides of the blind are looked at in turns.
    let before = [0, 0];
    while (!isStopped) {
      const now = await served.assessed();
      // Read before it is asked how much was sent by then.
      expect(now).toBeLessThanOrEqual(begun());
      expect(now).toBeGreaterThanOrEqual(before[0] ?? 0);
      before = [before[1] ?? 0, now];
      looks += 1;
      await pause(20);
    }
    return looks;
  })();
  const failed = new Promise<never>((_, reject) => watched.catch(reject));
  failed.catch(() => undefined);
  return {
    failed,
    stop() {
      isStopped = true;
      return watched;
    },
  };
}

/** Every acknowledged event is in the log, and once if it was sent once; tallies are those of a store in which nothing failed. */
async function expectAllThere(served: ServedTrial, senders: Senders): Promise<void> {
  const participants = senders.begun();
  const records = (await loggedEvents(served.data, trial)).map((text) => JSON.parse(text) as { id: string });
  const times = new Map<string, number>();
  for (const { id } of records) times.set(id, (times.get(id) ?? 0) + 1);
  expect(senders.acknowledged.size).toBe(7 * participants);
  for (const [id, sent] of senders.acknowledged) {
    expect(times.get(id), id).toBeGreaterThanOrEqual(1);
    expect(times.get(id), id).toBeLessThanOrEqual(sent);
  }
  const days = records.flatMap(({ id }) => /^day-turned-(.*)/.exec(id)?.[1] ?? []);
  expect(await served.digest()).toBe(await undisturbedDigest(participants, days.sort().at(-1) ?? ''));
  const { stdout } = await succeed(['verify', '--format', 'csv', '--data', served.data]);
  const verdicts = stdout.trim().split('\n').slice(1);
  expect(verdicts.map((row) => row.split(',').at(-1))).toEqual(['intact', 'intact']);
}

/** What goes wrong with a trial that is served: how `serve` is started, and what ends it. */
export type Fault = (data: string) => { readonly serving: Serving; readonly ended: Promise<void> };

export type Trouble = {
  readonly faults: readonly Fault[];
  /** Where the store lies. */
  readonly there?: string;
  readonly restart?: (data: string) => Serving;
  /** What is done after the restart, while more comes in. */
  readonly inTheEnd?: (data: string) => Promise<void>;
};

/**
 * Participants are sent to `serve`, and read, without a pause, while it is started and ended by one fault after the other. In the end
 * it is started once more, and all must be there.
 */
export async function survive({
  faults,
  there = tmpdir(),
  restart = serve,
  inTheEnd = async () => undefined,
}: Trouble): Promise<void> {
  const served = await servedTrial(there);
  let now: Serving | undefined;
  try {
    const senders = served.startSending(() => now?.url());
    const reader = watch(served, senders.begun);
    for (const fault of faults) {
      const { serving, ended } = fault(served.data);
      now = serving;
      await Promise.race([ended, senders.failed, reader.failed]);
    }
    now = restart(served.data);
    await inTheEnd(served.data);
    await senders.finish();
    while (!(await served.isFolded())) await pause(20);
    now.kill('SIGTERM');
    expect(await now.ended, now.logged()).toBe(0);
    expect(await reader.stop()).toBeGreaterThan(faults.length);
    await expectAllThere(served, senders);
  } finally {
    now?.kill('SIGKILL');
    await now?.ended;
    await served.remove();
  }
}
