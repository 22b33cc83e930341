import { type AmendedProtocol, type CivilDay, dateOf, siteOf } from '@holdfast/events';
import {
  dayOfDeath,
  fold,
  type History,
  isOpenPattern,
  leavingOf,
  settleOpen,
  settleSealed,
  usePattern,
} from '@holdfast/outcomes';
import type { FlowOfOne } from '@holdfast/reports';
import type { Arrivals } from '@holdfast/shards';

/** What is looked at of participants, and up to when: closed patterns only where what is sealed was opened. */
export type FlowOf = {
  readonly protocol: AmendedProtocol;
  readonly clock: CivilDay | undefined;
  readonly isUnsealed: boolean;
};

/** The weeks of a participant from week 1 on, by every pattern rule that may be seen. */
function weeksOf({ protocol, clock, isUnsealed }: FlowOf, history: History): FlowOfOne['weeks'] {
  const rules = protocol.patterns.filter((rule) => isUnsealed || isOpenPattern(rule, protocol));
  const words = rules.map((rule): [string, string] => {
    const weeks = usePattern(protocol, rule, history, clock)?.filter(({ week }) => week >= 1) ?? [];
    // A rule may begin later than in its first week.
    return [rule.id, '_'.repeat((weeks[0]?.week ?? 1) - 1) + weeks.map(({ symbol }) => symbol).join('')];
  });
  return Object.fromEntries(words.filter(([, word]) => word !== ''));
}

/** How far one participant went, as far as it is told. */
function flowOf(of: FlowOf, history: History): FlowOfOne {
  const { protocol } = of;
  const settled = settleOpen(history);
  const sealed = settleSealed(history, settled);
  const { open, closed } = fold({ ...protocol, measures: [], patterns: [] }, history, undefined);
  const observations = [...settled.observations, ...sealed.observations].toSorted(
    (a, b) => a.day - b.day || (a.id < b.id ? -1 : 1),
  );
  const screened = observations.findLast((one) => one.type === 'screened');
  const { dayZero, site } = open;
  // Of whoever was not randomised too: the earliest leaving does not depend on what days are counted from.
  const left = leavingOf(observations, dayZero ?? 0);
  return {
    eligible: screened?.data.eligible,
    // A criterion that was named twice is one that was not met.
    reasons: [...new Set(screened?.data.reasons)],
    isEnrolled: settled.enrolment !== undefined,
    randomised: dayZero === undefined ? undefined : dateOf(dayZero),
    // Who was screened and went no further has no other site than that which screened them.
    ...{
      site: site ?? (screened && siteOf(screened.origin ?? screened.source)),
      arm: closed.arm,
      left: left?.how,
    },
    diedAfterwards: left !== undefined && left.how !== 'died' && dayOfDeath(observations, dayZero ?? 0) !== undefined,
    hasDiscontinued: observations.some(({ type }) => type === 'treatment-discontinued'),
    isDosed:
      dayZero === undefined ? undefined : observations.some(({ type, day }) => type === 'dose-given' && day >= dayZero),
    weeks: dayZero === undefined ? {} : weeksOf(of, history),
  };
}

/** How far participants went; `tellsDoses`: whether doses are known of anybody among them who was given one. */
export type FlowPart = {
  readonly people: readonly { readonly participant: string; readonly flow: FlowOfOne }[];
  readonly tellsDoses: boolean;
};

/** How far everybody went of whom something arrived. */
export function participantFlow(of: FlowOf, arrivals: ReadonlyMap<string, Arrivals>): FlowPart {
  const histories = [...arrivals].map(([participant, { open, sealed }]): History => ({ participant, open, sealed }));
  return {
    people: histories.map((history) => ({ participant: history.participant, flow: flowOf(of, history) })),
    tellsDoses: histories.some(({ open, sealed }) => [...open, ...sealed].some(({ type }) => type === 'dose-given')),
  };
}

/** The flow of all parts, in order of the participants' ids. Where nobody is known to have been given a dose, nothing is known of doses. */
export function wholeFlow(parts: readonly FlowPart[]): FlowPart['people'] {
  const tellsDoses = parts.some((part) => part.tellsDoses);
  return parts
    .flatMap(({ people }) => people)
    .map(({ participant, flow }) => ({ participant, flow: tellsDoses ? flow : { ...flow, isDosed: undefined } }))
    .sort((a, b) => (a.participant < b.participant ? -1 : 1));
}
