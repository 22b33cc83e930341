import { hasRealDates, type Protocol } from '@holdfast/events';
import { type ClosedFacts, type OpenFacts, populationOf, type Spell } from '@holdfast/outcomes';
import { type Cell, groupsText } from '@holdfast/tallies';
import { noDay } from './changed-facts.ts';

type Facts = { readonly open: OpenFacts; readonly closed: ClosedFacts };

export type PutOptions = {
  readonly protocol: Protocol;
  /** How arms are known in the shard. */
  armToken(arm: string): string;
  /** The number of a cell. */
  numberOf(cell: Cell): number;
};

/** Policies whose counts are made of others. */
const madeOfOthers = new Set(['missing-is-use', 'worst-case', 'best-case']);

/**
 * What the fold made of a participant, as numbers by cell: spells by study day (and by the calendar, where dates are real), first
 * events by outcome, values. In a crossover a spell is cut where a period begins.
 */
export function factNumbers({ protocol, armToken, numberOf }: PutOptions): (facts: Facts) => Map<number, number[]> {
  const byActualArm = new Set(
    protocol.measures.filter((measure) => populationOf(measure, protocol)?.arm === 'actual').map(({ id }) => id),
  );
  const calendar = hasRealDates(protocol);
  const partOf = cellParts(numberOf);
  return ({ open, closed }) => {
    const { periods, dayZero = 0, site = '' } = open;
    const [planned, actual] = [closed.arm, closed.actualArm].map((arm) => (arm === undefined ? '' : armToken(arm)));
    const groupOn = groupByDay(protocol, open);
    const found = new Map<number, number[]>();
    const put = (number: number, from: number, to: number, n: number) => {
      const facts = found.get(number);
      if (facts === undefined) found.set(number, [from, to, n]);
      else facts.push(from, to, n);
    };
    const partOn = (day: number, measure: string) =>
      partOf((byActualArm.has(measure) ? actual : planned) ?? '', site, groupOn(day));
    for (const { spells, firstEvents, values } of [open, closed]) {
      for (const spell of spells) {
        const { measure, kind, window = 0, policy = '', count } = spell;
        if (madeOfOthers.has(policy)) continue;
        for (const { from, to } of protocol.periods === undefined ? [spell] : cutAtPeriods(spell, periods)) {
          const part = partOn(from, measure);
          put(part.marks('study', measure, kind, window, policy), from, to, count);
          if (calendar) put(part.marks('calendar', measure, kind, window, policy), dayZero + from, dayZero + to, count);
        }
      }
      for (const { measure, outcome, day, origin = 0 } of firstEvents)
        put(partOn(day, measure).marks('study', measure, outcome, 0, ''), day - origin, noDay, 1);
      for (const { measure, kind, item = '', policy = '', day, value, of } of values)
        put(partOn(day, measure).values(measure, kind, item, policy, of), value, noDay, 1);
    }
    return found;
  };
}

/**
 * The cells of those who are of one arm, site and groups. A participant has hundreds of facts and most are of one such part, so what
 * else makes a cell is looked up by itself, step by step: to make one text of it for every fact would take longer than all the rest.
 */
class CellPart {
  private readonly whose: Pick<Cell, 'arm' | 'site' | 'group'>;
  private readonly numberOf: (cell: Cell) => number;
  private readonly study = new Map<string, Map<string, Map<string, number[]>>>();
  private readonly calendar = new Map<string, Map<string, Map<string, number[]>>>();
  private readonly ofValues = new Map<string, number>();

  constructor(whose: Pick<Cell, 'arm' | 'site' | 'group'>, numberOf: (cell: Cell) => number) {
    this.whose = whose;
    this.numberOf = numberOf;
  }

  /** The cell of a mark or an end. */
  marks(axis: Cell['axis'], measure: string, kind: string, window: number, policy: string): number {
    const byPolicy = within(within(axis === 'study' ? this.study : this.calendar, measure), kind);
    let byWindow = byPolicy.get(policy);
    if (byWindow === undefined) {
      byWindow = [];
      byPolicy.set(policy, byWindow);
    }
    const known = byWindow[window];
    if (known !== undefined) return known;
    const number = this.numberOf({ measure, kind, window, policy, item: '', of: 0, axis, ...this.whose });
    byWindow[window] = number;
    return number;
  }

  /** The cell of a value. */
  values(measure: string, kind: string, item: string, policy: string, of: number): number {
    const key = `${measure}\t${kind}\t${policy}\t${of}\t${item}`;
    let number = this.ofValues.get(key);
    if (number === undefined) {
      number = this.numberOf({ measure, kind, window: 0, policy, item, of, axis: 'study', ...this.whose });
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

function cellParts(numberOf: (cell: Cell) => number): (arm: string, site: string, group: string) => CellPart {
  const parts = new Map<string, Map<string, Map<string, CellPart>>>();
  return (arm, site, group) => {
    const byGroup = within(within(parts, arm), site);
    let part = byGroup.get(group);
    if (part === undefined) {
      part = new CellPart({ arm, site, group }, numberOf);
      byGroup.set(group, part);
    }
    return part;
  };
}

/** A participant's groups as text, with the period of a crossover that a study day lies in. */
function groupByDay({ periods: declared }: Protocol, { groups, periods }: OpenFacts): (day: number) => string {
  const plain = groupsText(groups);
  if (declared === undefined) return () => plain;
  const texts = new Map(
    ['', ...periods.map(({ period }) => period)].map((period) => [period, groupsText({ ...groups, period })]),
  );
  return (day) => texts.get(periods.findLast(({ from }) => from <= day)?.period ?? '') ?? plain;
}

function cutAtPeriods({ from, to }: Spell, periods: OpenFacts['periods']): { from: number; to: number }[] {
  const starts = periods.map((period) => period.from).filter((start) => start > from && start <= to);
  return [from, ...starts].map((start, i) => ({ from: start, to: (starts[i] ?? to + 1) - 1 }));
}
