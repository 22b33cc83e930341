import { civilDay, dateIn, dateOf, type Protocol } from '@holdfast/events';
import { CutRefused, type DataCut, type PublishedTrial, readCut } from '@holdfast/trials';
import { makeCut } from '../make-cut.ts';
import { ReportRefused } from '../report-refused.ts';
import type { ReportStore } from '../report-store.ts';
import type { DueSlot } from './due-slot.ts';

/**
 * What the cut of a slot knows: in a live trial everything received by the end of the last day, in the trial's zone, that was over when the
 * slot fell due. So it knows the same whenever it is made, also long after; the protocol is the newest by then. What is due by maturity, and an imported trial, takes all there is.
 */
export function asOfSlot({ clock, timeZone }: Protocol, { at }: DueSlot): string | undefined {
  if (at === undefined || clock === 'imported') return undefined;
  return dateOf(civilDay(dateIn(timeZone, at)) - 1);
}

/** The data cut of a slot; it is made if it is not there. Of several processes that make it at once one comes first, and all go on with its cut. */
export async function cutOfSlot(
  store: Pick<ReportStore, 'log' | 'objects' | 'trials'>,
  trial: PublishedTrial,
  slot: DueSlot,
): Promise<DataCut> {
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
