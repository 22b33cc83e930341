import type { OpenArrival, OpenHistory } from '@holdfast/aggregate';
import { type AmendedProtocol, type CivilDay, dateIn, isUseMeasure, type Measure, siteOf } from '@holdfast/events';
import { evidenceDays, isOpenMeasure, issuesOf, leavingOf, openFacts, settleOpen } from '@holdfast/outcomes';
import type { SiteFigures } from '@holdfast/reports/rows';

type Counts = {
  randomised: number;
  left: number;
  due: number;
  kept: number;
  late: number;
  evidenceDays: number;
  issues: number;
  lastEvent: string;
  /** In milliseconds; 0: nothing was. */
  lastReceived: number;
  /** How long events took to be recorded, in milliseconds. */
  entryMs: number[];
};

/** What was gathered of each site and of all together (undefined), of some of the participants: it adds up. */
export type SiteCounts = readonly { readonly site: string | undefined; readonly counts: Readonly<Counts> }[];

const nothing = (): Counts => ({
  randomised: 0,
  left: 0,
  due: 0,
  kept: 0,
  late: 0,
  evidenceDays: 0,
  issues: 0,
  lastEvent: '',
  lastReceived: 0,
  entryMs: [],
});

const milliseconds = 86_400_000;

/** Reads RFC 3339 times, of which many that follow one another are the same: what came in together was stamped together. */
function stampReader(): (stamp: string) => number {
  let [last, instant] = ['', 0];
  return (stamp) => {
    if (stamp !== last) [last, instant] = [stamp, Date.parse(stamp)];
    return instant;
  };
}

/** Which open measures tell of a site's visits and evidence, and whether leaving is open. */
function told(protocol: AmendedProtocol) {
  const isOpen = (measure: Measure) => isOpenMeasure(measure, protocol);
  return {
    visits: protocol.measures.find((measure) => measure.kind === 'visits' && isOpen(measure)),
    use: protocol.measures.filter(isUseMeasure).find(isOpen),
    tellsLeft: protocol.blinding === 'open' || !protocol.closed.includes('participant-left'),
  };
}

/**
 * Gathers the figures of a trial's sites from its open events alone: whoever may see no arm may see them. A participant belongs to
 * the site of the randomisation, an event to the site that sent it.
 */
export function siteGatherer(protocol: AmendedProtocol) {
  const sites = new Map<string, Counts>(protocol.sites.map((site) => [site, nothing()]));
  const all = nothing();
  const { visits, use } = told(protocol);
  // Everything else that the fold would judge is asked of nobody here.
  const asked = { ...protocol, measures: visits === undefined ? [] : [visits] };
  const scheduled = new Set([protocol, ...(protocol.schedules ?? [])].flatMap((one) => one.visits.map(({ id }) => id)));
  const receivedAt = stampReader();

  const countsOf = (site: string | undefined): readonly Counts[] => {
    const counts = site === undefined ? undefined : sites.get(site);
    return counts === undefined ? [all] : [all, counts];
  };

  return {
    /** How long an event took to be recorded, and when it was received. A correction's time is that of the decision, and tells neither. */
    take({ observation, time, receivedtime }: OpenArrival): void {
      const { type, source, recordedAt } = observation;
      const site = siteOf(source);
      if (site === undefined) return;
      const happened = type !== 'correction' && type !== 'retraction';
      const received = receivedtime === undefined ? 0 : receivedAt(receivedtime);
      const date = time.slice(0, 10);
      const entryMs = Math.max(0, recordedAt - Date.parse(time));
      for (const counts of countsOf(site)) {
        if (received > counts.lastReceived) counts.lastReceived = received;
        if (!happened) continue;
        if (date > counts.lastEvent) counts.lastEvent = date;
        counts.entryMs.push(entryMs);
      }
    },
    /** What a participant adds, as of a clock. */
    add({ participant, open, boxes }: OpenHistory, clock: CivilDay | undefined): void {
      const history = { participant, open, sealed: [] };
      const settled = settleOpen(history, boxes);
      const { dayZero, site, values } = openFacts(asked, participant, settled, clock);
      const issues = issuesOf(protocol, history, boxes, settled);
      const listed = protocol.blinding === 'open' ? [...issues.open, ...issues.closed] : issues.open;
      for (const issue of listed) for (const counts of countsOf(siteOf(issue.source) ?? site)) counts.issues += 1;
      if (dayZero === undefined) return;
      const left = leavingOf(settled.observations, dayZero);
      const ofVisits = (kind: string) =>
        values
          .filter((one) => one.kind === kind && one.item !== undefined && scheduled.has(one.item))
          .reduce((sum, { value, of }) => sum + value / of, 0);
      const known = use === undefined ? 0 : evidenceDays(protocol, use, settled, clock);
      for (const counts of countsOf(site)) {
        counts.randomised += 1;
        counts.left += left === undefined || left.how === 'completed' ? 0 : 1;
        counts.due += ofVisits('due');
        counts.kept += ofVisits('kept');
        counts.late += ofVisits('late');
        counts.evidenceDays += known;
      }
    },
    /** The sites in the protocol's order, then all together. */
    counts(): SiteCounts {
      return [...sites, [undefined, all] as const].map(([site, counts]) => ({ site, counts }));
    },
  };
}

/** What these counted, together. */
function together(all: readonly Counts[]): Counts {
  const sum = nothing();
  for (const counts of all) {
    for (const count of ['randomised', 'left', 'due', 'kept', 'late', 'evidenceDays', 'issues'] as const)
      sum[count] += counts[count];
    if (counts.lastEvent > sum.lastEvent) sum.lastEvent = counts.lastEvent;
    sum.lastReceived = Math.max(sum.lastReceived, counts.lastReceived);
    sum.entryMs = sum.entryMs.concat(counts.entryMs);
  }
  return sum;
}

/** The figures of a trial's sites in the protocol's order, then of all together, from what was gathered of its participants in parts. */
export function siteFigures(protocol: AmendedProtocol, parts: readonly SiteCounts[]): SiteFigures[] {
  const { visits, use, tellsLeft } = told(protocol);
  return [...protocol.sites, undefined].map((site) => {
    const counts = together(parts.flatMap((part) => part.filter((one) => one.site === site).map((one) => one.counts)));
    const entryDays = counts.entryMs.toSorted((a, b) => a - b).map((ms) => ms / milliseconds);
    const ofVisits = (count: number) => (visits === undefined ? undefined : count);
    return {
      site,
      randomised: counts.randomised,
      left: tellsLeft ? counts.left : undefined,
      visitsDue: ofVisits(counts.due),
      visitsKept: ofVisits(counts.kept),
      visitsLate: ofVisits(counts.late),
      evidenceDays: use === undefined ? undefined : counts.evidenceDays,
      lastEvent: counts.lastEvent === '' ? undefined : counts.lastEvent,
      lastReceived: counts.lastReceived === 0 ? undefined : dateIn(protocol.timeZone, new Date(counts.lastReceived)),
      medianEntryDays: medianOf(entryDays),
      p90EntryDays: entryDays[Math.ceil(0.9 * entryDays.length) - 1],
      issues: counts.issues,
    };
  });
}

/** The middle of numbers in order, or the mean of the middle two. */
function medianOf(numbers: readonly number[]): number | undefined {
  const [below, above] = [numbers[Math.ceil(numbers.length / 2) - 1], numbers[Math.floor(numbers.length / 2)]];
  return below === undefined || above === undefined ? undefined : (below + above) / 2;
}
