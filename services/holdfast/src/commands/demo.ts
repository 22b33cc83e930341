import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { isClosed } from '@holdfast/access';
import type { Protocol } from '@holdfast/events';
import { forgetSettings } from '@holdfast/runtime';
import { type EnteredEvent, simulateTrial } from '@holdfast/simulate';
import { everybody } from '@holdfast/tallies';
import { armNames, byArmVerdict, publishProtocol, readTallies } from '@holdfast/trials';
import type { Command } from 'commander';
import { lookByArm } from '../by-arm.ts';
import { CommandFailed } from '../command-failed.ts';
import { takeInAtOnce, withBoxesExchanged } from '../demo/boxes-exchanged.ts';
import { streamTrial } from '../demo/stream-trial.ts';
import {
  abstinence,
  abstinenceCurves,
  abstinenceLine,
  daysHeading,
  mainEffects,
  relapseLine,
  shownDays,
} from '../demo/what-is-seen.ts';
import { fitting, scenarioAt, shippedProtocol } from '../simulated-trial.ts';
import { chooseTrial, openStore, type Store } from '../store.ts';
import { createKey } from './keys.ts';
import { talliesDigest } from './replay.ts';

const marks = ['●', '○', '▲', '△'];

/** A new store with a double-blind trial in it; the private key lies beside the store, never inside. */
async function beginStore(data: string, keyFile: string, protocol: Protocol): Promise<void> {
  await openStore({ data, key: [] }, 'create', async (store) => {
    await publishProtocol(store.log, protocol);
  });
  await openStore({ data, key: [] }, 'write', (store) => createKey(store, protocol.trial, keyFile));
}

/** By arm, with the key, now that every horizon has passed. */
async function showStatistician(store: Store, trial: string): Promise<void> {
  const published = chooseTrial(store, trial);
  const { protocol } = published;
  await lookByArm(store, published, 'demo');
  const { tallies } = await readTallies(store.log, protocol, 'closed');
  const { token } = armNames(store, published);
  const arms = protocol.arms.map(({ id }, i) => ({
    name: id,
    mark: marks[i] ?? '*',
    slice: { arms: new Set([token(id)]) },
  }));
  console.log('\nWhat the independent statistician sees with the key, now that every horizon has passed\n');
  console.log(`Without alcohol in the last 28 days, of those assessed (95 % interval, pointwise)\n${daysHeading}`);
  for (const { name, slice } of arms) console.log(abstinenceLine(tallies, slice, name));
  console.log(`\n${abstinenceCurves(tallies, arms)}`);
  console.log(`\nRelapse by day ${shownDays.at(-1)}: three heavy days in seven (Kaplan–Meier, 95 % interval)`);
  for (const { name, slice } of arms) console.log(relapseLine(tallies, slice, name));
  console.log('\nMain effects (the average of the two simple effects, 95 % interval)');
  for (const line of mainEffects(tallies, protocol, token)) console.log(line);
}

/** What a blinded person sees at the same hour; answers the digest of all that it rests on. */
async function showCoordinator(store: Store, trial: string): Promise<string> {
  const published = chooseTrial(store, trial);
  const { tallies } = await readTallies(store.log, published.protocol, 'open');
  console.log(`\nWhat the blinded coordinator sees instead\n${daysHeading}`);
  console.log(abstinenceLine(tallies, everybody, 'all arms together'));
  const verdict = await byArmVerdict(store, published);
  if (!verdict.allowed) console.log(`  ${'by arm'.padEnd(24)}refused: ${verdict.reason.split(':')[0]}`);
  return talliesDigest(tallies);
}

