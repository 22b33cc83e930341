import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { HoldfastEvent } from '@holdfast/events';
import { loadByDay } from '@holdfast/simulate';
import { type Bench, median, roundsOf, scaled, type Workload } from './figures.ts';
import { fillStore } from './load-log.ts';
import { cpuSeconds, endingWithUs } from './process-use.ts';
import { type Body, bodyOf, openSender, type Sender } from './sender.ts';
import { serveApart } from './serve-apart.ts';

const eventsAtOnce = 1_000;
/** Requests under way at once. */
const lanes = 4;

/** A day's events, source by source, in bodies of a thousand; what does not fill one is left out. */
function bodiesOf(events: number): Body[] {
  const waiting = new Map<string, HoldfastEvent[]>();
  const bodies: Body[] = [];
  for (const day of loadByDay({ participants: Math.ceil(events / 50), eventsEach: 200 })) {
    for (const event of day.events) {
      const some = waiting.get(event.source) ?? [];
      waiting.set(event.source, some);
      some.push(event);
      if (some.length < eventsAtOnce) continue;
      bodies.push(bodyOf(event.source, some));
      waiting.delete(event.source);
      if (bodies.length * eventsAtOnce >= events) return bodies;
    }
  }
  return bodies;
}

type Taken = { readonly seconds: number; readonly cpu: number };
type Server = { readonly url: string; cpuSeconds(): Promise<number> };

async function sendAll(bodies: readonly Body[], sender: Sender, server: Server): Promise<Taken> {
  const cpu = await server.cpuSeconds();
  const started = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) await sender.send(server.url, body);
    }),
  );
  return { seconds: (performance.now() - started) / 1000, cpu: (await server.cpuSeconds()) - cpu };
}

async function bareDoor(data: string): Promise<Server & { stop(): Promise<void> }> {
  const child = endingWithUs(fork(new URL('./bare-door.js', import.meta.url), [data]));
  const [url] = (await once(child, 'message')) as [string];
  return {
    url,
    cpuSeconds: () => cpuSeconds(child.pid),
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

async function measure(bench: Bench, bodies: readonly Body[]): Promise<{ bare: Taken[]; door: Taken[] }> {
  const [ours, theirs] = [join(bench.data, 'door'), join(bench.data, 'bare')];
  for (const data of [ours, theirs]) await fillStore(data, []);
  const rounds = roundsOf(bench);
  const sender = await openSender(ours);
  const taken: { bare: Taken[]; door: Taken[] } = { bare: [], door: [] };
  const [served, bare] = [await serveApart(ours, ['ingest']), await bareDoor(theirs)];
  try {
    for (let round = 1; round <= rounds; round += 1) {
      bench.say(`door: round ${round} of ${rounds} …`);
      // What is sent again is judged and appended as if it were new.
      taken.bare.push(await sendAll(bodies, sender, bare));
      taken.door.push(await sendAll(bodies, sender, served));
    }
  } finally {
    await served.stop();
    await bare.stop();
  }
  return taken;
}

/** *door*: over HTTP to a durable log, against a server that only appends; they take turns. */
export const door: Workload = async (bench) => {
  const workload = 'door';
  const bodies = bodiesOf(scaled(bench, 500_000, 4_000));
  const events = bodies.length * eventsAtOnce;
  const { bare, door } = await measure(bench, bodies);
  const perSecond = (taken: readonly Taken[]) => median(taken.map(({ seconds }) => events / seconds));
  const cpu = (taken: readonly Taken[]) => median(taken.map((one) => (1e6 * one.cpu) / events));
  const ratio = median(door.map(({ seconds }, round) => (bare[round]?.seconds ?? Number.NaN) / seconds));
  return [
    { workload, figure: 'events', value: events, unit: 'events' },
    { workload, figure: 'a bare server', value: perSecond(bare), unit: 'events/s' },
    { workload, figure: 'the door', value: perSecond(door), unit: 'events/s' },
    { workload, figure: 'the door : a bare server', value: ratio, unit: 'ratio' },
    { workload, figure: 'processor, a bare server', value: cpu(bare), unit: 'µs/event' },
    { workload, figure: 'processor, the door', value: cpu(door), unit: 'µs/event' },
  ];
};
