import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type HowToStart, pause, type Serving, start } from '../served-trial.ts';

/** A machine that runs some services of Holdfast, on a folder of its own. */
export type Machine = {
  readonly name: string;
  /** What runs there; undefined while nothing does. */
  now(): Serving | undefined;
  url(): string | undefined;
  /** Starts its services; answers at once. */
  start(how?: HowToStart): Serving;
  /** Resolves when it says of itself that it is ready. */
  ready(): Promise<void>;
  /** As if its power was cut; resolves when it has ended. */
  kill(): Promise<void>;
  /** In order; fails if it does not end in order. */
  stop(): Promise<void>;
  /** Its shards and whatever else it keeps are lost. */
  loseDisk(): Promise<void>;
  /** The end of what it has said since it was first started. */
  said(): string;
  /** Whether it has ever said so. */
  hasSaid(words: string): boolean;
};

export type MachineOptions = {
  readonly name: string;
  readonly services: readonly string[];
  /** Where its folder is made; as its processes call it where that is different. */
  readonly there: string;
  readonly inside?: string;
  readonly by?: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
};

const patienceMs = 180_000;

export async function machine(options: MachineOptions): Promise<Machine> {
  const { name, services, there, inside = there, by = [], settings } = options;
  const folder = await mkdtemp(join(there, `${name}-`));
  const data = folder.replace(there, inside);
  const before: string[] = [];
  let serving: Serving | undefined;
  const isAnswering = async (): Promise<boolean> => {
    const url = serving?.url();
    if (url === undefined) return false;
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
    return answer?.ok ?? false;
  };
  const all = () => [...before, serving?.logged() ?? ''];
  return {
    name,
    said: () => all().join('\n').slice(-12_000),
    hasSaid: (words) => all().some((text) => text.includes(words)),
    now: () => serving,
    url: () => serving?.url(),
    start(how = {}) {
      if (serving !== undefined) before.push(serving.logged());
      const variables = { ...settings, HOLDFAST_DATA: data, HOLDFAST_PORT: '0', ...how.variables };
      serving = start(['serve', ...services], { by, ...how, variables });
      return serving;
    },
    async ready() {
      const giveUp = performance.now() + patienceMs;
      while (!(await isAnswering())) {
        if (performance.now() > giveUp) throw new Error(`${name} is not ready after ${patienceMs / 1000} s`);
        await pause(100);
      }
    },
    async kill() {
      serving?.kill('SIGKILL');
      await serving?.ended;
    },
    async stop() {
      serving?.kill('SIGTERM');
      const how = await serving?.ended;
      if (how !== 0) throw new Error(`${name} was to stop in order and ended by ${how}`);
    },
    loseDisk: () => rm(folder, { recursive: true, force: true }),
  };
}
