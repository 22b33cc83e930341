import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Parsed, type Protocol, parseProtocol } from '@holdfast/events';
import { parseScenario, type Scenario, scenarioProblems } from '@holdfast/simulate';
import { CommandFailed } from './command-failed.ts';

const examples = fileURLToPath(new URL('../../../schemas/examples', import.meta.url));
const shipped = join(examples, 'scenarios');

async function parsedFile<T>(file: string, what: string, parse: (text: string) => Parsed<T>): Promise<T> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new CommandFailed(`cannot read ${what} ${file} (${cause.code}); look at the path`, { cause });
  });
  const parsed = parse(text);
  if (parsed.ok) return parsed.value;
  const all = parsed.problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new CommandFailed(`${file} is no valid ${what}: ${all}`);
}

export const protocolAt = (file: string): Promise<Protocol> => parsedFile(file, 'protocol', parseProtocol);

/** A scenario by its file, or one of those that come with Holdfast by its name. */
export async function scenarioAt(fileOrName: string): Promise<Scenario> {
  const own = join(shipped, `${basename(fileOrName)}.yaml`);
  if (existsSync(fileOrName)) return parsedFile(fileOrName, 'scenario', parseScenario);
  if (basename(fileOrName) === fileOrName && existsSync(own)) return parsedFile(own, 'scenario', parseScenario);
  const names = (await readdir(shipped)).map((file) => basename(file, '.yaml'));
  throw new CommandFailed(`there is no scenario ${fileOrName}; give a file, or one of ${names.join(', ')}`);
}

/** The protocol that comes with Holdfast for a trial. */
export async function shippedProtocol(trial: string): Promise<Protocol> {
  const files = (await readdir(examples, { recursive: true })).filter(
    (file) => file.endsWith('.yaml') && basename(file) !== 'mapping.yaml' && !file.startsWith('scenarios'),
  );
  for (const file of files) {
    const protocol = await protocolAt(join(examples, file));
    if (protocol.trial === trial) return protocol;
  }
  throw new CommandFailed(
    `no protocol of ${trial} comes with Holdfast; name it by --protocol FILE, or --trial ${trial} if it is published`,
  );
}

/** Refuses a scenario that speaks of what the protocol does not have. */
export function fitting(scenario: Scenario, protocol: Protocol): Scenario {
  const problems = scenarioProblems(scenario, protocol);
  if (problems.length === 0) return scenario;
  const all = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new CommandFailed(`the scenario does not fit protocol ${protocol.trial}: ${all}`);
}
