import {
  type AmendedProtocol,
  type CivilDay,
  civilDay,
  dateOf,
  type HoldfastEvent,
  type Schedule,
} from '@holdfast/events';

/** Gathers, from the events of an imported trial, the date on which every day up to every horizon is mature for everybody. */
export interface ImportedClock {
  see(event: HoldfastEvent): void;
  /** The date, or undefined if nobody seen was randomised. */
  date(): string | undefined;
}

export function importedClock(protocol: AmendedProtocol): ImportedClock {
  let latest: CivilDay | undefined;
  const seeDayZero = (date: string) => {
    const day = civilDay(date);
    if (latest === undefined || day > latest) latest = day;
  };
  const schedules: readonly Schedule[] = protocol.schedules ?? [protocol];
  const lastDay = Math.max(
    protocol.plannedFollowUp,
    ...protocol.measures.map((measure) => measure.horizon),
    ...schedules.flatMap(({ visits, entryLag }) => visits.map((visit) => visit.day + visit.closes + entryLag)),
  );
  return {
    see(event) {
      if (event.type === 'org.holdfast.participant-randomised.v1') seeDayZero(event.data.date);
      if (event.type !== 'org.holdfast.correction.v1') return;
      const replacement = event.data.event;
      if (replacement.type === 'org.holdfast.participant-randomised.v1') {
        seeDayZero((replacement.data as { date: string }).date);
      }
    },
    date: () => (latest === undefined ? undefined : dateOf(latest + lastDay + 1)),
  };
}
