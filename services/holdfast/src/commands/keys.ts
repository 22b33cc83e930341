import { open } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { createTrialKey, type PublishedKey, serialiseKey } from '@holdfast/access';
import { publishKey } from '@holdfast/trials';
import type { Command } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import { chooseTrial, type Store, withStore } from '../store.ts';

/** Writes a new private key outside the store, then publishes its public half. */
export async function createKey(store: Store, trial: string, out: string): Promise<PublishedKey> {
  const published = chooseTrial(store, trial);
  if (published.protocol.blinding === 'open')
    throw new CommandFailed(`${trial} is open-label: nothing of it is sealed, and it needs no key`);
  if (published.key !== undefined)
    throw new CommandFailed(`${trial} already has key ${published.key.keyId}; what is sealed to it needs that one`);
  const file = resolve(out);
  if (!relative(store.settings.data, file).startsWith('..')) {
    throw new CommandFailed(
      `${out} lies inside the store ${store.settings.data}; whoever copies the store would hold the key: choose a place outside`,
    );
  }
  const { key, published: publicHalf } = await createTrialKey(trial);
  // The file first: a public key whose private half was never written would seal a trial for ever.
  const handle = await open(file, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === 'EEXIST' ? 'is there already and is not overwritten' : `cannot be written (${cause.code})`;
    throw new CommandFailed(`${out} ${why}; choose another name`, { cause });
  });
  try {
    await handle.writeFile(serialiseKey(key));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await publishKey(store.log, publicHalf);
  return publicHalf;
}

async function create(trial: string, out: string, command: Command): Promise<void> {
  await withStore(command, 'write', async (store) => {
    const { keyId } = await createKey(store, trial, out);
    console.error(`key ${keyId} of ${trial} is in ${out}: it is the unblinding key.`);
    console.error(
      'Keep it, and a copy, where only the independent statistician can reach it. Without it nothing sealed can ever be read.',
    );
  });
}

export function keysCommand(program: Command): void {
  program
    .command('keys')
    .description('the key pairs of double-blind trials')
    .command('create')
    .description('write a trial’s private key to a file outside the store and publish its public half')
    .requiredOption('--trial <trial>', 'a published double-blind trial')
    .requiredOption('--out <file>', 'where the private key is written; must not exist yet')
    .action((options: { trial: string; out: string }, command: Command) => create(options.trial, options.out, command));
}
