import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTrialKey, openVault, publishedKey, trialVault, type Vault } from '@holdfast/access';
import { startAggregate } from '@holdfast/aggregate';
import { dateOf, type HoldfastEvent, type Protocol, parseProtocol } from '@holdfast/events';
import { openDoor } from '@holdfast/ingest';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { storeFolders } from '@holdfast/runtime';
import { parseScenario, type Scenario, scenarioProblems, simulateTrial } from '@holdfast/simulate';
import type { Tallies } from '@holdfast/tallies';
import { publishKey, publishProtocol, readTallies, readTrials } from '@holdfast/trials';

const examples = join(import.meta.dirname, '../schemas/examples');

export async function protocolNamed(name: string): Promise<Protocol> {
  const parsed = parseProtocol(await readFile(join(examples, name, `${name}.yaml`), 'utf8'));
  if (!parsed.ok) throw new Error(`${name}: ${JSON.stringify(parsed.problems)}`);
  return parsed.value;
}

export async function scenarioNamed(name: string, protocol: Protocol): Promise<Scenario> {
  const parsed = parseScenario(await readFile(join(examples, 'scenarios', `${name}.yaml`), 'utf8'));
  const problems = parsed.ok ? scenarioProblems(parsed.value, protocol) : parsed.problems;
  if (!parsed.ok || problems.length > 0) throw new Error(`${name}: ${JSON.stringify(problems)}`);
  return parsed.value;
}

/** What another box may hold in the place of a sealed event's: as plausible, and of somebody else. `drug` names that of a dose. */
export function otherContents(
  event: HoldfastEvent,
  index: number,
  { arms }: Protocol,
  drug: (arm: Protocol['arms'][number]) => string,
): HoldfastEvent['data'] {
  const arm = arms[index % arms.length] as Protocol['arms'][number];
  switch (event.type) {
    case 'org.holdfast.arm-assigned.v1':
      return { arm: arm.id };
    case 'org.holdfast.vital-signs.v1':
      return { heartRate: 60 + (index % 90), minutesAfterDose: index };
    case 'org.holdfast.scale-score.v1':
      return { instrument: event.data.instrument, total: index % 20, hoursAfterDose: index % 100 };
    case 'org.holdfast.therapy-session.v1':
      return { kind: 'another', minutes: index % 90 };
    case 'org.holdfast.dose-given.v1':
      return { ...event.data, drug: drug(arm), given: { mgPerKg: (index % 5) / 10 } };
    default:
      throw new Error(`nobody said what else a ${event.type} may hold`);
  }
}

export type Tallied = {
  readonly tallies: Tallies;
  readonly vault: Vault;
  readonly sent: number;
  readonly rejected: number;
};

/** What the tallies say of a simulated trial that went through the door, the log and the fold, once every day is mature. */
export async function talliedTrial(protocol: Protocol, scenario: Scenario): Promise<Tallied> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-simulated-'));
  const { trial } = protocol;
  const { log: dir, closedLog: closedDir, shards } = storeFolders(join(folder, 'store'));
  const log = await embeddedEventLog({ dir, closedDir });
  try {
    await publishProtocol(log, protocol);
    const { key } = await createTrialKey(trial);
    if (protocol.blinding === 'double') await publishKey(log, publishedKey(key));
    const trials = await readTrials(log);
    const published = trials.get(trial);
    if (published === undefined) throw new Error('not published');
    const door = await openDoor({ log, trials, now: () => new Date('2027-06-01T00:00:00Z') });
    const entered = simulateTrial(protocol, scenario);
    const verdicts = entered.map(({ event }) => door.judge(event));
    const accepted = verdicts.flatMap((verdict) => (verdict.accepted ? [verdict] : []));
    for (let i = 0; i < accepted.length; i += 5_000) await door.admit(accepted.slice(i, i + 5_000));
    await door.turnDay(trial, dateOf((entered.at(-1)?.day ?? 0) + 800));
    const keys = protocol.blinding === 'double' ? new Map([[trial, key]]) : new Map();
    const aggregate = startAggregate({ log, keys, shards, batchRecords: 10_000 });
    await aggregate.keep(published);
    await aggregate.caughtUp(trial, await log.ends(`${trial}.events`));
    await aggregate.stop();
    const { tallies } = await readTallies(log, protocol, 'closed');
    const vault = protocol.blinding === 'double' ? trialVault(key) : openVault;
    return { tallies, vault, sent: entered.length, rejected: entered.length - accepted.length };
  } finally {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  }
}
