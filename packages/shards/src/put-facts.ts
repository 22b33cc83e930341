import { hasRealDates, type Protocol } from '@holdfast/events';
import {
  type CountedDays,
  type Followed,
  type MeasureFacts,
  perRun,
  populationOf,
  type SpellRuns,
  spellsIn,
} from '@holdfast/outcomes';
import { type Cell, groupsText } from '@holdfast/tallies';
import { type TalliedDays, takeBackDays, tallyDays } from './changed-days.ts';
import { changedFacts, FactWriter, type FlatFacts, noDay, noFacts, type TakeChange } from './changed-facts.ts';
import { cellParts, cellsOf, type MeasureCells } from './measure-cells.ts';

export type PutOptions = {
  readonly protocol: Protocol;
  /** How arms are known in the shard. */
  armToken(arm: string): string;
  /** The number of a cell. */
  numberOf(cell: Cell): number;
};

/** What a measure says of a participant, as it is tallied. */
export type TalliedFacts = {
  readonly facts: FlatFacts;
  readonly days: readonly TalliedDays[];
  /** What the facts were made of, if of spells alone; where that stands again, the facts are the same. */
  readonly of?: SpellsInPlace | undefined;
};

type SpellsInPlace = {
  readonly spells: readonly SpellRuns[];
  readonly cells: MeasureCells;
  readonly dayZero: number;
};

export const nothingTallied: TalliedFacts = { facts: noFacts, days: [] };

/**
 * Takes what makes of the facts of a measure (by its place in the protocol) as they are tallied those that it says now; answers what is
 * tallied then.
 */
export type TallyFacts = (measure: number, before: TalliedFacts, now: MeasureFacts, take: TakeChange) => TalliedFacts;

/** What tallying the participants of a trial takes, whoever they are. */
type Tallying = {
  readonly protocol: Protocol;
  readonly armToken: PutOptions['armToken'];
  readonly partOf: ReturnType<typeof cellParts>;
  /** By measure, whether its arm is the one that was given. */
  readonly byActualArm: readonly boolean[];
  readonly axes: readonly Cell['axis'][];
  readonly writer: FactWriter;
  readonly write: (from: number, to: number, n: number) => void;
};

/**
 * What measures say of a participant, as numbers by cell: spells by study day (and by the calendar, where dates are real), first
 * events by outcome, values. In a crossover a spell is cut where a period begins.
 */
export function factTally({ protocol, armToken, numberOf }: PutOptions): (participant: Followed) => TallyFacts {
  const writer = new FactWriter();
  const tallying: Tallying = {
    protocol,
    armToken,
    partOf: cellParts(protocol, numberOf),
    byActualArm: protocol.measures.map((measure) => populationOf(measure, protocol)?.arm === 'actual'),
    axes: hasRealDates(protocol) ? ['study', 'calendar'] : ['study'],
    writer,
    write: (from, to, n) => writer.put(from, to, n),
  };
  return (participant) => {
    const tally = new ParticipantTally(tallying, participant);
    return protocol.periods === undefined
      ? (measure, before, now, take) => tally.everywhere(measure, before, now, take)
      : (measure, before, now, take) => tally.byPeriod(measure, before, now, take);
  };
}

class ParticipantTally {
  private readonly tallying: Tallying;
  private readonly participant: Followed;
  private readonly dayZero: number;
  private readonly groupOn: (day: number) => string;
  private readonly planned: readonly MeasureCells[];
  private readonly actual: readonly MeasureCells[];

  constructor(tallying: Tallying, participant: Followed) {
    const { protocol, byActualArm } = tallying;
    this.tallying = tallying;
    this.participant = participant;
    this.dayZero = participant.dayZero ?? 0;
    this.groupOn = groupByDay(protocol, participant);
    this.planned = this.partOn(participant.arm, 0);
    this.actual = byActualArm.includes(true) ? this.partOn(participant.actualArm, 0) : this.planned;
  }

  /** Tallies where a participant is of the same groups on all days. */
  everywhere(measure: number, before: TalliedFacts, now: MeasureFacts, take: TakeChange): TalliedFacts {
    const { dayZero, tallying } = this;
    const { axes, byActualArm, writer, write } = tallying;
    const { counted, spells, firstEvents, values } = now;
    const cells = cellsOf(byActualArm[measure] ? this.actual : this.planned, measure);
    const days = this.tallyAllDays(cells, before, counted, take);
    const isSpellsOnly = firstEvents.length === 0 && values.length === 0;
    const { of } = before;
    if (isSpellsOnly && of?.spells === spells && of.cells === cells && of.dayZero === dayZero)
      return { facts: before.facts, days, of };
    for (const axis of axes) {
      for (const [place, spell] of spells.entries()) {
        writer.begin(cells.marksInPlace(axis, place, spell));
        putRuns(spell, spell.runs, this.shift(axis), write);
      }
    }
    if (!isSpellsOnly) this.writeByCell(() => cells, now, new Map());
    const facts = this.written(before, take);
    return { facts, days, of: isSpellsOnly ? { spells, cells, dayZero } : undefined };
  }

