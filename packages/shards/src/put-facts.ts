import { hasRealDates, type Protocol } from '@holdfast/events';
import { type Followed, type MeasureFacts, populationOf } from '@holdfast/outcomes';
import { type Cell, groupsText } from '@holdfast/tallies';
import { type FlatFacts, flatFacts, noDay } from './changed-facts.ts';

export type PutOptions = {
  readonly protocol: Protocol;
  /** How arms are known in the shard. */
  armToken(arm: string): string;
  /** The number of a cell. */
  numberOf(cell: Cell): number;
};

/** What a measure (by its place in the protocol) says of a participant, as numbers by cell. */
export type NumbersOf = (measure: number, facts: MeasureFacts) => FlatFacts;

/**
 * What measures say of a participant, as numbers by cell: spells by study day (and by the calendar, where dates are real), first
 * events by outcome, values. In a crossover a spell is cut where a period begins.
 */
export function factNumbers({ protocol, armToken, numberOf }: PutOptions): (participant: Followed) => NumbersOf {
  const byActualArm = protocol.measures.map((measure) => populationOf(measure, protocol)?.arm === 'actual');
  const calendar = hasRealDates(protocol);
  const partOf = cellParts(protocol, numberOf);
  return (participant) => {
    const { arm, actualArm, site = '', periods, dayZero = 0 } = participant;
    const [planned, actual] = [arm, actualArm].map((one) => (one === undefined ? '' : armToken(one)));
    const groupOn = groupByDay(protocol, participant);
    return (measure, { spells, firstEvents, values }) => {
      const found = new Map<number, number[]>();
      const put = (number: number, from: number, to: number, n: number) => {
        const facts = found.get(number);
        if (facts === undefined) found.set(number, [from, to, n]);
        else facts.push(from, to, n);
      };
      const whoseArm = (byActualArm[measure] ? actual : planned) ?? '';
      const cellsOn = (day: number) => partOf(whoseArm, site, groupOn(day), measure);
      const cells = protocol.periods === undefined ? cellsOn(0) : undefined;
      for (const spell of spells) {
        const { kind, window = 0, policy = '', count } = spell;
        for (const { from, to } of cells === undefined ? cutAtPeriods(spell, periods) : [spell]) {
          const on = cells ?? cellsOn(from);
          put(on.marks('study', kind, window, policy), from, to, count);
          if (calendar) put(on.marks('calendar', kind, window, policy), dayZero + from, dayZero + to, count);
        }
      }
      for (const { outcome, day, origin = 0 } of firstEvents)
        put((cells ?? cellsOn(day)).marks('study', outcome, 0, ''), day - origin, noDay, 1);
      for (const { kind, item = '', policy = '', day, value, of } of values)
        put((cells ?? cellsOn(day)).values(kind, item, policy, of), value, noDay, 1);
      return flatFacts(found);
    };
  };
}

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

  constructor(whose: Pick<Cell, 'measure' | 'arm' | 'site' | 'group'>, numberOf: (cell: Cell) => number) {
    this.whose = whose;
    this.numberOf = numberOf;
  }

  /** The cell of a mark or an end. */
  marks(axis: Cell['axis'], kind: string, window: number, policy: string): number {
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

type Days = { readonly from: number; readonly to: number };

function cutAtPeriods({ from, to }: Days, periods: Grouped['periods']): Days[] {
  const starts = periods.map((period) => period.from).filter((start) => start > from && start <= to);
  return [from, ...starts].map((start, i) => ({ from: start, to: (starts[i] ?? to + 1) - 1 }));
}
