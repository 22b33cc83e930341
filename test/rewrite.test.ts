import { readdir, readlink } from 'node:fs/promises';
import { dateOf, type HoldfastEvent } from '@holdfast/events';
import { type Door, openDoor } from '@holdfast/ingest';
import { type EventLog, partitionOf, recordsBetween } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { type PublishedTrial, readTrials, topicsOf } from '@holdfast/trials';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createCut } from '../services/holdfast/src/create-cut.ts';
import { buildShards } from '../services/holdfast/src/intake.ts';
import { verifyLog } from '../services/holdfast/src/log-chains.ts';
import { abandonRewrite, rewriteLog } from '../services/holdfast/src/rewrite/rewrite-log.ts';
import { all } from './faults/all.ts';
import {
  answersOf,
  beginningOf,
  firstDay,
  happen,
  happening,
  inStore,
  named,
  quiet,
  send,
  standing,
  trial,
} from './moving-trial.ts';

vi.mock('@holdfast/aggregate', async (original) =>
  (await import('./shards-in-this-thread.ts')).shardsInThisThread(await original()),
);

/** The records of a trial's log by participant, each list in the order of the log; and the dates that each partition says have begun. */
async function contentOf(log: EventLog, { protocol }: PublishedTrial) {
  const { name, partitions } = topicsOf(protocol).events;
  const byParticipant = new Map<string, string[]>();
  const dates: string[][] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const turned: string[] = [];
    dates.push(turned);
    for await (const records of recordsBetween(log, name, partition))
      for (const { key, value } of records) {
        const text = Buffer.from(value).toString();
        const event = JSON.parse(text) as HoldfastEvent;
        if (event.type === 'org.holdfast.day-turned.v1') turned.push(event.data.date);
        if (key === '') continue;
        expect(partitionOf(key, partitions), key).toBe(partition);
        byParticipant.set(key, [...(byParticipant.get(key) ?? []), text]);
      }
  }
  return { byParticipant: Object.fromEntries([...byParticipant].sort()), dates };
}

/** Shards that this process has open: one that is left open would write over what its next owner writes, whenever it is collected. */
async function openShards(data: string): Promise<readonly string[]> {
  if (process.platform !== 'linux') return [];
  const fds = await readdir('/proc/self/fd');
  const files = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return files.filter((file) => file.startsWith(data) && file.includes('.duckdb'));
}

test('moved to any number of partitions a log gives the same answers, to the byte, of cuts made before as well', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('open' as const, 'double' as const),
      fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 3, maxLength: 3 }),
      fc.array(happening, { minLength: 5, maxLength: 30 }),
      fc.array(happening, { maxLength: 10 }),
      async (blinding, [first = 1, second = 2, third = 3], before, after) => {
        runs += 1;
        await inStore({ blinding, partitions: first }, (opened) =>
          opened(async (store) => {
            const { log } = store;
            let at = Date.parse('2026-01-01T00:00:00Z');
            const now = () => {
              at += 1_000;
              return new Date(at);
            };
            const door = await openDoor({ log, trials: store.trials, now });
            for (const who of [0, 1, 2, 3, 4, 5, 6]) await send(door, beginningOf(who));
            for (const one of before) await happen(door, one);
            await createCut(store, named(store), { name: 'midway', asOf: undefined, cutOff: undefined });
            for (const one of after) await happen(door, one);
            await door.turnDay(trial, dateOf(firstDay + 60));
            await buildShards(store, named(store));
            const asBefore = await answersOf(store, named(store));
            const content = await contentOf(log, named(store));

            for (const partitions of [second, third]) {
              await rewriteLog(store, await standing(log), partitions, quiet);
              const moved = await standing(log);
              expect(moved.protocol.partitions).toBe(partitions);
              expect(moved.rewrite).toBeUndefined();
              expect(await answersOf(store, moved)).toEqual(asBefore);
              const { byParticipant, dates } = await contentOf(log, moved);
              expect(byParticipant).toEqual(content.byParticipant);
              const once = [...new Set(content.dates[0])];
              expect(dates).toEqual(dates.map(() => once));
              const verified = await verifyLog({ ...store, trials: await readTrials(log) }, trial);
              expect(verified.map(({ verdict }) => verdict)).toEqual(verified.map(() => 'intact'));
            }
            const left = (await log.topics()).filter(({ name }) => name.startsWith(`${trial}.`));
            expect(left.map(({ name }) => name)).toEqual(
              Object.values(topicsOf((await standing(log)).protocol))
                .map(({ name }) => name)
                .sort(),
            );
          }),
        );
      },
    ),
    { numRuns: all ? 40 : 3 },
  );
  expect(runs).toBeGreaterThan(0);
}, 600_000);

