import {
  type AmendedProtocol,
  type CivilDay,
  civilDay,
  type Measure,
  type Protocol,
  protocolFor,
  siteOf,
} from '@holdfast/events';
import type { ClosedFacts, FirstEvent, Issue, OpenFacts, Spell } from './facts.ts';
import type { Effective } from './history/replacing.ts';
import { armOf, type Settled, settleOpen, settleSealed } from './history/settle.ts';
import { firstUse, firstUseSpells } from './measures/first-use.ts';
import { maturitySpells, participantDays } from './measures/participant-days.ts';
import { rollingAbstinenceSpells } from './measures/rolling-abstinence.ts';
import type { History, Observation } from './observation.ts';
import { isOpenMeasure, typesBehindAny } from './open-measures.ts';

/** Raise it when the same events would give other facts: shards made by another version are rebuilt. */
export const foldVersion = 2;

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
  return openFacts(protocol, participant, settleOpen({ participant, open, sealed: [] }), clock);
}

/** A participant's history, settled on both sides: all that facts still depend on but the clock. */
export type SettledHistory = { readonly participant: string; readonly open: Settled; readonly sealed: Settled };

/** Settles both sides of a history, and keeps of the observations those that a measure of the protocol looks at. */
export function settle(protocol: Protocol, history: History): SettledHistory {
  const open = settleOpen(history);
  const sealed = settleSealed(history, open);
  const behind = typesBehindAny(protocol);
  const kept = (settled: Settled): Settled => ({
    ...settled,
    observations: settled.observations.filter(({ type }) => behind.has(type)),
  });
  return { participant: history.participant, open: kept(open), sealed: kept(sealed) };
}

/** The facts of a settled history as of a clock: the open ones, and what the sealed events add to them. */
export function factsOf(
  protocol: AmendedProtocol,
  { participant, open: settled, sealed }: SettledHistory,
  clock: CivilDay | undefined,
): { open: OpenFacts; closed: ClosedFacts } {
  const open = openFacts(protocol, participant, settled, clock);
  const arm = armOf(protocol, settled, sealed);
  const closedMeasures = protocol.measures.filter((measure) => !isOpenMeasure(measure, protocol));
  const observations = closedMeasures.length === 0 ? [] : [...settled.observations, ...sealed.observations];
  const measured = measureFacts(protocol, closedMeasures, observations, open.dayZero, clock);
  return {
    open,
    closed: { arm: arm?.data.arm, ...measured, issues: [...sealed.issues, ...noArm(settled, arm !== undefined)] },
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

function openFacts(
  protocol: AmendedProtocol,
  participant: string,
  settled: Settled,
  clock: CivilDay | undefined,
): OpenFacts {
  const { enrolment, randomisation, observations, issues } = settled;
  const dayZero = randomisation && civilDay(randomisation.data.date);
  const measures = protocol.measures.filter((measure) => isOpenMeasure(measure, protocol));
  return {
    participant,
    dayZero,
    site: (randomisation && siteOfOriginal(randomisation)) ?? (enrolment && siteOfOriginal(enrolment)),
    ...measureFacts(protocol, measures, observations, dayZero, clock),
    issues,
  };
}

/** The site that sent an observation in the first place, whoever corrected it since. */
function siteOfOriginal({ origin, source }: Effective): string | undefined {
  return siteOf(origin ?? source);
}

function measureFacts(
  protocol: AmendedProtocol,
  measures: readonly Measure[],
  observations: readonly Effective[],
  dayZero: CivilDay | undefined,
  clock: CivilDay | undefined,
): { spells: Spell[]; firstEvents: FirstEvent[] } {
  const spells: Spell[] = [];
  const firstEvents: FirstEvent[] = [];
  if (dayZero === undefined) return { spells, firstEvents };
  const kept = protocolFor(protocol, dayZero);
  for (const measure of measures) {
    const days = participantDays(measure, kept, observations, dayZero, clock);
    spells.push(...maturitySpells(measure, days));
    switch (measure.kind) {
      case 'rolling-abstinence':
        spells.push(...rollingAbstinenceSpells(measure, kept, days));
        break;
      case 'first-use': {
        const event = firstUse(measure, days);
        firstEvents.push(event);
        spells.push(...firstUseSpells(measure, event, days));
        break;
      }
    }
  }
  return { spells, firstEvents };
}

function noArm({ randomisation }: Settled, hasArm: boolean): Issue[] {
  if (randomisation === undefined || hasArm) return [];
  const { type, source, id, sha256 } = randomisation;
  const reason =
    'randomised, but no arm is known: counts only where all arms are taken together; have the randomisation service send arm-assigned';
  return [{ issue: 'no-arm', type, source, id, sha256, reason, counts: true }];
}
