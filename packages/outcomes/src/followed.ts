import {
  type AmendedProtocol,
  type CivilDay,
  civilDay,
  isUseMeasure,
  type Measure,
  type ObservationType,
  type Protocol,
  protocolFor,
  shortType,
} from '@holdfast/events';
import type { StudyDay } from './facts.ts';
import { actualArmOf, judgedFacts, noFacts, tellingOf } from './fold.ts';
import { identityKey } from './history/identity.ts';
import { contentNumber, identityNumber, KnownEvents } from './history/known-events.ts';
import { corrected, type Effective } from './history/replacing.ts';
import { armOf, settleOpen, settleSealed } from './history/settle.ts';
import type { CountedDays } from './measures/counted-days.ts';
import type { MeasureFacts, When } from './measures/measure-fold.ts';
import { eventsRead, typesBehind } from './measures/measure-folds.ts';
import { lastDayOf } from './measures/participant-days.ts';
import { type Asked, askedBy, type Telling } from './measures/told.ts';
import { whenOf } from './measures/when.ts';
import type { History, Observation, ObservationOf } from './observation.ts';
import { isOpenMeasure } from './open-measures.ts';
import { populationOf } from './populations.ts';
import { type Standing, standingOf } from './standing.ts';

/**
 * What becomes of an event that comes. `known`: it was here already. `taken`: it says one thing more. `replaces`: it is the first
 * correction of an event that others do not depend on, and can be taken with that one at hand. `settle-anew`: what it means, or what
 * others mean now, takes the whole history to say.
 */
export type Taking = 'known' | 'taken' | 'replaces' | 'settle-anew';

/** What one of the protocol's measures (by its place among them) says of a participant. */
export type FactsByMeasure = readonly (readonly [measure: number, facts: MeasureFacts])[];

/**
 * A participant, followed from event to event: gives at every moment the facts that folding the whole history would give (those
 * policies aside that readers make of others), but most events cost only what they change.
 */
export interface Followed extends Standing {
  readonly arm: string | undefined;
  readonly actualArm: string | undefined;
  /** About how many bytes it takes to follow them. */
  readonly size: number;
  take(observation: Observation): Taking;
  /**
   * Takes a correction that `replaces` its target, given what was sent of that. False where the whole history is needed after all: then
   * nothing else may be asked of this follower.
   */
  takeCorrection(correction: Correction, target: Observation): boolean;
  /**
   * The facts as of a clock that is never put back, of the measures that may say something else than when facts were last asked for:
   * by what was taken since, or by the clock. Days that are counted stand in arrays that are counted into again when facts are next
   * asked for.
   */
  factsAt(clock: CivilDay | undefined): FactsByMeasure;
  /** The first civil day on which the clock alone may change facts since they were last asked for; infinity if none can. */
  readonly turnsOn: CivilDay;
}

type Correction = ObservationOf<'correction'>;

/** Whoever follows a trial's participants. */
export type Follower = (history: History) => Followed;

type Planned = {
  readonly measure: Measure;
  readonly isOpen: boolean;
  /** The event types behind it. */
  readonly types: ReadonlySet<string>;
  /** Those that it reads event by event; of the others it is told by the day. */
  readonly reads: ReadonlySet<string>;
  /** Whether the clock changes what it says only where more days are mature. */
  readonly isByMaturity: boolean;
};

type Plan = {
  readonly protocol: AmendedProtocol;
  readonly measures: readonly Planned[];
  /** What open and closed measures have to be told; undefined where there are none. */
  readonly open: Asked | undefined;
  readonly closed: Asked | undefined;
  /** Whether an event may decide where the participant stands, or what others of their events mean. */
  readonly isDecisive: (observation: Pick<Observation, 'type' | 'day'>, dayZero: CivilDay | undefined) => boolean;
};

export function follower(protocol: AmendedProtocol): Follower {
  const measures = protocol.measures.map((measure) => ({
    measure,
    isOpen: isOpenMeasure(measure, protocol),
    types: new Set<string>(typesBehind(measure, protocol)),
    reads: new Set<string>(eventsRead(measure, protocol)),
    // Nobody is in a population by a first dose before that day is over.
    isByMaturity: isUseMeasure(measure) && populationOf(measure, protocol)?.requires !== 'dose',
  }));
  const asked = (isOpen: boolean): Asked | undefined => {
    const some = measures.filter((one) => one.isOpen === isOpen).map(({ measure }) => measure);
    return some.length === 0 ? undefined : askedBy(protocol, some);
  };
  const plan: Plan = {
    protocol,
    measures,
    open: asked(true),
    closed: asked(false),
    isDecisive: decisiveIn(protocol),
  };
  return (history) => new FollowedParticipant(plan, history);
}

