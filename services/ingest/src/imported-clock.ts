import {
  type AmendedProtocol,
  type CivilDay,
  civilDay,
  dateOf,
  type HoldfastEvent,
  horizonOf,
  type PatternAnchor,
  type Schedule,
  shortType,
} from '@holdfast/events';

/** Gathers, from the events of an imported trial, the date on which every day up to every horizon is mature for everybody. */
export interface ImportedClock {
  see(event: HoldfastEvent): void;
  /** The date, or undefined if nobody seen has a day that the trial counts from. */
  date(): string | undefined;
}

export function importedClock(protocol: AmendedProtocol): ImportedClock {
  const lastDays = lastDaysOf(protocol);
  let latest: CivilDay | undefined;
  const seeDay = (anchor: PatternAnchor, date: string) => {
    const lastDay = lastDays[anchor];
    if (lastDay !== undefined) latest = Math.max(latest ?? Number.NEGATIVE_INFINITY, civilDay(date) + lastDay);
  };
  const seeData = (type: string, data: object) => {
    if (type === 'participant-randomised') seeDay('randomisation', (data as { date: string }).date);
    if (type === 'participant-enrolled') seeDay('consent', (data as { consentDate: string }).consentDate);
    if (type === 'participant-rerandomised') seeDay('second-randomisation', (data as { date: string }).date);
  };
  return {
    see(event) {
      seeData(shortType(event.type), event.data);
      if (event.type !== 'org.holdfast.correction.v1') return;
      const { type, data } = event.data.event;
      seeData(shortType(type as HoldfastEvent['type']), data);
    },
    date: () => (latest === undefined ? undefined : dateOf(latest + 1)),
  };
}

/** By what days are counted from, the last one after it that counts for anything; measures and visits know randomisation alone. */
function lastDaysOf(protocol: AmendedProtocol) {
  const { plannedFollowUp, measures, patterns } = protocol;
  const schedules: readonly Schedule[] = protocol.schedules ?? [protocol];
  const ofVisits = schedules.flatMap(({ visits, entryLag }) =>
    visits.map(({ day, closes }) => day + closes + entryLag),
  );
  const ofPatterns = (anchor: PatternAnchor) =>
    patterns.flatMap(({ last }) => last.filter((end) => end.anchor === anchor).map(({ day }) => day));
  const furthest = (days: readonly number[]) => (days.length === 0 ? undefined : Math.max(...days));
  const fromConsent = ofPatterns('consent');
  return {
    // Whoever is not randomised keeps the schedule from consent on.
    consent: furthest(fromConsent.length === 0 ? [] : [...fromConsent, ...ofVisits]),
    randomisation: furthest([
      plannedFollowUp,
      ...measures.map((measure) => horizonOf(measure, protocol)),
      ...ofVisits,
      ...ofPatterns('randomisation'),
    ]),
    'second-randomisation': furthest(ofPatterns('second-randomisation')),
  } satisfies Record<PatternAnchor, number | undefined>;
}
