import type { CivilDay, MissingPolicy } from '@holdfast/events';

/** A study day: the civil date minus the date of randomisation, which is day 0. */
export type StudyDay = number;

/**
 * A maximal run of study days on which something holds of a participant for a measure.
 * `abstinent`, `assessable`: as the numerator and the denominator of a window and policy.
 * `events`, `person-days`: of a first event, within the trailing window of each mature day.
 * `mature`: what should cover the day has closed.
 * `randomised`: day 0 to the last day that can ever count; against it the mature fraction is measured.
 */
export type Spell = {
  readonly measure: string;
  readonly kind: 'abstinent' | 'assessable' | 'events' | 'person-days' | 'mature' | 'randomised';
  /** Length of the trailing window in days; absent where the kind has none. */
  readonly window?: number;
  readonly policy?: MissingPolicy;
  readonly from: StudyDay;
  readonly to: StudyDay;
  /** How much it adds on each of its days: person-days in the window; 1 for all other kinds. */
  readonly count: number;
};

/** When a participant's first event came, or until when it is known that it had not. Day 0 means: never assessed. */
export type FirstEvent = {
  readonly measure: string;
  readonly day: StudyDay;
  readonly outcome: 'event' | 'censored' | 'competing';
};

export type IssueKind =
  | 'conflict'
  | 'competing-corrections'
  | 'target-not-seen'
  | 'cycle'
  | 'correction-of-retraction'
  | 'no-enrolment'
  | 'second-enrolment'
  | 'second-randomisation'
  | 'second-arm'
  | 'no-arm';

/** Something a person should look at: conflicting, competing or set-aside events. `counts`: whether this one counts all the same. */
export type Issue = {
  readonly issue: IssueKind;
  readonly type: string;
  readonly source: string;
  readonly id: string;
  readonly sha256: string;
  readonly reason: string;
  readonly counts: boolean;
};

/** What a participant's open events mean. Nothing here can depend on arm, drug or any closed value. */
export type OpenFacts = {
  readonly participant: string;
  /** Date of randomisation; undefined while not randomised, and then there are no spells and no first events. */
  readonly dayZero: CivilDay | undefined;
  readonly site: string | undefined;
  readonly spells: readonly Spell[];
  readonly firstEvents: readonly FirstEvent[];
  readonly issues: readonly Issue[];
};

/** What the sealed events add: the arm, the closed measures and the issues among sealed events. */
export type ClosedFacts = {
  readonly arm: string | undefined;
  readonly spells: readonly Spell[];
  readonly firstEvents: readonly FirstEvent[];
  readonly issues: readonly Issue[];
};