function decisiveIn(protocol: Protocol): Plan['isDecisive'] {
  const types = new Set<ObservationType | 'correction' | 'retraction'>([
    'participant-enrolled',
    'participant-randomised',
    'arm-assigned',
    'correction',
    'retraction',
    ...(protocol.populations.length === 0 ? [] : (['dose-given'] as const)),
    ...(protocol.periods === undefined ? [] : (['period-started'] as const)),
  ]);
  const byScore = protocol.groups.some(({ by }) => typeof by === 'object' && 'score' in by);
  return ({ type, day }, dayZero) =>
    types.has(type) || (byScore && type === 'scale-score' && (dayZero === undefined || day <= dayZero));
}

/**
 * What days counted as for a measure when that was last asked for. `nextMature`: the first day that was not mature then; days before
 * it count as they did until something else is said of them. `turnsOn`: the first civil day on which the clock may change what it says.
 */
type LastCounted = {
  readonly counted: readonly CountedDays[];
  readonly nextMature: StudyDay;
  readonly turnsOn: CivilDay;
};

class FollowedParticipant implements Followed {
  readonly participant: string;
  readonly dayZero: Standing['dayZero'];
  readonly site: Standing['site'];
  readonly groups: Standing['groups'];
  readonly periods: Standing['periods'];
  readonly arm: string | undefined;
  readonly actualArm: string | undefined;
  private readonly plan: Plan;
  private readonly known = new KnownEvents();
  /** Identities that stand in a relation to others, by number: replaced, replacing, or of several contents. */
  private readonly entangled = new Set<number>();
  /** Whether a correction or retraction waits for an event that has not come: whatever comes may be it. */
  private readonly isWaiting: boolean;
  private readonly openTold: Telling | undefined;
  private readonly closedTold: Telling | undefined;
  /** By type of what was taken, the first study day of which something else may be said now. */
  private readonly touched = new Map<string, StudyDay>();
  private readonly counted: LastCounted[] = [];
  /** About how many bytes these take. */
  private countedSize = 0;

  constructor(plan: Plan, history: History) {
    const { protocol, open, closed } = plan;
    const settled = settleOpen(history, new Set(history.sealed.map(identityKey)));
    const sealed = settleSealed(history, settled);
    const standing = standingOf(protocol, history.participant, settled);
    this.participant = standing.participant;
    this.dayZero = standing.dayZero;
    this.site = standing.site;
    this.groups = standing.groups;
    this.periods = standing.periods;
    const both = [...settled.observations, ...sealed.observations];
    this.arm = armOf(protocol, settled, sealed)?.data.arm;
    this.actualArm = actualArmOf(protocol, this.arm, settled, both);
    this.plan = plan;
    this.openTold = open && tellingOf(open, settled, settled.observations);
    this.closedTold = closed && tellingOf(closed, settled, both);
    for (const observation of [...history.open, ...history.sealed]) this.know(observation);
    this.isWaiting = [...settled.issues, ...sealed.issues].some(({ issue }) => issue === 'target-not-seen');
  }

  get size(): number {
    const told = (this.openTold?.size ?? 0) + (this.closedTold?.size ?? 0);
    return 1_000 + 14 * this.known.size + told + this.countedSize;
  }

  take(observation: Observation): Taking {
    const [identity, content] = [identityNumber(observation), contentNumber(observation)];
    const seen = this.known.look(identity, content);
    if (seen === 'same') return 'known';
    if (seen === 'other' || this.isWaiting || this.entangled.has(identity)) return 'settle-anew';
    if (observation.type === 'correction' && this.mayReplace(observation)) return 'replaces';
    if (this.plan.isDecisive(observation, this.dayZero)) return 'settle-anew';
    this.known.add(identity, content);
    // What replaces others is decisive: this stands for itself.
    const effective = observation as Effective;
    const { type, side } = observation;
    const ofOpen = side === 'open' ? this.openTold?.add(effective) : undefined;
    this.touch(type, ofOpen, this.closedTold?.add(effective));
    return 'taken';
  }

  takeCorrection(correction: Correction, target: Observation): boolean {
    const { dayZero, plan, openTold, closedTold } = this;
    // What is not decisive stands for itself.
    if (this.known.look(identityNumber(target), contentNumber(target)) !== 'same' || plan.isDecisive(target, dayZero))
      return false;
    const [before, now] = [target as Effective, corrected(target, correction)];
    const ofOpen = openTold === undefined ? Number.POSITIVE_INFINITY : openTold.replace(before, now);
    const ofClosed = closedTold === undefined ? Number.POSITIVE_INFINITY : closedTold.replace(before, now);
    if (ofOpen === undefined || ofClosed === undefined) return false;
    this.know(correction);
    for (const type of [before.type, now.type]) this.touch(type, ofOpen, ofClosed);
    return true;
  }

  /**
   * Whether a correction is of an open event that is known, that nothing else was said of, and that stays as little decisive as it can
   * be. (Sealed ones would have to be unsealed to be found.)
   */
  private mayReplace({ side, data }: Correction): boolean {
    const target = identityNumber({ side, ...data.target });
    const { type, time } = data.event;
    const is = { type: shortType(type) as Observation['type'], day: civilDay(time) };
    return (
      side === 'open' &&
      this.known.has(target) &&
      !this.entangled.has(target) &&
      !this.plan.isDecisive(is, this.dayZero)
    );
  }

