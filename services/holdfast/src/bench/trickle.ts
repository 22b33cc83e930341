import { setTimeout as pause } from 'node:timers/promises';
import type { HoldfastEvent } from '@holdfast/events';
import { openLog } from '@holdfast/log';
import { loadByDay, loadTrialOver } from '@holdfast/simulate';
import { type Bench, type Figure, percentile, scaled, type Workload } from './figures.ts';
import { fillStore, placesOf, protocol, recordOf, topic, turnedTo } from './load-log.ts';
import { openReader } from './reader.ts';
import { type Body, bodyOf, openSender } from './sender.ts';
import { serveApart } from './serve-apart.ts';

const perSecond = 5_000;
const participants = 2_000;
/** Each site sends so often, the sites one after the other. */
const everyMs = 100;
/** How often the reader looks whether more can be read. */
const lookMs = 5;

/** A request in milliseconds: when it was to be sent, when it was acknowledged, and when its events could be read in the tallies. */
type Request = { readonly scheduled: number; readonly acknowledged: number; readable: number };

/** What was sent before: until everybody is randomised; and what is sent now, in bodies of what each site sends at a time. */
function plan(seconds: number): { before: HoldfastEvent[]; bodies: Body[] } {
  const wanted = perSecond * seconds;
  const before: HoldfastEvent[] = [];
  const bodies: Body[] = [];
  const waiting = new Map(
    protocol.sites.map((site) => [`/trials/${protocol.trial}/sites/${site}`, [] as HoldfastEvent[]]),
  );
  const atOnce = Math.round((perSecond * everyMs) / 1_000 / protocol.sites.length);
  let sent = 0;
  let randomised = 0;
  for (const { events } of loadByDay({ participants, eventsEach: Math.ceil((2 * wanted) / participants) + 20 })) {
    for (const event of events) {
      if (event.type === 'org.holdfast.arm-assigned.v1') randomised += 1;
      const some = waiting.get(event.source);
      if (randomised < participants || some === undefined) {
        before.push(event);
        continue;
      }
      some.push(event);
      if (some.length < atOnce) continue;
      bodies.push(bodyOf(event.source, some.splice(0)));
      sent += atOnce;
      if (sent >= wanted) return { before, bodies };
    }
  }
  return { before, bodies };
}

/** The requests, and how many cores the services took meanwhile. */
type Trickled = { readonly requests: readonly Request[]; readonly cores: number };

async function run(bench: Bench, seconds: number): Promise<Trickled> {
  bench.say('trickle: filling the log …');
  const { before, bodies } = plan(seconds);
  await fillStore(
    bench.data,
    (function* () {
      // All days have passed: whatever comes changes the curves at once.
      yield* turnedTo(loadTrialOver);
      yield* before.map(recordOf);
    })(),
  );
  const sender = await openSender(bench.data);
  const served = await serveApart(bench.data);
  const log = await openLog(placesOf(bench.data).log, 'read');
  try {
    const reader = await openReader(log);
    const requests: Request[] = [];
    let waiting: { readonly request: Request; readonly ends: readonly number[] }[] = [];
    const apartMs = everyMs / protocol.sites.length;
    const cpu = await served.cpuSeconds();
    const beginning = performance.now() + 200;
    let underWay = bodies.length;
    const failures: unknown[] = [];
    const sendOne = async (body: Body, scheduled: number) => {
      await sender.send(served.url, body);
      const request = { scheduled, acknowledged: performance.now(), readable: Number.NaN };
      requests.push(request);
      // Where the log ends now, the events lie before.
      waiting.push({ request, ends: await log.ends(topic) });
    };
    const sending = (async () => {
      for (const [n, body] of bodies.entries()) {
        if (failures.length > 0) return;
        const scheduled = beginning + n * apartMs;
        const early = scheduled - performance.now();
        if (early > 0) await pause(early);
        // Nobody waits for the answer: a slow one delays none that comes after it.
        void sendOne(body, scheduled)
          .catch((error: unknown) => failures.push(error))
          .finally(() => {
            underWay -= 1;
          });
      }
    })();
    bench.say(`trickle: ${bodies.length} requests in ${seconds} s …`);
    while (underWay > 0 || waiting.length > 0) {
      if (failures.length > 0) throw failures[0];
      const reached = await reader.look();
      const now = performance.now();
      waiting = waiting.filter(({ request, ends }) => {
        if (!ends.every((end, partition) => (reached[partition] ?? 0) >= end)) return true;
        request.readable = now;
        return false;
      });
      await pause(lookMs);
    }
    await sending;
    const took = (performance.now() - beginning) / 1000;
    return { requests, cores: ((await served.cpuSeconds()) - cpu) / took };
  } finally {
    await log.close();
    await served.stop();
  }
}

/** *trickle*: an open loop. Sites send at set times whatever happens, and delays count from those. */
export const trickle: Workload = async (bench) => {
  const workload = 'trickle';
  const seconds = scaled(bench, 300, 3);
  const { requests, cores } = await run(bench, seconds);
  const figures = (what: string, of: (request: Request) => number, p99: Figure['asked']): Figure[] => {
    const times = requests.map(of);
    return [
      { workload, figure: `${what}, p50`, value: percentile(times, 50), unit: 'ms' },
      { workload, figure: `${what}, p99`, value: percentile(times, 99), unit: 'ms', ...(p99 && { asked: p99 }) },
    ];
  };
  return [
    { workload, figure: 'seconds', value: seconds, unit: 's' },
    { workload, figure: 'processor of the services', value: cores, unit: 'cores' },
    ...figures('scheduled to acknowledged', ({ scheduled, acknowledged }) => acknowledged - scheduled, undefined),
    ...figures('acknowledged to readable', ({ acknowledged, readable }) => readable - acknowledged, undefined),
    ...figures('scheduled to readable', ({ scheduled, readable }) => readable - scheduled, { atMost: 300 }),
  ];
};
