import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { isClosed } from '@holdfast/access';
import { dateOf, type HoldfastEvent, type Protocol, parseProtocol } from '@holdfast/events';
import { type EnteredEvent, parseScenario, type Scenario, simulateTrial } from '@holdfast/simulate';
import { abstinenceCurve, abstinenceRate, everybody, type Slice, type Tallies } from '@holdfast/tallies';
import { publishProtocol, readTallies } from '@holdfast/trials';
import type { Command } from 'commander';
import { armNames, lookByArm } from '../by-arm.ts';
import { CommandFailed } from '../command-failed.ts';
import { withIntake } from '../intake.ts';
import { progressOn } from '../output/progress.ts';
import { chooseTrial, openStore, type Store } from '../store.ts';
import { createKey } from './keys.ts';
import { talliesDigest } from './replay.ts';

const protocolFile = new URL('../../../../schemas/examples/demo/demo-2x2.yaml', import.meta.url);
const measure = 'alcohol-abstinence';
const window = 28;
const shownDays = [28, 84, 180];
const scenarioFile = new URL('../../../../schemas/examples/scenarios/demo.yaml', import.meta.url);

async function demoProtocol(): Promise<Protocol> {
  const parsed = parseProtocol(await readFile(protocolFile, 'utf8'));
  if (!parsed.ok)
    throw new CommandFailed(
      `the demo’s protocol is not valid: ${parsed.problems.map(({ path, message }) => `${path} ${message}`).join('; ')}`,
    );
  return parsed.value;
}

async function demoScenario(): Promise<Scenario> {
  const parsed = parseScenario(await readFile(scenarioFile, 'utf8'));
  if (!parsed.ok) throw new CommandFailed(`the demo’s scenario is not valid: ${JSON.stringify(parsed.problems)}`);
  return parsed.value;
}

/** Streams the trial day by day through the door: what sites enter, and each day as it begins. */
async function stream(
  store: Store,
  protocol: Protocol,
  entered: readonly EnteredEvent[],
  show: boolean,
): Promise<void> {
  const { trial } = protocol;
  const progress = progressOn(process.stderr);
  const first = entered[0]?.day ?? 0;
  const last = (entered.at(-1)?.day ?? first) + 30;
  await withIntake(store, { ownClock: true }, async (intake) => {
    let next = 0;
    for (let day = first; day <= last; day += 1) {
      const today: HoldfastEvent[] = [];
      for (; (entered[next]?.day ?? Number.POSITIVE_INFINITY) <= day; next += 1) {
        const event = entered[next]?.event;
        if (event !== undefined) today.push(event);
      }
      const verdicts = today.map((event) => intake.door.judge(event));
      await intake.admit(verdicts.flatMap((verdict) => (verdict.accepted ? [verdict] : [])));
      await intake.door.turnDay(trial, dateOf(day));
      if (show) progress.step(`${dateOf(day)}: ${intake.admitted} events taken in …`);
    }
    await intake.finish();
  });
  progress.done();
}

/** A new store with the demo trial in it; the private key lies beside the store, never inside. */
async function runTrial(
  data: string,
  keyFile: string,
  protocol: Protocol,
  entered: readonly EnteredEvent[],
  show: boolean,
): Promise<void> {
  await openStore({ data, key: [] }, 'create', async (store) => {
    await publishProtocol(store.log, protocol);
  });
  await openStore({ data, key: [] }, 'write', (store) => createKey(store, protocol.trial, keyFile));
  await openStore({ data, key: [keyFile] }, 'write', (store) => stream(store, protocol, entered, show));
}

const percent = (value: number | undefined) => (value === undefined ? '–' : `${(100 * value).toFixed(0)} %`);

function rateLine(tallies: Tallies, protocol: Protocol, slice: Slice, label: string): string {
  const question = { measure, window, policy: 'observed-only' };
  const curve = abstinenceCurve(tallies, question, { from: window, to: protocol.plannedFollowUp }, slice);
  const cells = shownDays.map((day) => {
    const counts = curve.find((candidate) => candidate.day === day) ?? { day, abstinent: 0, assessable: 0 };
    const { rate, lower, upper } = abstinenceRate(counts);
    return `${`${counts.abstinent}/${counts.assessable}`.padStart(7)} ${percent(rate).padStart(5)} (${percent(lower)} to ${percent(upper)})`.padEnd(
      36,
    );
  });
  return `  ${label.padEnd(22)}${cells.join('')}`.trimEnd();
}