  /** Tallies where groups change on the way: what holds on days is cut there. */
  byPeriod(measure: number, before: TalliedFacts, now: MeasureFacts, take: TakeChange): TalliedFacts {
    const { participant, tallying } = this;
    const arm = tallying.byActualArm[measure] ? participant.actualArm : participant.arm;
    const cellsOn = (day: number) => cellsOf(this.partOn(arm, day), measure);
    const found = new Map<number, number[]>();
    for (const axis of tallying.axes) {
      for (const spell of [...now.counted.flatMap(spellsIn), ...now.spells]) {
        for (const { from, runs } of cutAtPeriods(spell, participant.periods)) {
          const cell = cellsOn(from).marks(axis, spell);
          putRuns(spell, runs, this.shift(axis), (day, to, n) => putInto(found, cell, day, to, n));
        }
      }
    }
    this.writeByCell(cellsOn, now, found);
    return { facts: this.written(before, take), days: [] };
  }

  private tallyAllDays(
    cells: MeasureCells,
    before: TalliedFacts,
    counted: readonly CountedDays[],
    take: TakeChange,
  ): TalliedDays[] {
    const days: TalliedDays[] = [];
    for (const axis of this.tallying.axes) {
      for (const one of counted) {
        const now = { days: one, cells: cells.kinds(axis, one.kinds), dayZero: this.shift(axis) };
        days.push(tallyDays(before.days[days.length], now, take));
      }
    }
    for (const gone of before.days.slice(days.length)) takeBackDays(gone, take);
    return days;
  }

  /** Writes first events and values, which come in any order, cell by cell; after what was found of other cells. */
  private writeByCell(
    cellsOn: (day: number) => MeasureCells,
    { firstEvents, values }: MeasureFacts,
    found: Map<number, number[]>,
  ): void {
    const { writer } = this.tallying;
    for (const { outcome, day, origin = 0 } of firstEvents)
      putInto(found, cellsOn(day).marks('study', { kind: outcome }), day - origin, noDay, 1);
    for (const { kind, item = '', policy = '', day, value, of } of values)
      putInto(found, cellsOn(day).values(kind, item, policy, of), value, noDay, 1);
    for (const [cell, facts] of found) {
      writer.begin(cell);
      for (let at = 0; at < facts.length; at += 3)
        writer.put(facts[at] ?? 0, facts[at + 1] ?? noDay, facts[at + 2] ?? 0);
    }
  }

  private written({ facts: before }: TalliedFacts, take: TakeChange): FlatFacts {
    const facts = this.tallying.writer.done(before);
    if (facts !== before) changedFacts(before, facts, take);
    return facts;
  }

  private partOn(arm: string | undefined, day: number): readonly MeasureCells[] {
    const { armToken, partOf } = this.tallying;
    return partOf(arm === undefined ? '' : armToken(arm), this.participant.site ?? '', this.groupOn(day));
  }

  /** The day of an axis that study day 0 is. */
  private shift(axis: Cell['axis']): number {
    return axis === 'study' ? 0 : this.dayZero;
  }
}

function putInto(found: Map<number, number[]>, cell: number, from: number, to: number, n: number): void {
  const facts = found.get(cell);
  if (facts === undefined) found.set(cell, [from, to, n]);
  else facts.push(from, to, n);
}

/** What is tallied of runs: where they begin and end; of person-days, which grow and shrink, where that turns. */
function putRuns(
  { kind }: SpellRuns,
  runs: readonly number[],
  shift: number,
  put: (from: number, to: number, n: number) => void,
): void {
  if (kind === 'person-days') {
    for (const [day, n] of turnsOf(runs)) if (n !== 0) put(day + shift, noDay, n);
    return;
  }
  for (let at = 0; at < runs.length; at += perRun)
    put((runs[at] ?? 0) + shift, (runs[at + 1] ?? 0) + shift, runs[at + 2] ?? 0);
}

/** Marks whose running sum, summed up once more, counts the days of runs: a run of any length and slope takes four at most. */
function turnsOf(runs: readonly number[]): ReadonlyMap<number, number> {
  const turns = new Map<number, number>();
  const turn = (day: number, n: number) => turns.set(day, (turns.get(day) ?? 0) + n);
  for (let at = 0; at < runs.length; at += perRun) {
    const [from = 0, to = 0, count = 0, slope = 0] = [runs[at], runs[at + 1], runs[at + 2], runs[at + 3]];
    const last = count + slope * (to - from);
    turn(from, count);
    turn(from + 1, slope - count);
    turn(to + 1, -last - slope);
    turn(to + 2, last);
  }
  return turns;
}

type Grouped = Pick<Followed, 'groups' | 'periods'>;

/** A participant's groups as text, with the period of a crossover that a study day lies in. */
function groupByDay({ periods: declared }: Protocol, { groups, periods }: Grouped): (day: number) => string {
  const plain = groupsText(groups);
  if (declared === undefined) return () => plain;
  const texts = new Map(
    ['', ...periods.map(({ period }) => period)].map((period) => [period, groupsText({ ...groups, period })]),
  );
  return (day) => texts.get(periods.findLast(({ from }) => from <= day)?.period ?? '') ?? plain;
}

/** Runs cut where periods begin, by where each part begins. */
function cutAtPeriods({ runs }: SpellRuns, periods: Grouped['periods']): { from: number; runs: number[] }[] {
  const parts: { from: number; runs: number[] }[] = [];
  for (let at = 0; at < runs.length; at += perRun) {
    const [first = 0, last = 0, count = 0, slope = 0] = [runs[at], runs[at + 1], runs[at + 2], runs[at + 3]];
    const starts = periods.map((period) => period.from).filter((start) => start > first && start <= last);
    for (const [i, from] of [first, ...starts].entries())
      parts.push({ from, runs: [from, (starts[i] ?? last + 1) - 1, count + slope * (from - first), slope] });
  }
  return parts;
}