test('while doors append all the time, one hears late and one appends to the former log after it was copied, nothing acknowledged is missing', async () => {
  await inStore({ blinding: 'double', partitions: 2 }, (opened) =>
    opened(async (store) => {
      const { log, folders } = store;
      const now = () => new Date();
      const door = await openDoor({ log, trials: store.trials, now });
      for (const who of [0, 1, 2]) await send(door, beginningOf(who));
      const late = await openDoor({ log, trials: store.trials, now });

      // One whose appends to the former log are let through only when the switch was made, and one that is told of them only then.
      let letGo: () => void = () => undefined;
      const switched = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const former = `${trial}.events`;
      const held = (when: 'before' | 'after'): EventLog => ({
        ...log,
        async append(topic, records) {
          if (topic !== former) return log.append(topic, records);
          if (when === 'before') await switched;
          const offsets = await log.append(topic, records);
          if (when === 'after') await switched;
          return offsets;
        },
      });
      const acknowledged: string[] = [];
      const sendAs = async (by: Door, who: number): Promise<void> => {
        await send(by, beginningOf(who));
        acknowledged.push(...[`e-${who}`, `r-${who}`, `a-${who}`]);
      };
      const slow = (['before', 'after'] as const).map(async (when, i) =>
        sendAs(await openDoor({ log: held(when), trials: store.trials, now }), 900 + i),
      );

      // Another process, as far as the log can tell.
      const other = await embeddedEventLog({ dir: folders.log, closedDir: folders.closedLog });
      const busy = await openDoor({ log: other, trials: store.trials, now });
      let isEnding = false;
      const appending = (async () => {
        for (let who = 10; !isEnding; who += 1) await sendAs(busy, who);
      })();
      const watching = (async () => {
        while ((await standing(other)).protocol.partitions !== 5) await new Promise((wait) => setTimeout(wait, 5));
        letGo();
      })();
      await rewriteLog(store, named(store), 5, quiet);
      await watching;
      await sendAs(late, 800);
      isEnding = true;
      await appending;
      await Promise.all(slow);
      await other.close();

      const { byParticipant } = await contentOf(log, await standing(log));
      const there = new Set(Object.values(byParticipant).flatMap((texts) => texts.map((text) => JSON.parse(text).id)));
      expect(acknowledged.filter((id) => !there.has(id))).toEqual([]);
      expect(acknowledged.length).toBeGreaterThan(12);
      await buildShards(store, await standing(log));
    }),
  );
}, 300_000);

test('interrupted anywhere it is repeated or abandoned, and nothing is half switched', async () => {
  await inStore({ blinding: 'open', partitions: 1 }, async (opened, data) => {
    await opened(async (store) => {
      const door = await openDoor({ log: store.log, trials: store.trials, now: () => new Date() });
      for (const who of [0, 1, 2, 3, 4]) await send(door, beginningOf(who));
      await happen(door, { what: 'screen', who: 1, day: 7, result: 'negative' });
      await door.turnDay(trial, dateOf(firstDay + 60));
      await buildShards(store, named(store));
    });
    const answers = await opened((store) => answersOf(store, named(store)));
    /** The log fails at its n-th change and at all later ones, as if the process had ended there; answers whether it came to that. */
    const interruptedAt = (n: number, partitions: number): Promise<boolean> =>
      opened(async (store) => {
        let changes = 0;
        const stop = () => {
          changes += 1;
          if (changes >= n) throw new Error('the process ends here');
        };
        const { log } = store;
        const failing: EventLog = {
          ...log,
          async append(topic, records) {
            stop();
            return log.append(topic, records);
          },
          async createTopic(spec) {
            stop();
            return log.createTopic(spec);
          },
          async removeTopic(topic) {
            stop();
            return log.removeTopic(topic);
          },
        };
        return rewriteLog({ ...store, log: failing }, await standing(log), partitions, quiet).then(
          () => false,
          (error: unknown) => {
            expect(String(error)).toContain('the process ends here');
            return true;
          },
        );
      });
    const stops: ('begun' | 'switched' | 'neither')[] = [];
    let partitions = 1;
    for (let n = 1; ; n += all ? 1 : 3) {
      const wanted = 1 + (partitions % 3);
      if (!(await interruptedAt(n, wanted))) break;
      expect(await openShards(data)).toEqual([]);
      await opened(async (store) => {
        const left = named(store);
        stops.push(left.rewrite === undefined ? 'neither' : left.rewrite.copied === undefined ? 'begun' : 'switched');
        expect([partitions, wanted]).toContain(left.protocol.partitions);
        // Whichever log is in force answers as before.
        await buildShards(store, left);
        const said = (await answersOf(store, await standing(store.log))) as Record<string, unknown>;
        for (const [what, answer] of Object.entries(answers as object))
          expect(said[what], `${what} when stopped at ${n}`).toEqual(answer);
        if (left.rewrite !== undefined && left.rewrite.copied === undefined && n % 2 === 0) {
          await abandonRewrite(store, left);
          expect((await standing(store.log)).protocol.partitions).toBe(partitions);
        } else {
          await rewriteLog(store, left, wanted, quiet);
          partitions = wanted;
        }
        const now = await standing(store.log);
        expect(now.rewrite).toBeUndefined();
        expect(now.protocol.partitions).toBe(partitions);
        const saidNow = (await answersOf(store, now)) as Record<string, unknown>;
        for (const [what, answer] of Object.entries(answers as object))
          expect(saidNow[what], `${what} after ${n}`).toEqual(answer);
      });
    }
    expect(new Set(stops)).toEqual(new Set(['neither', 'begun', 'switched']));
  });
}, 600_000);
