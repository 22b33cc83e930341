import type { CivilDay } from '@holdfast/events';
import type { Followed, Follower, History, Observation } from '@holdfast/outcomes';
import type { Arrivals } from './arrivals.ts';
import type { BatchDifference } from './batch-difference.ts';
import type { Evidence } from './evidence.ts';
import { nothingTallied, type TalliedFacts, type TallyFacts } from './put-facts.ts';

/**
 * A participant as the shard remembers them: what follows their events, and their facts as they are tallied, measure by measure.
 * `size`: about how many bytes that is; `tallied`: those of the facts.
 */
type Remembered = { followed: Followed; facts: TalliedFacts[]; tallied: number; size: number };

export type ParticipantsOptions = {
  readonly follow: Follower;
  readonly evidence: Evidence;
  readonly tallyOf: (participant: Followed) => TallyFacts;
  /** Whether the shard has evidence of a participant. */
  readonly isKnown: (participant: string) => boolean;
  /** Bytes, about, of the participants that are remembered. Of others the evidence is read again when something of them comes. */
  readonly mostRemembered: number;
};

/** Participants whose evidence is read at once when a day turns: bounds memory. */
const participantsPerStage = 100;

type Target = { readonly source: string; readonly id: string };

/** Whom a batch brought something of, by name. */
type Touched = ReadonlyMap<string, Remembered>;

/**
 * The participants of a shard: takes in what comes of them, and says what that changes in their facts. Facts are kept nowhere else:
 * they are a function of evidence and clock, which are.
 */
export class Participants {
  private readonly options: ParticipantsOptions;
  private readonly remembered = new Map<string, Remembered>();
  /** Of whom facts were counted, remembered or not, the first day that may change them by itself: before it nobody looks at them. */
  private readonly turnsOn = new Map<string, CivilDay>();
  private bytes = 0;

  constructor(options: ParticipantsOptions) {
    this.options = options;
  }

  /**
   * Takes in arrivals and keeps what is new of them; `count` or `turn` counts what they change. `clock`: as it stands before them, for
   * whose facts are not remembered. Whoever's evidence has to be read for it waits until all others are done: it is read for all of them
   * at once.
   */
  async take(
    arrivals: AsyncIterable<readonly [participant: string, Arrivals]> | ReadonlyMap<string, Arrivals>,
    clock: CivilDay | undefined,
  ): Promise<Touched> {
    const touched = new Map<string, Remembered>();
    const [correcting, unsettled] = [new Waiting(), new Waiting()];
    await this.options.evidence.keep(async (keep, flush) => {
      for await (const [name, arrived] of arrivals) {
        const known = touched.get(name) ?? this.remembered.get(name);
        if (unsettled.has(name)) unsettled.add(name, arrived);
        else if (correcting.has(name)) correcting.add(name, arrived);
        else if (known === undefined && this.options.isKnown(name)) unsettled.add(name, arrived);
        else if (known === undefined) {
          const fresh = freshOf(undefined, name, arrived);
          keep(fresh);
          touched.set(name, remembering(this.options.follow(fresh), []));
        } else if (targetsIn(arrived).length > 0) correcting.add(name, arrived);
        else {
          const fresh = taken(known.followed, name, arrived, []);
          if (fresh === undefined) unsettled.add(name, arrived);
          else {
            keep(fresh);
            touched.set(name, known);
          }
        }
      }
      // Who is handed over again and waits now may have been kept already.
      if ([...correcting.keys(), ...unsettled.keys()].some((name) => touched.has(name))) flush();
      await this.takeCorrections(correcting, touched, unsettled, keep);
      await this.settleAnew(unsettled, touched, clock, keep);
    });
    return touched;
  }

  /** Takes in arrivals with corrections of participants who are remembered, with what these replace; or leaves them unsettled. */
  private async takeCorrections(
    correcting: Waiting,
    touched: Map<string, Remembered>,
    unsettled: Waiting,
    keep: (fresh: History) => void,
  ): Promise<void> {
    const wanted = new Map([...correcting].map(([name, arrived]) => [name, targetsIn(arrived)]));
    const targets = await this.options.evidence.openEvents(wanted);
    for (const [name, arrived] of correcting) {
      const known = touched.get(name) ?? this.remembered.get(name);
      const fresh = known && taken(known.followed, name, arrived, targets.get(name) ?? []);
      if (known === undefined || fresh === undefined) unsettled.add(name, arrived);
      else {
        keep(fresh);
        touched.set(name, known);
      }
    }
  }

  /** Takes in arrivals by settling the whole history of whom they are of. */
  private async settleAnew(
    unsettled: Waiting,
    touched: Map<string, Remembered>,
    clock: CivilDay | undefined,
    keep: (fresh: History) => void,
  ): Promise<void> {
    const { follow, evidence } = this.options;
    const histories = await evidence.of([...unsettled.keys()]);
    for (const [name, arrived] of unsettled) {
      const before = histories.get(name);
      const fresh = freshOf(before, name, arrived);
      const known = touched.get(name) ?? this.remembered.get(name);
      const facts = known?.facts ?? (before === undefined ? [] : this.factsOf(follow(before), clock));
      keep(fresh);
      touched.set(name, remembering(follow(before === undefined ? fresh : joined(before, fresh)), facts));
    }
  }

  /** Counts what changed in the facts of those who were touched. */
  count(touched: Touched, clock: CivilDay | undefined, difference: BatchDifference): void {
    for (const participant of touched.values()) this.recount(participant, clock, difference);
  }

