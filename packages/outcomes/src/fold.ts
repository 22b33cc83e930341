import {
  type AmendedProtocol,
  type CivilDay,
  civilDay,
  isUseMeasure,
  type Measure,
  type Protocol,
  protocolFor,
  siteOf,
} from '@holdfast/events';
import type { ClosedFacts, FirstEvent, Issue, OpenFacts, Spell, StudyDay, ValueFact } from './facts.ts';
import { groupsOf, periodsOf } from './groups.ts';
import type { Effective } from './history/replacing.ts';
import { armOf, type Settled, settleOpen, settleSealed } from './history/settle.ts';
import { matureDays } from './maturity.ts';
import type { MeasureFacts, When } from './measures/measure-fold.ts';
import { judge } from './measures/measure-folds.ts';
import { toldOf } from './measures/told.ts';
import type { History, Observation } from './observation.ts';
import { isOpenMeasure } from './open-measures.ts';
import { actualArm, memberSince, populationOf } from './populations.ts';

/** Raise it when the same events would give other facts: shards made by another version are rebuilt. */
export const foldVersion = 3;

/** A measure as it judged a participant: its facts as of any clock after the day on which they joined its population. */
type JudgedMeasure = {
  readonly measure: Measure;
  readonly since: 'randomisation' | StudyDay;
  factsAt(when: When): MeasureFacts;
};

/**
 * What a participant's history says once identity, replacing and setting aside are settled and its evidence is judged day by day:
 * all that facts depend on but the clock. It is small, so it can be kept for the day that turns.
 */
export type SettledHistory = {
  readonly participant: string;
  readonly dayZero: CivilDay | undefined;
  readonly site: string | undefined;
  readonly groups: OpenFacts['groups'];
  readonly periods: OpenFacts['periods'];
  readonly open: SettledSide;
  readonly closed: SettledSide & { readonly arm: string | undefined; readonly actualArm: string | undefined };
};

type SettledSide = { readonly judged: readonly JudgedMeasure[]; readonly issues: readonly Issue[] };

/**
 * What a participant's open events mean, as of a clock (the newest date known to have begun; undefined: none, and nothing is
 * mature). A function of the set of events: any order, repetition or batching gives the same facts. It is given open events
 * only, so that nothing in it can depend on what is sealed.
 */
export function foldOpen(
  protocol: AmendedProtocol,
  participant: string,
  open: readonly Observation<'open'>[],
  clock: CivilDay | undefined,
): OpenFacts {
  const settled = settleOpen({ participant, open, sealed: [] });
  return openFacts(protocol, { participant, ...openSide(protocol, settled) }, clock);
}

/** Settles both sides of a history and judges its days: everything of the fold that needs no clock. */
export function settle(protocol: Protocol, history: History): SettledHistory {
  const settled = settleOpen(history);
  const sealed = settleSealed(history, settled);
  const open = openSide(protocol, settled);
  const arm = armOf(protocol, settled, sealed)?.data.arm;
  const measures = protocol.measures.filter((measure) => !isOpenMeasure(measure, protocol));
  const givesArms = protocol.populations.some((population) => population.arm === 'actual');
  const observations = measures.length === 0 && !givesArms ? [] : [...settled.observations, ...sealed.observations];
  return {
    participant: history.participant,
    ...open,
    closed: {
      arm,
      actualArm:
        givesArms && open.dayZero !== undefined ? actualArm(protocol, arm, observations, open.dayZero) : undefined,
      judged: judgedMeasures(protocol, measures, settled, observations),
      issues: [...sealed.issues, ...noArm(settled, arm !== undefined)],
    },
  };
}

/** The facts of a settled history as of a clock: the open ones, and what the sealed events add to them. */
export function factsOf(
  protocol: AmendedProtocol,
  settled: SettledHistory,
  clock: CivilDay | undefined,
): { open: OpenFacts; closed: ClosedFacts } {
  const { dayZero, closed } = settled;
  const { arm, actualArm, judged, issues } = closed;
  return {
    open: openFacts(protocol, settled, clock),
    closed: { arm, actualArm, ...measureFacts(protocol, judged, dayZero, clock), issues },
  };
}

/** Folds both sides of a participant's history: settles it, then takes the facts as of the clock. */
export function fold(
  protocol: AmendedProtocol,
  history: History,
  clock: CivilDay | undefined,
): { open: OpenFacts; closed: ClosedFacts } {
  return factsOf(protocol, settle(protocol, history), clock);
}

