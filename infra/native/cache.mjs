// What is fetched and built once and kept outside the checkout: the Kafka jars, the S3 server. A part is made in a folder of its own and
// then renamed, so that a half-made one is never seen and two makers at once do not disturb each other.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'holdfast');

/** The folder of a part, made by `make(folder)` if it is not there yet. Its name holds its version: another version is another part. */
export async function cached(name, make) {
  const place = join(cache, name);
  if (existsSync(place)) return place;
  const draft = join(cache, `.${name}-${randomUUID()}`);
  mkdirSync(draft, { recursive: true });
  try {
    await make(draft);
    renameSync(draft, place);
  } catch (error) {
    if (!existsSync(place)) throw error; // else another process made it meanwhile
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return place;
}

/** A program that must be installed is missing. Tests skip for it; everybody else is told what to install. */
export class MissingProgram extends Error {}

export function isInstalled(program) {
  return (process.env.PATH ?? '').split(':').some((folder) => folder !== '' && existsSync(join(folder, program)));
}

export function demand(program, purpose, howTo) {
  if (!isInstalled(program))
    throw new MissingProgram(`${purpose} needs \`${program}\`, which is not installed: ${howTo}`);
}

/** Runs a program to its end; what it said is in the error if it fails. */
export async function run(program, args, options = {}) {
  try {
    await promisify(execFile)(program, args, options);
  } catch (error) {
    const said = lastLines(`${error.stdout}\n${error.stderr}`);
    throw new Error(`${program} failed (${error.code}):\n${said}`, { cause: error });
  }
}

/** The end of what a program said, without where in Java it happened. */
export function lastLines(text) {
  return text
    .trimEnd()
    .split('\n')
    .filter((line) => !/^\s+at /.test(line))
    .slice(-15)
    .join('\n');
}
