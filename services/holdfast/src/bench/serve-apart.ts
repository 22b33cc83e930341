import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { withSettings } from '@holdfast/runtime';
import type { ServiceName } from '../serve/start-services.ts';
import { anonymousMemory, cpuSeconds, endingWithUs } from './process-use.ts';

const holdfast = fileURLToPath(new URL('../../bin/holdfast.js', import.meta.url));

/** A start that takes longer is none. A worker is ready when it has caught up with its log, which may be long. */
const deadlineMs = 20 * 60_000;

export type ServedApart = {
  readonly url: string;
  /** Seconds from the start of the process until it was ready. */
  readonly readyAfter: number;
  memory(): Promise<number>;
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
};

/** `holdfast serve` in a process of its own, once it is ready; bound to one of this machine's cores, if that is said. */
export async function serveApart(
  data: string,
  services: readonly ServiceName[] = [],
  variables: Readonly<Record<string, string>> = {},
  core?: number,
): Promise<ServedApart> {
  const started = performance.now();
  const args = [holdfast, 'serve', ...services, '--port', '0', '--data', data];
  const env = withSettings(variables);
  const node = [process.execPath, ...args];
  const [command = '', ...rest] = core === undefined ? node : ['taskset', '--cpu-list', `${core}`, ...node];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'], env });
  endingWithUs(child);
  let logged = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (!logged.includes('"url"')) logged += text;
  });
  const isReady = async (url: string | undefined) =>
    url !== undefined && (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true;
  const urlLogged = () => /"url":"([^"]+)"/.exec(logged)?.[1];
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  while (!(await isReady(urlLogged()))) {
    if (hasEnded()) throw new Error(`serve ended before it was ready: ${logged}`);
    if (performance.now() - started > deadlineMs) {
      child.kill('SIGKILL');
      throw new Error(`serve was not ready within ${deadlineMs / 1000} s: ${logged}`);
    }
    await pause(5);
  }
  const readyAfter = (performance.now() - started) / 1000;
  return {
    url: urlLogged() ?? '',
    readyAfter,
    memory: () => anonymousMemory(child.pid),
    cpuSeconds: () => cpuSeconds(child.pid),
    async stop() {
      child.kill('SIGTERM');
      if (!hasEnded()) await once(child, 'exit');
    },
  };
}
