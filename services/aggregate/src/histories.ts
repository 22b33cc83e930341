import type { Opener } from '@holdfast/access';
import type { CivilDay, Protocol } from '@holdfast/events';
import { type EventLog, partitionOf, recordsBetween } from '@holdfast/log';
import type { History } from '@holdfast/outcomes';
import { topicsOf } from '@holdfast/trials';
import { recordDecoder } from './decode.ts';
import { gather, nothingGathered } from './gather.ts';

/** What the log holds of a trial's participants, read to its end, with the clock of each one's partition. */
export type ReadHistories = {
  readonly histories: readonly { readonly history: History; readonly clock: CivilDay | undefined }[];
  /** Offsets of the next events, by partition: what was read. */
  readonly offsets: readonly number[];
  readonly clock: CivilDay | undefined;
  /** Sealed events that the key does not open: set aside, each with its reason. */
  readonly unreadable: readonly string[];
};

/** Reads participants' histories from the log: of one participant, or of everybody. Without an opener only open events are seen. */
export async function readHistories(
  log: EventLog,
  protocol: Protocol,
  { opener, participant }: { opener: Opener | undefined; participant?: string },
): Promise<ReadHistories> {
  const topic = topicsOf(protocol).events.name;
  const decode = recordDecoder(opener);
  const ends = await log.ends(topic);
  const only = participant === undefined ? undefined : partitionOf(participant, ends.length);
  const histories: { history: History; clock: CivilDay | undefined }[] = [];
  let latest: CivilDay | undefined;
  const unreadable: string[] = [];
  for (const [partition, end] of ends.entries()) {
    if (only !== undefined && only !== partition) continue;
    const gathered = nothingGathered();
    for await (const records of recordsBetween(log, topic, partition, { end })) {
      const wanted =
        participant === undefined ? records : records.filter(({ key }) => key === participant || key === '');
      await gather(gathered, wanted, decode);
    }
    const { clock } = gathered;
    unreadable.push(...gathered.unreadable);
    if (clock !== undefined) latest = Math.max(latest ?? clock, clock);
    for (const [name, { open, sealed }] of gathered.arrivals)
      histories.push({ history: { participant: name, open, sealed }, clock });
  }
  const byName = new Intl.Collator('en', { numeric: true });
  histories.sort((a, b) => byName.compare(a.history.participant, b.history.participant));
  return { histories, offsets: ends, clock: latest, unreadable };
}
