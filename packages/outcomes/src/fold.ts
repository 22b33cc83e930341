import { type AmendedProtocol, type CivilDay, type Measure, type Protocol, protocolFor } from '@holdfast/events';
import type { ClosedFacts, FirstEvent, Issue, OpenFacts, Spell, ValueFact } from './facts.ts';
import type { Effective } from './history/replacing.ts';
import { armOf, type Settled, settleOpen, settleSealed } from './history/settle.ts';
import { spellsIn } from './measures/counted-days.ts';
import type { CountedBefore, MeasureFacts, When } from './measures/measure-fold.ts';
import { judge } from './measures/measure-folds.ts';
import { type Asked, askedBy, Telling } from './measures/told.ts';
import { whenOf } from './measures/when.ts';
import type { History, Observation } from './observation.ts';
import { isOpenMeasure } from './open-measures.ts';
import { actualArm, memberSince, populationOf } from './populations.ts';
import { spellsOf } from './spells.ts';
import { dayZeroOf, standingOf } from './standing.ts';

/** Raise it when the same events would give other facts: shards made by another version are rebuilt. */
export const foldVersion = 5;

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
  return openFacts(protocol, participant, settled, clock);
}

/** Folds both sides of a participant's history: the facts of the open events, and what the sealed ones add to them. */
export function fold(
  protocol: AmendedProtocol,
  history: History,
  clock: CivilDay | undefined,
): { open: OpenFacts; closed: ClosedFacts } {
  const settled = settleOpen(history);
  const sealed = settleSealed(history, settled);
  const arm = armOf(protocol, settled, sealed)?.data.arm;
  const measures = protocol.measures.filter((measure) => !isOpenMeasure(measure, protocol));
  const observations = [...settled.observations, ...sealed.observations];
  return {
    open: openFacts(protocol, history.participant, settled, clock),
    closed: {
      arm,
      actualArm: actualArmOf(protocol, arm, settled, observations),
      ...measureFacts(protocol, measures, settled, observations, clock),
      issues: [...sealed.issues, ...noArm(settled, arm !== undefined)],
    },
  };
}

/** As `foldOpen`, of open events that are settled already. */
export function openFacts(
  protocol: AmendedProtocol,
  participant: string,
  settled: Settled,
  clock: CivilDay | undefined,
): OpenFacts {
  const measures = protocol.measures.filter((measure) => isOpenMeasure(measure, protocol));
  return {
    ...standingOf(protocol, participant, settled),
    ...measureFacts(protocol, measures, settled, settled.observations, clock),
    issues: settled.issues,
  };
}

/** The arm that was actually given, where a population asks for it. */
export function actualArmOf(
  protocol: Protocol,
  planned: string | undefined,
  settled: Settled,
  observations: readonly Effective[],
): string | undefined {
  const dayZero = dayZeroOf(settled);
  const isAsked = protocol.populations.some((population) => population.arm === 'actual');
  return isAsked && dayZero !== undefined ? actualArm(protocol, planned, observations, dayZero) : undefined;
}

/** Tells some measures what counts of a participant's events; undefined while the participant is not randomised. */
export function tellingOf(asked: Asked, settled: Settled, observations: readonly Effective[]): Telling | undefined {
  const dayZero = dayZeroOf(settled);
  if (dayZero === undefined) return undefined;
  const told = new Telling(asked, dayZero, settled.enrolment?.data.baseline ?? {});
  for (const observation of observations) told.add(observation);
  return told;
}

/** What is said of who is not measured. */
export const noFacts: MeasureFacts = { counted: [], spells: [], firstEvents: [], values: [] };

/** What a measure says by what it was told. Who joins its population by a first dose is not in it before. */
export function judgedFacts(measure: Measure, told: Telling, when: When, before?: CountedBefore): MeasureFacts {
  const { protocol, dayZero, observations } = told;
  const since = memberSince(populationOf(measure, protocol), observations, dayZero);
  if (since === undefined) return noFacts;
  if (since !== 'randomisation' && (when.clock === undefined || when.clock - dayZero <= since)) return noFacts;
  return judge(measure, told)(when, before);
}

function measureFacts(
  protocol: AmendedProtocol,
  measures: readonly Measure[],
  settled: Settled,
  observations: readonly Effective[],
  clock: CivilDay | undefined,
): { spells: Spell[]; firstEvents: FirstEvent[]; values: ValueFact[] } {
  const facts = { spells: [] as Spell[], firstEvents: [] as FirstEvent[], values: [] as ValueFact[] };
  const told = measures.length === 0 ? undefined : tellingOf(askedBy(protocol, measures), settled, observations);
  if (told === undefined) return facts;
  const when = whenOf(protocolFor(protocol, told.dayZero), told.dayZero, clock, { forTallies: false });
  for (const measure of measures) {
    const { counted, spells, firstEvents, values } = judgedFacts(measure, told, when);
    for (const runs of [...spells, ...counted.flatMap(spellsIn)]) facts.spells.push(...spellsOf(runs));
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
): Pick<OpenFacts, 'spells' | 'firstEvents' | 'values'> {
  return measureFacts(protocol, [measure], settled, observations, clock);
}

/** The issue of somebody who was randomised while no arm is known. */
export function noArm({ randomisation }: Settled, hasArm: boolean): Issue[] {
  if (randomisation === undefined || hasArm) return [];
  const { type, source, id, sha256 } = randomisation;
  const reason =
    'randomised, but no arm is known: counts only where all arms are taken together; have the randomisation service send arm-assigned';
  return [{ issue: 'no-arm', type, source, id, sha256, reason, counts: true }];
}
