import type { CivilDay, MissingPolicy } from '@holdfast/events';

/** A study day: the civil date minus the date of randomisation, which is day 0. */
export type StudyDay = number;

/**
 * A maximal run of study days on which something holds of a participant for a measure.
 * `abstinent`, `assessable`: as the numerator and the denominator of a window and policy.
 * `due`, `missing`: within a window, the participant is followed, and the window is missing; what the policies that count
 * everybody followed are made of; `beyond`: abstinent within a window after planned follow-up, whom those policies leave out.
 * `events`, `person-days`: of a first event, within the trailing window of each mature day.
 * `mature`: what should cover the day has closed.
 * `randomised`: day 0 to the last day that can ever count; against it the mature fraction is measured.
 */
export type Spell = {
  readonly measure: string;
  readonly kind:
    | 'abstinent'
    | 'assessable'
    | 'due'
    | 'missing'
    | 'beyond'
    | 'events'
    | 'person-days'
    | 'mature'
    | 'randomised';
  /** Length of the trailing window in days, 0 if it holds all days so far; absent where the kind has none. */
  readonly window?: number | undefined;
  readonly policy?: MissingPolicy | undefined;
  readonly from: StudyDay;
  readonly to: StudyDay;
  /** How much it adds on each of its days: person-days in the window; 1 for all other kinds. */
  readonly count: number;
};

/** When a participant's first event came, or until when it is known that it had not. Day 0 means: never assessed. */
export type FirstEvent = {
  readonly measure: string;
  /** The study day of its onset, or that observation ended on. */
  readonly day: StudyDay;
  readonly outcome: 'event' | 'censored' | 'competing';
  /** The study day after which the participant is at risk, and from which time is counted; absent: day 0. */
  readonly origin?: StudyDay;
  /** Of an event: the study day on which the pattern that makes it was complete; absent: the day of its onset. */
  readonly confirmed?: StudyDay;
  /** Of an event: the last study day before its onset that is known to be free of it; absent where nobody can say. */
  readonly lastFree?: StudyDay;
  /** Which of the declared patterns it was, or why observation ended. */
  readonly why?: string;
};

/**
 * A number that a measure gives a participant, as a fraction of integers: 37 of 168 days, a score of 17 of 1, 23 500 of 1 000.
 * What is counted (`due`, one more participant) is 1 of 1.
 */
export type ValueFact = {
  readonly measure: string;
  /** What the number is: `score`, `change`, `days`, `mg` … */
  readonly kind: string;
  /** Which of several: a visit, a stretch of days, a term; absent where there is but one. */
  readonly item?: string;
  readonly policy?: MissingPolicy;
  /** The study day that it is of, or that it is known on. */
  readonly day: StudyDay;
  readonly value: number;
  /** At least 1. */
  readonly of: number;
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
  readonly values: readonly ValueFact[];
  /** Which of the groups that the protocol declares the participant is in, by group. */
  readonly groups: Readonly<Record<string, string>>;
  /** When the periods of a crossover began, in order of day. */
  readonly periods: readonly { readonly period: string; readonly from: StudyDay }[];
  readonly issues: readonly Issue[];
};

/** What the sealed events add: the arm, the closed measures and the issues among sealed events. */
export type ClosedFacts = {
  /** As randomised. */
  readonly arm: string | undefined;
  /** That of the drug which was actually given; undefined before the first dose. */
  readonly actualArm: string | undefined;
  readonly spells: readonly Spell[];
  readonly firstEvents: readonly FirstEvent[];
  readonly values: readonly ValueFact[];
  readonly issues: readonly Issue[];
};
