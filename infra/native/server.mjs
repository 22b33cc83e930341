// A server as a child process that cannot outlive us, and the free ports and folders that servers need.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { lastLines } from './cache.mjs';

/**
 * A shell between us and the server holds the end of a pipe. A line means: freeze the server, thaw it, or else kill it. The end of the pipe means that we are gone,
 * however we died: kill the server and remove its data. A signal to all of our group is for us alone. `kill -9` is no loss, since what these servers keep is thrown away.
 */
const guard = `
trap '' HUP INT TERM
exec 3<&0
data=$1; shift
"$@" </dev/null 3<&- & server=$!
{
  while read -r line <&3; do
    case $line in
      freeze) kill -STOP $server ;;
      thaw) kill -CONT $server ;;
      *) data=; break ;;
    esac
  done
  kill -KILL $server
  while kill -0 $server; do sleep 0.02; done
  [ -z "$data" ] || rm -rf "$data"
} >/dev/null 2>&1 &
wait $server`;

/** A folder for what servers keep. It goes when they stop, or at the latest with this process. */
export function newDataFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `holdfast-${name}-`));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** So many ports of 127.0.0.1 that nobody has. Somebody may take one before it is used; then the server says so and does not start. */
export async function freePorts(count) {
  const listeners = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const listener = createServer().once('error', reject);
          listener.listen(0, '127.0.0.1', () => resolve(listener));
        }),
    ),
  );
  const ports = listeners.map((listener) => listener.address().port);
  await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  return ports;
}

/**
 * Starts a server and resolves when `isReady` (one real round trip, which may throw) says so. `kill` ends it as `kill -9` would and keeps
 * `data`; while it is frozen its connections stay open and nothing answers; `stop` also removes `data`, as our own death does. `ended` says
 * what it said last. All that it says goes to the file `log`, if one is named.
 */
export async function startServer({ name, command, args, env = {}, data, log, isReady, patienceMs = 60_000 }) {
  const child = spawn('/bin/sh', ['-c', guard, 'guard', data, command, ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined); // the guard is gone already
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said = (said + chunk).slice(-20_000);
      if (log !== undefined) appendFileSync(log, chunk);
    });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
    child.stdin.end();
  });

  const server = {
    ended: ended.then(() => lastLines(said)),
    freeze: () => void child.stdin.write('freeze\n'),
    thaw: () => void child.stdin.write('thaw\n'),
    async kill() {
      child.stdin.write('kill\n');
      await ended;
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
  const giveUp = Date.now() + patienceMs;
  for (;;) {
    if (await isReady().catch(() => false)) return server;
    if (hasEnded) throw new Error(`${name} ended while it started:\n${lastLines(said)}`);
    if (Date.now() > giveUp) {
      await server.stop();
      throw new Error(`${name} was not ready after ${patienceMs / 1000} s:\n${lastLines(said)}`);
    }
    await pause(50);
  }
}
