import { type CivilDay, civilDay } from '../civil-date.ts';
import type { Protocol } from './protocol.ts';

/** What a participant keeps of the version in force on the day of randomisation: visits with their windows, and the entry lag. */
export type Schedule = Pick<Protocol, 'visits' | 'entryLag'>;

/** A schedule, and the first day of randomisation that it holds for; undefined: from the beginning. */
export type DatedSchedule = Schedule & { readonly version: number; readonly from: CivilDay | undefined };

/** A protocol, with the schedules of its trial in order of their versions. Without them its own holds for everybody. */
export type AmendedProtocol = Protocol & { readonly schedules?: readonly DatedSchedule[] };

/** A version as it was published, and the civil day of that in the trial's zone; undefined where that was not recorded. */
export type PublishedVersion = { readonly protocol: Protocol; readonly publishedOn: CivilDay | undefined };

/**
 * The newest of a trial's versions (oldest first, at least one) with the schedules of all. The first version holds from the
 * beginning; a later one holds for those randomised from its `amendment.from` (or else its publication) on, or, if it says
 * `appliesTo: everybody`, for everybody.
 */
export function amendedProtocol(versions: readonly PublishedVersion[]): AmendedProtocol | undefined {
  const newest = versions.at(-1)?.protocol;
  if (newest === undefined) return undefined;
  let schedules: DatedSchedule[] = [];
  for (const { protocol, publishedOn } of versions) {
    const { version, visits, entryLag, amendment } = protocol;
    const everybody = schedules.length === 0 || amendment?.appliesTo === 'everybody';
    if (everybody) schedules = [];
    const from = amendment?.from === undefined ? publishedOn : civilDay(amendment.from);
    schedules.push({ version, from: everybody ? undefined : from, visits, entryLag });
  }
  return schedules.length === 1 ? newest : { ...newest, schedules };
}

/**
 * The protocol for a participant randomised on a day: measures and rules of the newest version, the schedule of the newest version
 * that was in force on that day.
 */
export function protocolFor(protocol: AmendedProtocol, dayZero: CivilDay): Protocol {
  const inForce = protocol.schedules?.findLast(({ from }) => from === undefined || from <= dayZero);
  if (inForce === undefined) return protocol;
  const bySchedule = kept.get(protocol) ?? new Map<DatedSchedule, Protocol>();
  kept.set(protocol, bySchedule);
  const { visits, entryLag } = inForce;
  const found = bySchedule.get(inForce) ?? { ...protocol, visits, entryLag };
  bySchedule.set(inForce, found);
  return found;
}

/** Whoever keeps the same schedule is given the very same protocol: what is worked out of it can be kept with it. */
const kept = new WeakMap<AmendedProtocol, Map<DatedSchedule, Protocol>>();

/** The ids of all visits that some participant has on the schedule; none: any visit label passes. */
export function scheduledVisits(protocol: AmendedProtocol): ReadonlySet<string> {
  const schedules: readonly Schedule[] = protocol.schedules ?? [protocol];
  if (schedules.some(({ visits }) => visits.length === 0)) return new Set();
  return new Set(schedules.flatMap(({ visits }) => visits.map(({ id }) => id)));
}