async function demo(command: Command): Promise<void> {
  // It has a store of its own: of a cluster that is named there, or a drop folder, it must not make use.
  forgetSettings();
  const started = Date.now();
  const options = command.optsWithGlobals<{ data?: string }>();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-demo-'));
  const data = options.data === undefined ? join(folder, 'data') : resolve(options.data);
  if (existsSync(data))
    throw new CommandFailed(`${data} is there already; the demo begins a store of its own: name a new folder`);
  const keyFile = join(folder, 'demo.key');
  const given = await scenarioAt('demo');
  const protocol = await shippedProtocol(given.trial);
  const scenario = fitting(given, protocol);
  const { trial } = protocol;
  const entered: readonly EnteredEvent[] = simulateTrial(protocol, scenario);
  const sealed = entered.filter(({ event }) => isClosed(event.type, event.data, protocol.closed)).length;
  console.log(`${trial}: ${protocol.title}`);
  console.log(
    `${scenario.participants} participants, ${protocol.sites.length} sites, ${entered.length} events, ${sealed} of them sealed on arrival (arms, doses, what is measured after them).`,
  );
  console.log(
    'The services of `holdfast serve` run in this process; each site and the randomisation service send to their door, day by day:\n',
  );

  await beginStore(data, keyFile, protocol);
  const streamed = await openStore({ data, key: [keyFile] }, 'write', (store) =>
    streamTrial(store, protocol, entered, abstinence),
  );
  const seconds = (Date.now() - started) / 1000;
  console.log(
    `\n${streamed.days} days in ${seconds.toFixed(1)} s: ${streamed.accepted} events accepted, ${streamed.rejected} rejected and sent again rightly; late, corrected and contradictory ones are among them.`,
  );

  await openStore({ data, key: [keyFile] }, 'read', (store) => showStatistician(store, trial));
  const openDigest = await openStore({ data, key: [] }, 'read', (store) => showCoordinator(store, trial));

  const exchanged = join(folder, 'boxes-exchanged');
  const exchangedKey = join(folder, 'boxes-exchanged.key');
  await beginStore(exchanged, exchangedKey, protocol);
  await openStore({ data: exchanged, key: [exchangedKey] }, 'write', (store) =>
    takeInAtOnce(store, protocol, withBoxesExchanged(entered, protocol), streamed.lastDay),
  );
  const exchangedDigest = await openStore({ data: exchanged, key: [] }, 'read', async ({ log }) =>
    talliesDigest((await readTallies(log, protocol, 'open')).tallies),
  );
  console.log('\nThe same trial, taken in all at once, with the contents of all sealed boxes exchanged:');
  console.log(
    `  open tallies ${openDigest.slice(0, 16)} and ${exchangedDigest.slice(0, 16)}: ${openDigest === exchangedDigest ? 'equal' : 'DIFFERENT'}`,
  );
  if (openDigest !== exchangedDigest)
    throw new CommandFailed('the open tallies depend on sealed content: this must never happen');

  const here = (path: string) =>
    relative(process.cwd(), path).startsWith('..') ? path : relative(process.cwd(), path);
  console.log(`\nDone in ${((Date.now() - started) / 1000).toFixed(1)} s. Try next:`);
  const rates = `npx holdfast rates --data ${here(data)} --measure ${abstinence.measure}`;
  const tries = [
    [`${rates} --day 28,84,180 --by site`, 'what anybody may see'],
    [`${rates} --day 84 --by arm`, 'refused: no key'],
    [`${rates} --day 84 --by arm,site --key ${here(keyFile)}`, ''],
    [
      `npx holdfast contrasts --data ${here(data)} --measure ${abstinence.measure} --day 180 --key ${here(keyFile)}`,
      '',
    ],
    [`npx holdfast sites --data ${here(data)}`, 'which site fell silent, which is late'],
    [`npx holdfast issues --data ${here(data)}`, 'what was contradictory or rejected'],
  ];
  const someone = entered[0]?.event;
  if (someone !== undefined && 'subject' in someone)
    tries.push([
      `npx holdfast explain --data ${here(data)} --measure ${abstinence.measure} --participant ${someone.subject} --day 84`,
      '',
    ]);
  tries.push([`npx holdfast verify --data ${here(data)}`, '']);
  tries.push(['npx holdfast simulate --scenario demo --truth', 'what the trial was made of']);
  for (const [line = '', why = ''] of tries) console.log(`  ${line}${why === '' ? '' : `   (${why})`}`);
}

export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('stream an invented double-blind 2 × 2 trial through the running services and print its rates')
    .addHelpText('after', '\n--data DIR keeps its store in a new folder; the key lies beside a temporary one.')
    .action((_options, command: Command) => demo(command));
}
