import { civilDay, dateIn, dateOf, type Protocol } from '@holdfast/events';
import type { EventLog } from '@holdfast/log';
import { CutRefused, type DataCut, type PublishedTrial, readCut, readTrialAt } from '@holdfast/trials';
import { makeCut } from '../make-cut.ts';
import { ReportRefused } from '../report-refused.ts';
import type { ReportStore } from '../report-store.ts';
import type { DueSlot } from './due-slot.ts';

/**
 * What the cut of a slot knows: in a live trial everything received by the end of the last day, in the trial's zone, that was over when the
 * slot fell due. So it knows the same whenever it is made, also long after. What is due by maturity, and an imported trial, takes all there is.
 */
export function asOfSlot({ clock, timeZone }: Protocol, { at }: DueSlot): string | undefined {
  if (at === undefined || clock === 'imported') return undefined;
  return dateOf(civilDay(dateIn(timeZone, at)) - 1);
}

/**
 * The trial as the cut of a slot reads it: as it stood when the slot fell due. What was published after that, though before the cut was
 * made, changes nothing of it, as what was received after that does not. What takes all there is is read by the newest version.
 */
async function trialOfSlot(log: EventLog, trial: PublishedTrial, slot: DueSlot): Promise<PublishedTrial> {
  const { protocol, versions, publishedAt } = trial;
  const { at } = slot;
  if (at === undefined || asOfSlot(protocol, slot) === undefined) return trial;
  const wasPublished = ({ version }: Protocol) => {
    const published = publishedAt?.get(version);
    return published === undefined || Date.parse(published) < at.getTime(); // the first stores recorded no time
  };
  const then = versions.findLast(wasPublished);
  return (then && (await readTrialAt(log, protocol.trial, then.version))) ?? trial;
}

/** The data cut of a slot; it is made if it is not there. Of several processes that make it at once one comes first, and all go on with its cut. */
export async function cutOfSlot(
  store: Pick<ReportStore, 'log' | 'objects' | 'trials'>,
  published: PublishedTrial,
  slot: DueSlot,
): Promise<DataCut> {
  const trial = await trialOfSlot(store.log, published, slot);
  const { protocol } = trial;
  const asOf = asOfSlot(protocol, slot);
  const find = () => readCut(store.objects, protocol.trial, slot.name);
  const cut = (await find()) ?? (await make());
  if (cut.asOf === (asOf ?? null) && cut.cutOff === null) return cut;
  throw new ReportRefused(
    `${protocol.trial} has a cut named ${slot.name} that is not the one of the report due then (as of ${asOf ?? 'now'}, no cut-off date): somebody made it by hand; report on it by hand too`,
  );

  async function make(): Promise<DataCut> {
    try {
      return await makeCut(store, trial, { name: slot.name, asOf, cutOff: undefined });
    } catch (error) {
      const theirs = error instanceof CutRefused ? await find() : undefined;
      if (theirs === undefined) throw error;
      return theirs;
    }
  }
}
