import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { dateOf } from '@holdfast/events';
import { openJobs } from '@holdfast/jobs';
import { makeCut, reportingCode, reportJob, shownNow } from '@holdfast/report';
import { simulateTrial } from '@holdfast/simulate';
import { publishProtocol } from '@holdfast/trials';
import { CommandFailed } from '../command-failed.ts';
import { createKey } from '../commands/keys.ts';
import { takeInAtOnce } from '../demo/boxes-exchanged.ts';
import { fitting, scenarioAt, shippedProtocol } from '../simulated-trial.ts';
import { chooseTrial, openStore } from '../store.ts';
import { type Bench, median, roundsOf, scaled, type Workload } from './figures.ts';
import { endingWithUs } from './process-use.ts';
import { serveApart } from './serve-apart.ts';

const holdfast = fileURLToPath(new URL('../../bin/holdfast.js', import.meta.url));
const kinds = ['dsmb-closed', 'dsmb-open', 'outcome', 'status', 'site'] as const;
const lookMs = 250;

/** The seconds that a command takes, from the start of its process to its end. */
async function secondsOf(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const child = endingWithUs(spawn(process.execPath, [holdfast, ...args], { stdio: 'ignore' }));
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new CommandFailed(`holdfast ${args.join(' ')} ended with exit code ${code}`);
  return (performance.now() - started) / 1000;
}

/**
 * *reports*: one closed report from cut to PDF, by a command that folds everything; then reports of five kinds on cuts that know more and more,
 * all queued before the service that makes them starts.
 */
export const reports: Workload = async (bench: Bench) => {
  const workload = 'reports';
  const { data, say } = bench;
  const participants = scaled(bench, 1_000, 40);
  const cuts = scaled(bench, 40, 2);
  const given = await scenarioAt('demo');
  // So few are planned that the trial is over, and its outcome may be reported by arm.
  const protocol = { ...(await shippedProtocol(given.trial)), plannedParticipants: Math.ceil(participants / 2) };
  const { trial } = protocol;
  say(`reports: a trial of ${participants} participants …`);
  const entered = simulateTrial(protocol, { ...fitting(given, protocol), participants });
  const key = join(data, '..', 'trial.key');
  await openStore({ data, key: [] }, 'create', ({ log }) => publishProtocol(log, protocol));
  await openStore({ data, key: [] }, 'write', (store) => createKey(store, trial, key));
  const [first = 0, last = 0] = [entered[0]?.day, entered.at(-1)?.day];
  await openStore({ data, key: [key] }, 'write', (store) =>
    takeInAtOnce(store, protocol, entered, last + protocol.plannedFollowUp),
  );
  const alone: number[] = [];
  const asked = await openStore({ data, key: [key] }, 'write', async (store) => {
    const code = await reportingCode();
    const jobs = [];
    for (let n = 1; n <= cuts; n += 1) {
      say(`reports: cut ${n} of ${cuts} …`);
      const published = chooseTrial(store, trial);
      const asOf = dateOf(Math.round(first + ((last - first) * n) / cuts));
      const cut = await makeCut(store, published, { name: `C${n}`, asOf, cutOff: undefined });
      for (const kind of kinds) {
        const of = { kind, site: kind === 'site' ? protocol.sites[0] : undefined, dummySeed: undefined };
        jobs.push(reportJob(published.protocol, cut, of, await shownNow(store, published, of), { code }));
      }
    }
    return jobs;
  });
  // The newest cut holds everything; each round has one of its own, of which nothing is folded yet.
  for (let round = 1; round <= roundsOf(bench); round += 1) {
    say(`reports: a closed one alone, round ${round} …`);
    const common = ['--data', data, '--key', key];
    await secondsOf(['cut', 'create', '--trial', trial, '--name', `alone-${round}`, ...common]);
    alone.push(await secondsOf(['report', 'run', '--kind', 'dsmb-closed', '--cut', `alone-${round}`, ...common]));
  }

  const queue = await openStore({ data, key: [] }, 'read', ({ places }) => openJobs(places.jobs));
  for (const job of asked) await queue.add(job);
  const started = performance.now();
  const service = await serveApart(data, ['report'], { HOLDFAST_KEY: key });
  try {
    for (;;) {
      const jobs = (await queue.list()).filter(({ kind }) => kind === 'report');
      const done = jobs.filter(({ state }) => state === 'completed').length;
      say(`reports: ${done} of ${asked.length} are made …`);
      if (done === asked.length) break;
      const failed = jobs.find(({ state }) => state === 'given-up');
      if (failed !== undefined) throw new CommandFailed(`${failed.id} was given up: ${failed.reason}`);
      await pause(lookMs);
    }
  } finally {
    await service.stop();
    await queue.close();
  }
  const seconds = (performance.now() - started) / 1000;
  return [
    { workload, figure: 'participants', value: participants, unit: 'participants' },
    { workload, figure: 'events', value: entered.length, unit: 'events' },
    { workload, figure: 'a closed report, cut to PDF', value: median(alone), unit: 's', asked: { atMost: 5 } },
    { workload, figure: `${asked.length} reports`, value: seconds, unit: 's', asked: { atMost: 300 } },
  ];
};