  /** A day has turned: counts what changes in the facts of those who were touched, and of everybody whom the day may change. */
  async turn(
    everybody: readonly string[],
    touched: Touched,
    [from, to]: readonly [CivilDay | undefined, CivilDay],
    difference: BatchDifference,
  ): Promise<void> {
    const { follow, evidence } = this.options;
    const moved = everybody.filter((name) => touched.has(name) || (this.turnsOn.get(name) ?? to) <= to);
    for (let i = 0; i < moved.length; i += participantsPerStage) {
      const names = moved.slice(i, i + participantsPerStage);
      // Looked up for all of the stage first: who is counted makes the shard forget others, maybe of the same stage.
      const here = new Map(names.map((name) => [name, touched.get(name) ?? this.remembered.get(name)]));
      const histories = await evidence.of(names.filter((name) => here.get(name) === undefined));
      for (const name of names) {
        let participant = here.get(name);
        if (participant === undefined) {
          const history = histories.get(name);
          if (history === undefined) throw new Error(`there is no evidence of ${name}, whom the shard knows`);
          const followed = follow(history);
          participant = remembering(followed, this.factsOf(followed, from));
        }
        this.recount(participant, to, difference);
      }
    }
  }

  private recount(participant: Remembered, clock: CivilDay | undefined, difference: BatchDifference): void {
    const { followed, facts } = participant;
    const tally = this.options.tallyOf(followed);
    for (const [measure, now] of followed.factsAt(clock)) {
      const before = facts[measure] ?? nothingTallied;
      const after = tally(measure, before, now, difference.add);
      facts[measure] = after;
      participant.tallied += bytesOf(after) - bytesOf(before);
    }
    this.turnsOn.set(followed.participant, followed.turnsOn);
    this.remember(participant);
  }

  /** The facts of somebody who is not remembered, as they are tallied. */
  private factsOf(followed: Followed, clock: CivilDay | undefined): TalliedFacts[] {
    const tally = this.options.tallyOf(followed);
    const facts: TalliedFacts[] = [];
    for (const [measure, now] of followed.factsAt(clock))
      facts[measure] = tally(measure, nothingTallied, now, () => undefined);
    return facts;
  }

  private remember(participant: Remembered): void {
    const name = participant.followed.participant;
    this.bytes -= this.remembered.get(name)?.size ?? 0;
    participant.size = participant.followed.size + participant.tallied;
    this.bytes += participant.size;
    this.remembered.delete(name);
    this.remembered.set(name, participant);
    for (const [oldest, { size }] of this.remembered) {
      if (this.bytes <= this.options.mostRemembered || oldest === name) break;
      this.remembered.delete(oldest);
      this.bytes -= size;
    }
  }
}

function remembering(followed: Followed, facts: TalliedFacts[]): Remembered {
  return { followed, facts, tallied: facts.reduce((bytes, one) => bytes + bytesOf(one), 0), size: 0 };
}

function bytesOf({ facts, days }: TalliedFacts): number {
  return 200 + facts.byteLength + days.reduce((bytes, { codes }) => bytes + 150 + codes.byteLength, 0);
}

/** What arrived of participants who wait, by name. */
class Waiting extends Map<string, Arrivals> {
  add(name: string, { open, sealed }: Arrivals): void {
    const before = this.get(name);
    this.set(name, { open: [...(before?.open ?? []), ...open], sealed: [...(before?.sealed ?? []), ...sealed] });
  }
}

/** What open corrections would replace. */
function targetsIn({ open }: Arrivals): readonly Target[] {
  return open.flatMap((one) => (one.type === 'correction' ? [one.data.target] : []));
}

/**
 * Lets a participant's follower take what arrived; `kept` are the events that corrections may be of. Undefined if their whole history has
 * to be settled anew.
 */
function taken(
  followed: Followed,
  participant: string,
  { open, sealed }: Arrivals,
  kept: readonly Observation<'open'>[],
): History | undefined {
  const freshOpen = takenOf(followed, open, kept);
  const freshSealed = freshOpen && takenOf(followed, sealed, []);
  return freshSealed && { participant, open: freshOpen, sealed: freshSealed };
}

function takenOf<T extends Observation>(
  followed: Followed,
  arrived: readonly T[],
  kept: readonly Observation[],
): readonly T[] | undefined {
  const fresh: T[] = [];
  for (const observation of arrived) {
    const taking = followed.take(observation);
    if (taking === 'known') continue;
    if (taking === 'settle-anew') return undefined;
    if (taking === 'replaces' && !hasReplaced(followed, observation, [...kept, ...fresh])) return undefined;
    fresh.push(observation);
  }
  return fresh;
}

/** Lets a follower take a correction, if what it replaces is at hand. */
function hasReplaced(followed: Followed, observation: Observation, among: readonly Observation[]): boolean {
  if (observation.type !== 'correction') return false;
  const { source, id } = observation.data.target;
  const target = among.find((one) => one.source === source && one.id === id);
  return target !== undefined && followed.takeCorrection(observation, target);
}

function joined(before: History, fresh: History): History {
  const { participant, open, sealed } = before;
  return { participant, open: [...open, ...fresh.open], sealed: [...sealed, ...fresh.sealed] };
}

/** What arrived of a participant and is not known yet. */
export function freshOf(before: History | undefined, participant: string, { open, sealed }: Arrivals): History {
  return { participant, open: notAmong(before?.open, open), sealed: notAmong(before?.sealed, sealed) };
}

/** What arrived and is not known yet; equal content is one observation. */
function notAmong<T extends Observation>(known: readonly T[] | undefined, arrived: readonly T[]): readonly T[] {
  const digests = new Set((known ?? []).map(({ sha256 }) => sha256));
  return arrived.filter(({ sha256 }) => !digests.has(sha256) && digests.add(sha256));
}
