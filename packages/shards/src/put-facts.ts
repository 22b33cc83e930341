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
  const numbers = cellNumbers(numberOf);
  return ({ open, closed }) => {
    const { periods, dayZero = 0, site = '' } = open;
    const [planned, actual] = [closed.arm, closed.actualArm].map((arm) => (arm === undefined ? '' : armToken(arm)));
    const groupOn = groupByDay(protocol, open);
    const found = new Map<number, number[]>();
    const put = (
      ...[on, from, to, n, measure, kind, window, policy, item, of, axis]: [
        on: number,
        from: number,
        to: number,
        n: number,
        ...CellParts,
      ]
    ) => {
      const arm = (byActualArm.has(measure) ? actual : planned) ?? '';
      const number = numbers(arm, site, groupOn(on), measure, kind, window, policy, item, of, axis);
      const facts = found.get(number);
      if (facts === undefined) found.set(number, [from, to, n]);
      else facts.push(from, to, n);
    };
    for (const { spells, firstEvents, values } of [open, closed]) {
      for (const spell of spells) {
        const { measure, kind, window = 0, policy = '', count } = spell;
        if (madeOfOthers.has(policy)) continue;
        for (const { from, to } of protocol.periods === undefined ? [spell] : cutAtPeriods(spell, periods)) {
          put(from, from, to, count, measure, kind, window, policy, '', 0, 'study');
          if (calendar)
            put(from, dayZero + from, dayZero + to, count, measure, kind, window, policy, '', 0, 'calendar');
        }
      }
      for (const { measure, outcome, day, origin = 0 } of firstEvents)
        put(day, day - origin, noDay, 1, measure, outcome, 0, '', '', 0, 'study');
      for (const { measure, kind, item = '', policy = '', day, value, of } of values)
        put(day, value, noDay, 1, measure, kind, 0, policy, item, of, 'study');
    }
    return found;
  };
}

/** What of a cell does not depend on whose facts they are; in a row, because hundreds of them are looked up for each participant. */
type CellParts = [
  measure: string,
  kind: string,
  window: number,
  policy: string,
  item: string,
  of: number,
  axis: Cell['axis'],
];

/** Looks up cells by whose facts they are, then by what is counted: a participant's hundreds of facts are of one or few parts. */
function cellNumbers(
  numberOf: (cell: Cell) => number,
): (arm: string, site: string, group: string, ...parts: CellParts) => number {
  const parts = new Map<string, Map<string, number>>();
  return (arm, site, group, measure, kind, window, policy, item, of, axis) => {
    const partKey = `${arm}\t${site}\t${group}`;
    let part = parts.get(partKey);
    if (part === undefined) {
      part = new Map();
      parts.set(partKey, part);
    }
    const key = `${measure}\t${kind}\t${window}\t${policy}\t${of}\t${axis}\t${item}`;
    let number = part.get(key);
    if (number === undefined) {
      number = numberOf({ measure, kind, window, policy, item, of, axis, arm, site, group });
      part.set(key, number);
    }
    return number;
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
