import { hasRealDates, type Protocol } from '@holdfast/events';
import { type Followed, type MeasureFacts, perRun, populationOf, type SpellRuns, spellsIn } from '@holdfast/outcomes';
import { type Cell, groupsText } from '@holdfast/tallies';
import { type DaysNow, type TalliedDays, tallyDays } from './changed-days.ts';
import { changedFacts, FactWriter, type FlatFacts, noDay, noFacts, type TakeChange } from './changed-facts.ts';

export type PutOptions = {
  readonly protocol: Protocol;
  /** How arms are known in the shard. */
  armToken(arm: string): string;
  /** The number of a cell. */
  numberOf(cell: Cell): number;
};

/** What a measure says of a participant, as it is tallied. */
export type TalliedFacts = { readonly facts: FlatFacts; readonly days: readonly TalliedDays[] };

export const nothingTallied: TalliedFacts = { facts: noFacts, days: [] };

/**
 * Takes what makes of the facts of a measure (by its place in the protocol) as they are tallied those that it says now; answers what is
 * tallied then.
 */
export type TallyFacts = (measure: number, before: TalliedFacts, now: MeasureFacts, take: TakeChange) => TalliedFacts;

/**
 * What measures say of a participant, as numbers by cell: spells by study day (and by the calendar, where dates are real), first
 * events by outcome, values. In a crossover a spell is cut where a period begins.
 */
