import { type AmendedProtocol, civilDay, type Protocol, siteOf } from '@holdfast/events';
import type { History, IssueKind } from '@holdfast/outcomes';
import { naiveIsClosed } from './naive-closed.ts';
import { isMember, type NaivePeriod, naiveActualArm, naiveGroups, naivePeriods } from './naive-groups.ts';
import { measureParticipant, type NaiveMeasure, nobodysMeasure } from './naive-measures.ts';
import { compareTexts, type Effective, type EffectiveOf, type NaiveIssue, settle } from './naive-replacing.ts';

export { naiveIsClosed } from './naive-closed.ts';
export type { NaiveCell, NaiveMeasure } from './naive-measures.ts';
export type { NaiveIssue } from './naive-replacing.ts';

export type NaiveParticipant = {
  readonly participant: string;
  readonly dayZero: number | undefined;
  readonly site: string | undefined;
  /** As randomised. */
  readonly arm: string | undefined;
  /** That of the drug given; undefined where no population asks. */
  readonly actualArm: string | undefined;
  /** By group; none while not randomised. */
  readonly groups: Readonly<Record<string, string>>;
  readonly periods: readonly NaivePeriod[];
  /** By measure id; of a participant who is not randomised there are none. */
  readonly measures: Readonly<Record<string, NaiveMeasure>>;
  /** Of both sides, sorted by issue, source, id, sha256, then those that count. */
  readonly issues: readonly NaiveIssue[];
};

type Unique = 'participant-enrolled' | 'participant-randomised' | 'arm-assigned';

/** Of several events that there can be but one of, the earliest; the others are set aside. */
function earliest<T extends Unique>(
  observations: readonly Effective[],
  type: T,
  issue: IssueKind,
): { counting: EffectiveOf<T> | undefined; issues: NaiveIssue[] } {
  const [counting, ...others] = observations
    .filter((observation) => observation.type === type)
    .toSorted((a, b) => a.recordedAt - b.recordedAt || compareTexts(a.sha256, b.sha256));
  return {
    counting: counting as EffectiveOf<T> | undefined,
    issues: others.map((other) => aside(issue, other, false)),
  };
}

function aside(issue: IssueKind, { source, id, sha256 }: Effective, counts: boolean): NaiveIssue {
  return { issue, source, id, sha256, counts };
}

function sorted(issues: readonly NaiveIssue[]): NaiveIssue[] {
  return issues.toSorted(
    (a, b) =>
      compareTexts(a.issue, b.issue) ||
      compareTexts(a.source, b.source) ||
      compareTexts(a.id, b.id) ||
      compareTexts(a.sha256, b.sha256) ||
      Number(b.counts) - Number(a.counts),
  );
}

/** The schedule stays what it was on the day of randomisation; everything else is the newest. */
function asOfRandomisation(protocol: AmendedProtocol, dayZero: number): Protocol {
  let { visits, entryLag } = protocol;
  const byVersion = [...(protocol.schedules ?? [])].sort((a, b) => a.version - b.version);
  for (const schedule of byVersion) {
    const begun = schedule.from === undefined || dayZero >= schedule.from;
    if (begun) ({ visits, entryLag } = schedule);
  }
  return { ...protocol, visits, entryLag };
}

/**
 * What a participant's history means, worked out day by day with no cleverness: slow, and meant to be right at a glance. The
 * real fold is tested against it.
 */
export function naiveFold(protocol: AmendedProtocol, history: History, asOf: number | undefined): NaiveParticipant {
  const open = settle(history.open);
  // Whoever retracts a sealed event need not have the key: what is retracted in the open counts among the sealed events too.
  const openRetractions = history.open.filter(({ type }) => type === 'retraction');
  const both = settle([...history.sealed, ...openRetractions]);
  const isOpenRetraction = (issue: NaiveIssue) =>
    openRetractions.some(
      ({ source, id, sha256 }) => source === issue.source && id === issue.id && sha256 === issue.sha256,
    );
  const sealed = { effective: both.effective, issues: both.issues.filter((issue) => !isOpenRetraction(issue)) };
  const { participant } = history;
  const replacing = [...open.issues, ...sealed.issues];

  const enrolment = earliest(open.effective, 'participant-enrolled', 'second-enrolment');
  if (enrolment.counting === undefined) {
    const everything = [...open.effective, ...sealed.effective]
      .filter(({ type }) => type !== 'screened')
      .map((each) => aside('no-enrolment', each, false));
    const issues = sorted([...replacing, ...everything]);
    return {
      participant,
      dayZero: undefined,
      site: undefined,
      arm: undefined,
      actualArm: undefined,
      groups: {},
      periods: [],
      measures: {},
      issues,
    };
  }
  const randomisation = earliest(open.effective, 'participant-randomised', 'second-randomisation');
  const assignment = earliest((protocol.blinding === 'double' ? sealed : open).effective, 'arm-assigned', 'second-arm');
  const randomised = randomisation.counting;
  const issues = [...replacing, ...enrolment.issues, ...randomisation.issues, ...assignment.issues];
  if (randomised !== undefined && assignment.counting === undefined) issues.push(aside('no-arm', randomised, true));

  const arm = assignment.counting?.data.arm;
  const everything = [...open.effective, ...sealed.effective];
  const dayZero = randomised === undefined ? undefined : civilDay(randomised.data.date);
  const measures: Record<string, NaiveMeasure> = {};
  if (dayZero !== undefined) {
    for (const measure of protocol.measures) {
      const read = naiveIsClosed(protocol, measure) ? [...open.effective, ...sealed.effective] : open.effective;
      const kept = asOfRandomisation(protocol, dayZero);
      const baseline = enrolment.counting.data.baseline ?? {};
      const all = measureParticipant(kept, measure, read, dayZero, asOf, baseline);
      measures[measure.id] = isMember(protocol, measure, read, dayZero, asOf)
        ? all
        : { ...nobodysMeasure, statuses: all.statuses };
    }
  }
  return {
    participant,
    dayZero,
    site: (randomised && siteOf(randomised.origin)) ?? siteOf(enrolment.counting.origin),
    arm,
    actualArm: dayZero === undefined ? undefined : naiveActualArm(protocol, arm, everything, dayZero),
    groups: randomised === undefined ? {} : naiveGroups(protocol, open.effective, enrolment.counting, randomised),
    periods: dayZero === undefined ? [] : naivePeriods(protocol, open.effective, dayZero),
    measures,
    issues: sorted(issues),
  };
}
