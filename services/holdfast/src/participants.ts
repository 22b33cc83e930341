import { opener } from '@holdfast/access';
import { type ReadHistories, readHistories } from '@holdfast/aggregate';
import { dateOf, type Protocol } from '@holdfast/events';
import { foldVersion } from '@holdfast/outcomes';
import { CommandFailed } from './command-failed.ts';
import { watermarkLine } from './output/watermark.ts';
import type { Store } from './store.ts';

/** What the log holds of a trial's participants, or of one: open events, and with `unsealed` those that the trial's key opens. */
export async function readParticipants(
  { log, keys }: Store,
  protocol: Protocol,
  { unsealed, participant }: { readonly unsealed: boolean; readonly participant: string | undefined },
): Promise<ReadHistories> {
  const key = unsealed ? keys.get(protocol.trial) : undefined;
  const read = await readHistories(log, protocol, {
    opener: key && opener(key),
    ...(participant === undefined ? {} : { participant }),
  });
  if (participant !== undefined && read.histories.length === 0) {
    throw new CommandFailed(
      `no event of participant ${participant} is in ${protocol.trial}; look at the id, or at the trial`,
    );
  }
  return read;
}

/** Says on standard error what was read: which sealed events could not be, and up to where in the log. */
export function sayWhatWasRead(protocol: Protocol, { unreadable, clock, offsets }: ReadHistories): void {
  for (const box of unreadable) console.error(`set aside, the key does not open it: ${box}`);
  const asOf = clock === undefined ? null : dateOf(clock);
  const positions = offsets.map((offset) => ({ offset, asOf, protocolVersion: protocol.version, foldVersion }));
  console.error(watermarkLine(protocol, { positions, stale: [] }));
}