/** The same open events, with the contents of all sealed boxes exchanged among participants. */
function withBoxesExchanged(entered: readonly EnteredEvent[], protocol: Protocol): EnteredEvent[] {
  const sealedOf = (type: string) =>
    entered.filter(({ event }) => event.type === type && isClosed(event.type, event.data, protocol.closed));
  const exchanged = new Map<HoldfastEvent, HoldfastEvent['data']>();
  for (const type of new Set(entered.map(({ event }) => event.type))) {
    const closed = sealedOf(type);
    for (const [index, { event }] of closed.entries()) {
      exchanged.set(event, closed[(index * 7 + 3) % closed.length]?.event.data ?? event.data);
    }
  }
  return entered.map(({ day, event }) => ({
    day,
    event: { ...event, data: exchanged.get(event) ?? event.data } as HoldfastEvent,
  }));
}

async function demo(command: Command): Promise<void> {
  const started = Date.now();
  const options = command.optsWithGlobals<{ data?: string }>();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-demo-'));
  const data = options.data === undefined ? join(folder, 'data') : resolve(options.data);
  if (existsSync(data))
    throw new CommandFailed(`${data} is there already; the demo begins a store of its own: name a new folder`);
  const keyFile = join(folder, 'demo.key');
  const protocol = await demoProtocol();
  const { trial } = protocol;
  const scenario = await demoScenario();
  const entered = simulateTrial(protocol, scenario);
  const sealedCount = entered.filter(({ event }) => isClosed(event.type, event.data, protocol.closed)).length;
  console.log(`${trial}: ${protocol.title}`);
  console.log(
    `${scenario.participants} participants, ${protocol.sites.length} sites, ${entered.length} events, ${sealedCount} of them sealed on arrival (arms, doses).\n`,
  );

  await runTrial(data, keyFile, protocol, entered, true);
  const openDigest = await openStore({ data, key: [keyFile] }, 'read', async (store) => {
    const published = chooseTrial(store, trial);
    const open = await readTallies(store.log, protocol, 'open');
    const heading = `  ${''.padEnd(22)}${shownDays.map((day) => `day ${day}`.padEnd(36)).join('')}`.trimEnd();
    console.log('Without alcohol in the last 28 days, of those assessed (95 % interval, pointwise)\n');
    console.log(`What the blinded coordinator may see:\n${heading}`);
    console.log(rateLine(open.tallies, protocol, everybody, 'all arms together'));
    await lookByArm(store, published, 'demo');
    const closed = await readTallies(store.log, protocol, 'closed');
    console.log(
      `\nWhat the independent statistician sees with the key, now that every horizon has passed:\n${heading}`,
    );
    const { token } = armNames(store, published);
    for (const { id } of protocol.arms)
      console.log(rateLine(closed.tallies, protocol, { arms: new Set([token(id)]) }, id));
    return talliesDigest(open.tallies);
  });

  const exchangedData = join(folder, 'boxes-exchanged');
  await runTrial(
    exchangedData,
    join(folder, 'boxes-exchanged.key'),
    protocol,
    withBoxesExchanged(entered, protocol),
    false,
  );
  const exchangedDigest = await openStore({ data: exchangedData, key: [] }, 'read', async ({ log }) =>
    talliesDigest((await readTallies(log, protocol, 'open')).tallies),
  );
  console.log('\nThe same trial with the contents of all sealed boxes exchanged:');
  console.log(
    `  open tallies ${openDigest.slice(0, 16)} and ${exchangedDigest.slice(0, 16)}: ${openDigest === exchangedDigest ? 'equal' : 'DIFFERENT'}`,
  );
  if (openDigest !== exchangedDigest)
    throw new CommandFailed('the open tallies depend on sealed content: this must never happen');

  const here = (path: string) =>
    relative(process.cwd(), path).startsWith('..') ? path : relative(process.cwd(), path);
  console.log(`\nDone in ${((Date.now() - started) / 1000).toFixed(1)} s. Try next:`);
  const arms = `npx holdfast rates --data ${here(data)} --measure ${measure}`;
  console.log(`  ${arms} --day 28,84,180`);
  console.log(`  ${arms} --day 84 --by arm                      (refused: no key)`);
  console.log(`  ${arms} --day 84 --by arm,site --key ${here(keyFile)}`);
  const someone = entered[0]?.event;
  if (someone !== undefined && 'subject' in someone)
    console.log(
      `  npx holdfast explain --data ${here(data)} --measure ${measure} --participant ${someone.subject} --day 84`,
    );
  console.log(`  npx holdfast verify --data ${here(data)}`);
}

export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('stream a small invented double-blind 2 × 2 trial through the whole path and print its rates')
    .action((_options, command: Command) => demo(command));
}
