import type { Protocol } from '@holdfast/events';
import { type ObjectStore, type ObjectsPlace, openObjects } from '@holdfast/objects';
import { type DataCut, type PublishedTrial, trialOfCut } from '@holdfast/trials';
import { rehearsalSeed } from '../rehearsal-seed.ts';
import type { ReportStore } from '../report-store.ts';
import type { AskedReport } from '../sight.ts';
import type { ReportShelves, StoredReport } from '../stored-reports.ts';
import { cutOfSlot } from './cut-of-slot.ts';
import { type DueSlot, isClosedSchedule } from './due-slot.ts';
import { type MadeSlot, readMadeSlot, recordMadeSlot } from './made-slot.ts';

/** A clock asks every minute: a store that is opened stays open as long as its place is known. */
const opened = new WeakMap<ObjectsPlace, Promise<ObjectStore>>();

function closedShelf(place: ObjectsPlace): Promise<ObjectStore> {
  const known = opened.get(place) ?? openObjects(place);
  opened.set(place, known);
  return known;
}

/** Where what is made of a slot is recorded: closed slots apart, as their reports are. */
export async function shelfOfSlot(
  { objects, places }: ReportShelves,
  trial: PublishedTrial,
  slot: DueSlot,
): Promise<ObjectStore> {
  return isClosedSchedule(trial, slot.of) ? closedShelf(places.closedObjects) : objects;
}

/** The reports of a slot: one, or one for each site. */
export function askedOfSlot({ of, name, at }: DueSlot, protocol: Protocol, cut: DataCut): readonly AskedReport[] {
  const { report: kind, sites, dummy } = of.declared;
  const asked = {
    kind,
    site: undefined,
    dummySeed: dummy ? rehearsalSeed(cut) : undefined,
    slot: { name, schedule: of.declared.id, at: at?.toISOString() ?? null },
  };
  if (sites === undefined) return [asked];
  return (sites === 'all' ? protocol.sites : sites).map((site) => ({ ...asked, site }));
}

/**
 * Makes what is due: a cut of the slot's own, the reports of it, and then the record that says so. What is there already is not made again,
 * so it may be broken off anywhere and repeated, by several at once.
 */
export async function makeDue(
  store: ReportStore,
  trial: PublishedTrial,
  slot: DueSlot,
  make: (cut: DataCut, asked: AskedReport) => Promise<Pick<StoredReport, 'id'>>,
): Promise<MadeSlot> {
  const shelf = await shelfOfSlot(store, trial, slot);
  const made = await readMadeSlot(shelf, trial.protocol.trial, slot.name);
  if (made !== undefined) return made;
  const cut = await cutOfSlot(store, trial, slot);
  const { protocol } = await trialOfCut(store, cut);
  const reports: string[] = [];
  for (const asked of askedOfSlot(slot, protocol, cut)) reports.push((await make(cut, asked)).id);
  const { id, report: kind, dummy = false, deliverTo = [] } = slot.of.declared;
  return recordMadeSlot(shelf, {
    format: 'holdfast-due/1',
    trial: protocol.trial,
    slot: slot.name,
    schedule: id,
    cut: cut.name,
    kind,
    isDummy: dummy,
    reports,
    deliverTo: [...deliverTo],
  });
}