  private know(observation: Observation): void {
    const identity = identityNumber(observation);
    if (this.known.has(identity)) this.entangled.add(identity);
    if (observation.type === 'correction' || observation.type === 'retraction') {
      const { side, data } = observation;
      this.entangled.add(identity).add(identityNumber({ side, ...data.target }));
      // An open retraction is one of the sealed side, too, and acts there.
      const { source, id } = observation;
      this.entangled.add(identityNumber({ side: 'sealed', source, id }));
      this.entangled.add(identityNumber({ side: 'sealed', ...data.target }));
    }
    this.known.add(identity, contentNumber(observation));
  }

  /** Notes of what type something came, and the first day that it changes. */
  private touch(type: string, ofOpen: StudyDay | undefined, ofClosed: StudyDay | undefined): void {
    const from = Math.min(ofOpen ?? Number.POSITIVE_INFINITY, ofClosed ?? Number.POSITIVE_INFINITY);
    this.touched.set(type, Math.min(from, this.touched.get(type) ?? Number.POSITIVE_INFINITY));
  }

  get turnsOn(): CivilDay {
    return this.counted.reduce((first, { turnsOn }) => Math.min(first, turnsOn), Number.POSITIVE_INFINITY);
  }

  factsAt(clock: CivilDay | undefined): FactsByMeasure {
    const { dayZero, plan, touched } = this;
    const schedule = dayZero === undefined ? undefined : protocolFor(plan.protocol, dayZero);
    const when = schedule && whenOf(schedule, dayZero ?? 0, clock, { forTallies: true });
    const found: (readonly [number, MeasureFacts])[] = [];
    for (const [place, planned] of plan.measures.entries()) {
      const last = this.counted[place];
      const mature = when && matureFor(planned, when, plan.protocol);
      const ofTouched = touchedFrom(planned, touched, mature);
      const isTurned = last === undefined || (clock !== undefined && clock >= last.turnsOn);
      if (!isTurned && ofTouched === undefined) continue;
      const told = planned.isOpen ? this.openTold : this.closedTold;
      const ofClock = isTurned ? last?.nextMature : undefined;
      const before = last && {
        counted: last.counted,
        from: Math.min(ofTouched ?? Number.POSITIVE_INFINITY, ofClock ?? Number.POSITIVE_INFINITY),
      };
      const made =
        told === undefined || when === undefined ? noFacts : judgedFacts(planned.measure, told, when, before);
      const turnsOn = when === undefined ? Number.POSITIVE_INFINITY : nextTurn(planned, when, plan.protocol);
      this.counted[place] = { counted: made.counted, nextMature: firstNotMature(mature), turnsOn };
      this.countedSize += sizeOf(made.counted) - sizeOf(last?.counted ?? []);
      found.push([place, made]);
    }
    this.openTold?.forgetDays();
    this.closedTold?.forgetDays();
    touched.clear();
    return found;
  }
}

function sizeOf(counted: readonly CountedDays[]): number {
  return counted.reduce((size, { codes }) => size + 120 + codes.byteLength, 0);
}

/** The first civil day after a clock on which that alone may change what a measure says of somebody randomised. */
function nextTurn({ measure, isByMaturity }: Planned, when: When, protocol: Protocol): CivilDay {
  if (!isByMaturity || !isUseMeasure(measure)) return (when.clock ?? Number.NEGATIVE_INFINITY) + 1;
  return when.maturesNext(measure, lastDayOf(measure.horizon, protocol, when.dayZero));
}

/** The maturity of days of use, for a measure of these; undefined for others. */
function matureFor({ measure }: Planned, when: When, protocol: Protocol): Uint8Array | undefined {
  return isUseMeasure(measure) ? when.mature(measure, lastDayOf(measure.horizon, protocol, when.dayZero)) : undefined;
}

/** The first study day that is not mature; 0 where none is, or where that is not asked. */
function firstNotMature(mature: Uint8Array | undefined): StudyDay {
  if (mature === undefined) return 0;
  const gap = mature.indexOf(0, 1);
  if (gap === 1) return 0;
  return gap < 0 ? mature.length : gap;
}

/**
 * The first study day of which a measure may say something else than before what was taken; undefined if there is none. Of days that
 * are not mature it says nothing yet.
 */
function touchedFrom(
  { types, reads }: Planned,
  touched: ReadonlyMap<string, StudyDay>,
  mature: Uint8Array | undefined,
): StudyDay | undefined {
  let first: StudyDay | undefined;
  for (const [type, from] of touched) {
    if (!types.has(type)) continue;
    if (mature === undefined || reads.has(type)) return 0;
    if (from <= mature.lastIndexOf(1)) first = Math.min(first ?? from, from);
  }
  return first;
}
