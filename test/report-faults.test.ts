import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseProtocol } from '@holdfast/events';
import { openDoor } from '@holdfast/ingest';
import { bullmqJobQueue, redisPlace } from '@holdfast/jobs/bullmq';
import { listReports, makeCut, reportingCode, reportJob, shownNow } from '@holdfast/report';
import { publishProtocol } from '@holdfast/trials';
import { describe, expect, test } from 'vitest';
import { chooseTrial, openStore, type Store } from '../services/holdfast/src/store.ts';
import { temporaryFolder } from './acceptance/holdfast.ts';
import { all } from './faults/all.ts';
import { participantsEvents, pause, protocolText, type Serving, start, trial } from './faults/served-trial.ts';
import { ownRedisForTests } from './native-servers.ts';

const kinds = ['dsmb-open', 'status', 'dsmb-closed', 'outcome', 'site'] as const;
const kindsOfHarm = ['killed', 'emptied', 'restarted'] as const;
/** A job whose process was killed is run again after half a minute. */
const { cuts, harmfulRounds } = all ? { cuts: 40, harmfulRounds: 120 } : { cuts: 1, harmfulRounds: 3 };
const timeLimit = all ? 25 * 60_000 : 150_000;
const startRedis = ownRedisForTests();

describe.skipIf(startRedis === undefined)('reports on a real Redis', () => {
  test(
    'report services killed, Redis restarted and emptied at random: each report that was asked for is there, once',
    async () => {
      const folder = await temporaryFolder();
      const data = join(folder.path, 'store');
      const server = await startRedis?.();
      if (server === undefined) throw new Error('no server');
      const services: Serving[] = [];
      const variables = { HOLDFAST_REDIS: server.url };
      const begin = () => services.push(start(['serve', 'report', '--port', '0', '--data', data], { variables }));
      try {
        const parsed = parseProtocol(protocolText);
        if (!parsed.ok) throw new Error('the protocol cannot be read');
        await mkdir(data, { recursive: true });
        await openStore({ data }, 'create', ({ log }) => publishProtocol(log, parsed.value));
        await openStore({ data }, 'write', async ({ log, trials }) => {
          const door = await openDoor({ log, trials, now: () => new Date('2025-06-01T00:00:00Z') });
          const events = Array.from({ length: 20 }, (_, n) => participantsEvents(n)).flatMap(({ site, arm }) => [
            ...site,
            arm,
          ]);
          await door.admit(events.map((event) => door.judge(event)).filter((verdict) => verdict.accepted));
          await door.turnDay(trial, '2025-06-01');
        });
        const asked = await openStore({ data }, 'write', async (store: Store) => {
          const code = await reportingCode();
          const published = chooseTrial(store, trial);
          const jobs = [];
          for (let i = 1; i <= cuts; i += 1) {
            const cut = await makeCut(store, published, { name: `C${i}`, asOf: undefined, cutOff: undefined });
            for (const kind of kinds) {
              const of = { kind, site: kind === 'site' ? 'S1' : undefined, dummySeed: undefined };
              jobs.push(reportJob(published.protocol, cut, of, await shownNow(store, published, of), { code }));
            }
          }
          return jobs;
        });
        const made = () =>
          openStore({ data }, 'read', async (store) =>
            (await listReports(store, trial, expect.unreachable)).map(
              ({ manifest }) => `${manifest.kind} ${manifest.cut.name}`,
            ),
          );
        const queue = bullmqJobQueue({ place: redisPlace(server.url) });
        begin();
        begin();
        const harms = { emptied: 0, restarted: 0, killed: 0 };
        const began = performance.now();
        for (let round = 0; ; round += 1) {
          // What is asked for and not there is asked for again: the queue may have been emptied, or a job's processes killed too often.
          for (const job of asked) {
            await queue.add(job).catch(() => undefined);
            await queue.again(job.id).catch(() => undefined); // of a job that has not been given up nothing changes
          }
          if (new Set(await made()).size === asked.length) break;
          await pause(500 + Math.random() * 1_000);
          if (round >= harmfulRounds) continue;
          const harm =
            round < kindsOfHarm.length
              ? kindsOfHarm[round]
              : kindsOfHarm[Math.floor(Math.random() * kindsOfHarm.length)];
          if (harm === 'restarted') {
            await server.kill();
            await pause(300);
            await server.restart();
          } else if (harm === 'emptied') await server.empty();
          else {
            services.shift()?.kill('SIGKILL');
            begin();
          }
          harms[harm ?? 'killed'] += 1;
          if (performance.now() - began > timeLimit)
            expect.unreachable(
              `not all is there: ${JSON.stringify(await made())}; ${JSON.stringify(await queue.list())}`,
            );
        }
        await queue.close();
        console.log(
          `${asked.length} reports; ${JSON.stringify(harms)}; ${Math.round((performance.now() - began) / 1000)} s`,
        );
        const wanted = Array.from({ length: cuts }, (_, i) => kinds.map((kind) => `${kind} C${i + 1}`)).flat();
        expect((await made()).toSorted()).toEqual(wanted.toSorted());
      } finally {
        for (const service of services) service.kill('SIGKILL');
        await Promise.all(services.map(({ ended }) => ended));
        await server.stop();
        await folder.remove();
      }
    },
    timeLimit + 60_000,
  );
});
