import type { Protocol } from '@holdfast/events';
import type { Issue, IssueKind } from '../facts.ts';
import type { History, Observation } from '../observation.ts';
import { identityKey, settleIdentity } from './identity.ts';
import { type Effective, type OtherSide, replace } from './replacing.ts';

/** The effective observation of one type. */
export type EffectiveOf<T extends Effective['type']> = Extract<Effective, { type: T }>;

/** A participant's history once identity, replacing and setting aside are settled: what is left counts. */
export type Settled = {
  readonly enrolment: EffectiveOf<'participant-enrolled'> | undefined;
  readonly randomisation: EffectiveOf<'participant-randomised'> | undefined;
  readonly arm: EffectiveOf<'arm-assigned'> | undefined;
  readonly observations: readonly Effective[];
  readonly issues: readonly Issue[];
};

type Once = 'participant-enrolled' | 'participant-randomised' | 'arm-assigned';
const secondIssue: Record<Once, IssueKind> = {
  'participant-enrolled': 'second-enrolment',
  'participant-randomised': 'second-randomisation',
  'arm-assigned': 'second-arm',
};

/** Settles the open events, among themselves alone. `sealed` are identities of sealed events: they only say what an issue means. */
export function settleOpen(history: History, sealed?: ReadonlySet<string>): Settled {
  const { effective, issues } = settleSide(
    history.open,
    sealed && {
      identities: sealed,
      retractionsAct: true,
      reason:
        'it corrects a sealed event by an open one, which only the sealed side could do; retract both, and send the right event as one of its own',
    },
  );
  const enrolled = effective.some(({ type }) => type === 'participant-enrolled');
  return settleHistory(effective, issues, enrolled);
}

/**
 * Settles the sealed events among themselves. Of the open side they need to know whether there was an enrolment, and what was
 * retracted: whoever takes a sealed event back, such as a wrong arm, need not have sealed the retraction.
 */
export function settleSealed(history: History, open: Settled): Settled {
  const retractions: readonly Observation[] = history.open.filter(({ type }) => type === 'retraction');
  const { effective, issues } = settleSide([...history.sealed, ...retractions], {
    identities: new Set(history.sealed.length === 0 ? [] : history.open.map(identityKey)),
    retractionsAct: false,
    reason:
      'it is sealed, and its target is an open event, which the sealed side cannot replace; retract both, and send the right event as one of its own',
  });
  const listedOpen = new Set(retractions.map(({ sha256 }) => sha256));
  return settleHistory(
    effective,
    issues.filter(({ sha256 }) => !listedOpen.has(sha256)),
    open.enrolment !== undefined,
  );
}

/** The side of the blind that arms come from. */
export function armOf(protocol: Protocol, open: Settled, sealed: Settled): EffectiveOf<'arm-assigned'> | undefined {
  return protocol.blinding === 'double' ? sealed.arm : open.arm;
}

function settleSide(observations: readonly Observation[], otherSide?: OtherSide) {
  const identity = settleIdentity(observations);
  const replaced = replace(identity.counting, otherSide);
  // A conflict is settled by whoever corrects or retracts the event when all its contents are recorded.
  const isOpen = (conflict: Issue): boolean => {
    const key = identityKey(conflict);
    const last = Math.max(
      ...observations.filter((one) => identityKey(one) === key).map(({ recordedAt }) => recordedAt),
    );
    return (replaced.replacedAt(key) ?? Number.NEGATIVE_INFINITY) < last;
  };
  return { effective: replaced.effective, issues: [...identity.issues.filter(isOpen), ...replaced.issues] };
}

function settleHistory(effective: readonly Effective[], settled: readonly Issue[], enrolled: boolean): Settled {
  const issues = [...settled];
  if (!enrolled) {
    const reason = 'the participant has no enrolment; send participant-enrolled, and this counts by itself';
    // Who is screened and not eligible never enrols.
    const screened = effective.filter(({ type }) => type === 'screened');
    for (const observation of effective)
      if (observation.type !== 'screened') issues.push(setAside(observation, 'no-enrolment', reason));
    return { enrolment: undefined, randomisation: undefined, arm: undefined, observations: screened, issues };
  }
  const earliest = <T extends Once>(type: T): EffectiveOf<T> | undefined => {
    const all = effective.filter((observation): observation is EffectiveOf<T> => observation.type === type);
    const first = all.reduce<EffectiveOf<T> | undefined>(
      (best, next) => (best === undefined || precedes(next, best) ? next : best),
      undefined,
    );
    for (const other of all) {
      if (other !== first)
        issues.push(setAside(other, secondIssue[type], 'an earlier one counts; retract the one that is wrong'));
    }
    return first;
  };
  return {
    enrolment: earliest('participant-enrolled'),
    randomisation: earliest('participant-randomised'),
    arm: earliest('arm-assigned'),
    observations: effective,
    issues,
  };
}

/** Which of several observations that there can be but one of counts: the earliest recorded, then the smallest SHA-256. */
export function precedes(a: Effective, b: Effective): boolean {
  return a.recordedAt !== b.recordedAt ? a.recordedAt < b.recordedAt : a.sha256 < b.sha256;
}

function setAside({ type, source, id, sha256 }: Effective, issue: IssueKind, reason: string): Issue {
  return { issue, type, source, id, sha256, reason, counts: false };
}
