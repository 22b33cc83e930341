import { type ChildProcess, execFile, fork, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sha256 } from '@holdfast/events';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { storeFolders } from '@holdfast/runtime';
import { cellsOf } from '@holdfast/tallies';
import { readTallies, readTrials } from '@holdfast/trials';
import { afterAll } from 'vitest';

export { csvRows } from '../csv-rows.ts';

export const root = join(import.meta.dirname, '../..');
const bin = join(root, 'services/holdfast/bin/holdfast.js');
const run = promisify(execFile);

export type Finished = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs the command line as it was built, and answers what it printed, whatever the exit code. */
export async function holdfast(args: readonly string[], environment: Record<string, string> = {}): Promise<Finished> {
  const options = { cwd: root, maxBuffer: 512_000_000, env: { ...process.env, ...environment } };
  try {
    return { code: 0, ...(await run(process.execPath, [bin, ...args], options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

/** As `holdfast`, but anything else than exit code 0 fails the test with what was said. */
export async function succeed(args: readonly string[], environment: Record<string, string> = {}): Promise<Finished> {
  return successOf(args, await holdfast(args, environment));
}

function successOf(args: readonly string[], finished: Finished): Finished {
  if (finished.code !== 0) throw new Error(`holdfast ${args.join(' ')}: exit ${finished.code}: ${finished.stderr}`);
  return finished;
}

/** What asks and changes nothing but what was folded of the log. */
const questions: ReadonlySet<string | undefined> = new Set([
  ...['rates', 'contrasts', 'survival', 'endpoints', 'facts', 'patterns', 'explain'],
  ...['safety', 'sites', 'issues', 'rejected', 'verify'],
]);

/**
 * `holdfast` and `succeed` for a file of tests that asks much, since most of what a question costs is the start of a process: one
 * process of the command line, as it was built, answers question after question. What is no question has a process of its own, as
 * whatever ends the process (options that are refused) has.
 */
export function commandsInTurn(): { holdfast: typeof holdfast; succeed: typeof succeed } {
  let child: ChildProcess | undefined;
  let before: Promise<unknown> = Promise.resolve();
  afterAll(() => child?.disconnect());
  const answer = (args: readonly string[]) =>
    new Promise<Finished | undefined>((resolve) => {
      // Without what the tests run with: what was built is to be loaded.
      child ??= fork(join(import.meta.dirname, 'commands-in-turn.mjs'), { cwd: root, execArgv: [] });
      const ended = () => {
        child = undefined;
        resolve(undefined);
      };
      child.once('exit', ended);
      child.once('message', (finished) => {
        child?.off('exit', ended);
        resolve(finished as Finished);
      });
      child.send(args);
    });
  const inTurn = async (args: readonly string[], environment?: Record<string, string>): Promise<Finished> => {
    if (environment !== undefined || !questions.has(args[0])) return holdfast(args, environment);
    const answered = before.then(() => answer(args));
    before = answered;
    return (await answered) ?? holdfast(args);
  };
  return {
    holdfast: inTurn,
    succeed: async (args, environment) => successOf(args, await inTurn(args, environment)),
  };
}

/** Starts the command line and kills it -9 after so many milliseconds; answers whether it was still running then. */
export function killAfter(args: readonly string[], milliseconds: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], { cwd: root, stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
    child.once('error', reject);
    child.once('exit', (_code, signal) => {
      clearTimeout(timer);
      resolve(signal === 'SIGKILL');
    });
  });
}

/** A folder that goes away with the test. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** All tallies of a trial as a reader adds them up, as a digest: equal digests are equal tallies, bit for bit. */
export async function talliesDigest(data: string, trial: string, side: 'open' | 'closed' = 'closed'): Promise<string> {
  const { log: dir, closedLog: closedDir } = storeFolders(data);
  const log = await embeddedEventLog({ dir, closedDir, readOnly: true });
  try {
    const protocol = (await readTrials(log)).get(trial)?.protocol;
    if (protocol === undefined) throw new Error(`${trial} is not published in ${data}`);
    return sha256(JSON.stringify(cellsOf((await readTallies(log, protocol, side)).tallies)));
  } finally {
    await log.close();
  }
}

/** Every event of a trial as it stands in the log, one JSON text each, in order of partition and offset. */
export async function loggedEvents(data: string, trial: string): Promise<string[]> {
  const { log: dir, closedLog: closedDir } = storeFolders(data);
  const log = await embeddedEventLog({ dir, closedDir, readOnly: true });
  const topic = `${trial}.events`;
  const texts: string[] = [];
  try {
    for (const [partition, end] of (await log.ends(topic)).entries()) {
      for (let from = 0; from < end; ) {
        const records = await log.read(topic, partition, from, { records: 10_000, bytes: 16_000_000 });
        for (const { value } of records) texts.push(new TextDecoder().decode(value));
        from = (records.at(-1)?.offset ?? end) + 1;
      }
    }
    return texts;
  } finally {
    await log.close();
  }
}

/** A copy of a protocol file with some lines replaced. */
export async function protocolWith(
  file: string,
  text: string,
  changes: readonly (readonly [RegExp, string])[],
): Promise<string> {
  await writeFile(
    file,
    changes.reduce((changed, [from, to]) => changed.replace(from, to), text),
  );
  return file;
}
