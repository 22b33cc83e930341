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
import { matureDays } from './maturity.ts';
import { firstUse, firstUseSpells } from './measures/first-use.ts';
import { type JudgedDays, judgedDays, maturitySpells } from './measures/participant-days.ts';
import { rollingAbstinenceSpells } from './measures/rolling-abstinence.ts';
import type { History, Observation } from './observation.ts';
import { isOpenMeasure } from './open-measures.ts';

/** Raise it when the same events would give other facts: shards made by another version are rebuilt. */
export const foldVersion = 2;

/** A measure, and what it sees of a participant's days whatever the clock says. */
type MeasuredDays = { readonly measure: Measure; readonly days: JudgedDays };

/**
 * What a participant's history says once identity, replacing and setting aside are settled and its evidence is judged day by day:
 * all that facts depend on but the clock. It is small, so it can be kept for the day that turns.
 */
export type SettledHistory = {
  readonly participant: string;
  readonly dayZero: CivilDay | undefined;
  readonly site: string | undefined;
  readonly open: SettledSide;
  readonly closed: SettledSide & { readonly arm: string | undefined };
};

type SettledSide = { readonly measured: readonly MeasuredDays[]; readonly issues: readonly Issue[] };

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
  const observations = measures.length === 0 ? [] : [...settled.observations, ...sealed.observations];
  return {
    participant: history.participant,
    ...open,
    closed: {
      arm,
      measured: measuredDays(protocol, measures, observations, open.dayZero),
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
  const { arm, measured, issues } = closed;
  return {
    open: openFacts(protocol, settled, clock),
    closed: { arm, ...measureFacts(protocol, measured, dayZero, clock), issues },
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

function openSide(protocol: AmendedProtocol, settled: Settled): Pick<SettledHistory, 'dayZero' | 'site' | 'open'> {
  const { enrolment, randomisation, observations, issues } = settled;
  const dayZero = randomisation && civilDay(randomisation.data.date);
  const measures = protocol.measures.filter((measure) => isOpenMeasure(measure, protocol));
  return {
    dayZero,
    site: (randomisation && siteOfOriginal(randomisation)) ?? (enrolment && siteOfOriginal(enrolment)),
    open: { measured: measuredDays(protocol, measures, observations, dayZero), issues },
  };
}

function openFacts(
  protocol: AmendedProtocol,
  { participant, dayZero, site, open }: Pick<SettledHistory, 'participant' | 'dayZero' | 'site' | 'open'>,
  clock: CivilDay | undefined,
): OpenFacts {
  const { measured, issues } = open;
  return { participant, dayZero, site, ...measureFacts(protocol, measured, dayZero, clock), issues };
}

/** The site that sent an observation in the first place, whoever corrected it since. */
function siteOfOriginal({ origin, source }: Effective): string | undefined {
  return siteOf(origin ?? source);
}

function measuredDays(
  protocol: Protocol,
  measures: readonly Measure[],
  observations: readonly Effective[],
  dayZero: CivilDay | undefined,
): MeasuredDays[] {
  if (dayZero === undefined) return [];
  return measures.map((measure) => {
    const { evidence, ...days } = judgedDays(measure, protocol, observations, dayZero);
    // Its statements say why, which no fact does, and take most of the memory.
    const { covering, confirming } = evidence;
    return { measure, days: { ...days, evidence: { covering, confirming } } };
  });
}

function measureFacts(
  protocol: AmendedProtocol,
  measured: readonly MeasuredDays[],
  dayZero: CivilDay | undefined,
  clock: CivilDay | undefined,
): { spells: Spell[]; firstEvents: FirstEvent[] } {
  const spells: Spell[] = [];
  const firstEvents: FirstEvent[] = [];
  if (dayZero === undefined) return { spells, firstEvents };
  const kept = protocolFor(protocol, dayZero);
  for (const { measure, days: judged } of measured) {
    const days = { ...judged, mature: matureDays(kept, measure, dayZero, judged.lastDay, clock) };
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

/** The issue of somebody who was randomised while no arm is known. */
export function noArm({ randomisation }: Settled, hasArm: boolean): Issue[] {
  if (randomisation === undefined || hasArm) return [];
  const { type, source, id, sha256 } = randomisation;
  const reason =
    'randomised, but no arm is known: counts only where all arms are taken together; have the randomisation service send arm-assigned';
  return [{ issue: 'no-arm', type, source, id, sha256, reason, counts: true }];
}