function openSide(protocol: Protocol, settled: Settled): Omit<SettledHistory, 'participant' | 'closed'> {
  const { enrolment, randomisation, observations, issues } = settled;
  const measures = protocol.measures.filter((measure) => isOpenMeasure(measure, protocol));
  return {
    dayZero: randomisation && civilDay(randomisation.data.date),
    site: (randomisation && siteOfOriginal(randomisation)) ?? (enrolment && siteOfOriginal(enrolment)),
    groups: groupsOf(protocol, settled),
    periods: protocol.periods === undefined ? [] : periodsOf(settled),
    open: { judged: judgedMeasures(protocol, measures, settled, observations), issues },
  };
}

function openFacts(
  protocol: AmendedProtocol,
  { participant, dayZero, site, groups, periods, open }: Omit<SettledHistory, 'closed'>,
  clock: CivilDay | undefined,
): OpenFacts {
  const { judged, issues } = open;
  return { participant, dayZero, site, groups, periods, ...measureFacts(protocol, judged, dayZero, clock), issues };
}

/** The site that sent an observation in the first place, whoever corrected it since. */
function siteOfOriginal({ origin, source }: Effective): string | undefined {
  return siteOf(origin ?? source);
}

function judgedMeasures(
  protocol: Protocol,
  measures: readonly Measure[],
  open: Settled,
  observations: readonly Effective[],
): JudgedMeasure[] {
  const { randomisation, enrolment } = open;
  if (randomisation === undefined || measures.length === 0) return [];
  const dayZero = civilDay(randomisation.data.date);
  const told = toldOf(protocol, observations, dayZero, enrolment?.data.baseline ?? {});
  const judged = measures.flatMap((measure): JudgedMeasure[] => {
    const since = memberSince(populationOf(measure, protocol), observations, dayZero);
    return since === undefined ? [] : [{ measure, since, factsAt: judge(measure, told) }];
  });
  told.forget();
  return judged;
}

function measureFacts(
  protocol: AmendedProtocol,
  judged: readonly JudgedMeasure[],
  dayZero: CivilDay | undefined,
  clock: CivilDay | undefined,
): { spells: Spell[]; firstEvents: FirstEvent[]; values: ValueFact[] } {
  const facts = { spells: [] as Spell[], firstEvents: [] as FirstEvent[], values: [] as ValueFact[] };
  if (dayZero === undefined || judged.length === 0) return facts;
  const schedule = protocolFor(protocol, dayZero);
  const when = whenOf(schedule, dayZero, clock);
  for (const { since, factsAt } of judged) {
    // Who joins a population by a first dose is not in it before.
    if (since !== 'randomisation' && (clock === undefined || clock - dayZero <= since)) continue;
    const { spells, firstEvents, values } = factsAt(when);
    facts.spells.push(...spells);
    facts.firstEvents.push(...firstEvents);
    facts.values.push(...values);
  }
  return facts;
}

/** What one measure says of a participant by some of the observations, whatever the others are. */
export function factsOfMeasure(
  protocol: AmendedProtocol,
  measure: Measure,
  settled: Settled,
  observations: readonly Effective[],
  clock: CivilDay | undefined,
): MeasureFacts {
  const { randomisation } = settled;
  const judged = judgedMeasures(protocol, [measure], settled, observations);
  return measureFacts(protocol, judged, randomisation && civilDay(randomisation.data.date), clock);
}

/** The maturity of days as of a clock; measures that wait for the same visits share it. */
function whenOf(schedule: Protocol, dayZero: CivilDay, clock: CivilDay | undefined): When {
  const known = new Map<string, Uint8Array>();
  return {
    schedule,
    dayZero,
    clock,
    mature: (measure, lastDay) => {
      const waits = isUseMeasure(measure) ? `${measure.evidence} ${measure.biomarkers?.kinds.join(' ')}` : '';
      const key = `${lastDay} ${waits}`;
      const mature = known.get(key) ?? matureDays(schedule, measure, dayZero, lastDay, clock);
      known.set(key, mature);
      return mature;
    },
  };
}

/** The issue of somebody who was randomised while no arm is known. */
export function noArm({ randomisation }: Settled, hasArm: boolean): Issue[] {
  if (randomisation === undefined || hasArm) return [];
  const { type, source, id, sha256 } = randomisation;
  const reason =
    'randomised, but no arm is known: counts only where all arms are taken together; have the randomisation service send arm-assigned';
  return [{ issue: 'no-arm', type, source, id, sha256, reason, counts: true }];
}