export function factTally({ protocol, armToken, numberOf }: PutOptions): (participant: Followed) => TallyFacts {
  const byActualArm = protocol.measures.map((measure) => populationOf(measure, protocol)?.arm === 'actual');
  const axes: readonly Cell['axis'][] = hasRealDates(protocol) ? ['study', 'calendar'] : ['study'];
  const partOf = cellParts(protocol, numberOf);
  const writer = new FactWriter();
  const putNext = (from: number, to: number, n: number) => writer.put(from, to, n);
  return (participant) => {
    const { arm, actualArm, site = '', periods, dayZero = 0 } = participant;
    const [planned, actual] = [arm, actualArm].map((one) => (one === undefined ? '' : armToken(one)));
    const groupOn = groupByDay(protocol, participant);
    return (measure, before, { counted, spells, firstEvents, values }, take) => {
      const whoseArm = (byActualArm[measure] ? actual : planned) ?? '';
      const cellsOn = (day: number) => partOf(whoseArm, site, groupOn(day), measure);
      const everywhere = protocol.periods === undefined ? cellsOn(0) : undefined;
      // What does not come cell by cell, by cell.
      const found = new Map<number, number[]>();
      const put = (cell: number, from: number, to: number, n: number) => {
        const facts = found.get(cell);
        if (facts === undefined) found.set(cell, [from, to, n]);
        else facts.push(from, to, n);
      };
      const days: DaysNow[] = [];
      for (const axis of axes) {
        const shift = axis === 'study' ? 0 : dayZero;
        if (everywhere !== undefined) {
          for (const one of counted) days.push({ days: one, cells: everywhere.kinds(axis, one.kinds), dayZero: shift });
          for (const [place, spell] of spells.entries()) {
            writer.begin(everywhere.marksInPlace(axis, place, spell));
            putRuns(spell, spell.runs, shift, putNext);
          }
          continue;
        }
        for (const spell of [...counted.flatMap(spellsIn), ...spells]) {
          for (const { from, runs } of cutAtPeriods(spell, periods)) {
            const cell = cellsOn(from).marks(axis, spell);
            putRuns(spell, runs, shift, (day, to, n) => put(cell, day, to, n));
          }
        }
      }
      for (const { outcome, day, origin = 0 } of firstEvents)
        put((everywhere ?? cellsOn(day)).marks('study', { kind: outcome }), day - origin, noDay, 1);
      for (const { kind, item = '', policy = '', day, value, of } of values)
        put((everywhere ?? cellsOn(day)).values(kind, item, policy, of), value, noDay, 1);
      for (const [cell, facts] of found) {
        writer.begin(cell);
        for (let at = 0; at < facts.length; at += 3)
          writer.put(facts[at] ?? 0, facts[at + 1] ?? noDay, facts[at + 2] ?? 0);
      }
      const facts = writer.done(before.facts);
      if (facts !== before.facts) changedFacts(before.facts, facts, take);
      const most = Math.max(before.days.length, days.length);
      const tallied = Array.from({ length: most }, (_, i) => tallyDays(before.days[i], days[i], take) ?? []).flat();
      return { facts, days: tallied };
    };
  };
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

type Marked = { readonly kind: string; readonly window?: number | undefined; readonly policy?: string | undefined };

/**
 * The cells of one measure for those who are of one arm, site and groups. A participant has hundreds of facts and most are of one such
 * part, so what else makes a cell is looked up by itself, step by step: to make one text of it for every fact would take longer than
 * all the rest.
 */
class MeasureCells {
  private readonly whose: Pick<Cell, 'measure' | 'arm' | 'site' | 'group'>;
  private readonly numberOf: (cell: Cell) => number;
  private readonly study = new Map<string, Map<string, number[]>>();
  private readonly calendar = new Map<string, Map<string, number[]>>();
  private readonly ofValues = new Map<string, number>();
  private readonly studyKinds = new Map<readonly Marked[], readonly number[]>();
  private readonly calendarKinds = new Map<readonly Marked[], readonly number[]>();
  private readonly studyPlaces: { readonly marked: Marked; readonly cell: number }[] = [];
  private readonly calendarPlaces: { readonly marked: Marked; readonly cell: number }[] = [];

  constructor(whose: Pick<Cell, 'measure' | 'arm' | 'site' | 'group'>, numberOf: (cell: Cell) => number) {
    this.whose = whose;
    this.numberOf = numberOf;
  }

  /**
   * The cell of a measure's marks that come in a certain place among its spells: mostly the same ones as the last time, and then
   * nothing has to be looked up.
   */
  marksInPlace(axis: Cell['axis'], place: number, marked: Marked): number {
    const places = axis === 'study' ? this.studyPlaces : this.calendarPlaces;
    const last = places[place];
    if (
      last !== undefined &&
      last.marked.kind === marked.kind &&
      last.marked.window === marked.window &&
      last.marked.policy === marked.policy
    )
      return last.cell;
    const { kind, window, policy } = marked;
    const cell = this.marks(axis, marked);
    places[place] = { marked: { kind, window, policy }, cell };
    return cell;
  }

  /** The cells of kinds that are counted together: the same array whenever they are asked for. */
  kinds(axis: Cell['axis'], kinds: readonly Marked[]): readonly number[] {
    const known = axis === 'study' ? this.studyKinds : this.calendarKinds;
    let cells = known.get(kinds);
    if (cells === undefined) {
      cells = kinds.map((kind) => this.marks(axis, kind));
      known.set(kinds, cells);
    }
    return cells;
  }

  /** The cell of marks or ends. */
  marks(axis: Cell['axis'], { kind, window = 0, policy = '' }: Marked): number {
    const byPolicy = within(axis === 'study' ? this.study : this.calendar, kind);
    let byWindow = byPolicy.get(policy);
    if (byWindow === undefined) {
      byWindow = [];
      byPolicy.set(policy, byWindow);
    }
    const known = byWindow[window];
    if (known !== undefined) return known;
    const number = this.numberOf({ kind, window, policy, item: '', of: 0, axis, ...this.whose });
    byWindow[window] = number;
    return number;
  }

  /** The cell of a value. */
  values(kind: string, item: string, policy: string, of: number): number {
    const key = `${kind}\t${policy}\t${of}\t${item}`;
    let number = this.ofValues.get(key);
    if (number === undefined) {
      number = this.numberOf({ kind, window: 0, policy, item, of, axis: 'study', ...this.whose });
      this.ofValues.set(key, number);
    }
    return number;
  }
}

function within<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let inner = map.get(key);
  if (inner === undefined) {
    inner = new Map();
    map.set(key, inner);
  }
  return inner;
}

function cellParts(
  { measures }: Protocol,
  numberOf: (cell: Cell) => number,
): (arm: string, site: string, group: string, measure: number) => MeasureCells {
  const parts = new Map<string, Map<string, Map<string, readonly MeasureCells[]>>>();
  return (arm, site, group, place) => {
    const byGroup = within(within(parts, arm), site);
    let part = byGroup.get(group);
    if (part === undefined) {
      part = measures.map(({ id }) => new MeasureCells({ measure: id, arm, site, group }, numberOf));
      byGroup.set(group, part);
    }
    const cells = part[place];
    if (cells === undefined) throw new Error(`the protocol has no measure number ${place}`);
    return cells;
  };
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
