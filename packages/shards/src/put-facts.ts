import { hasRealDates, type Protocol } from '@holdfast/events';
import { type ClosedFacts, type OpenFacts, populationOf, type Spell } from '@holdfast/outcomes';
import { type Cell, groupsText } from '@holdfast/tallies';

/** Takes a fact: what it counts in, its first day (or its value), the last day of a spell, and how much it adds. */
export type PutFact = (cell: Cell, from: number, to: number | undefined, n: number) => void;

type Facts = { readonly open: OpenFacts; readonly closed: ClosedFacts };

/** How arms are known, and whether the trial's dates are those of the calendar. */
export type PutOptions = { readonly protocol: Protocol; armToken(arm: string): string };

/** Policies whose counts are made of others. */
const madeOfOthers = new Set(['missing-is-use', 'worst-case', 'best-case']);

/** What the fold made of a participant, as rows: spells by study day (and by the calendar), first events by outcome, values. */
export function factPutter({ protocol, armToken }: PutOptions): (facts: Facts, put: PutFact) => void {
  const byActualArm = new Set(
    protocol.measures.filter((measure) => populationOf(measure, protocol)?.arm === 'actual').map(({ id }) => id),
  );
  const calendar = hasRealDates(protocol);
  const ofPeriods = protocol.periods !== undefined;
  return ({ open, closed }, put) => {
    const { groups, periods, dayZero = 0, site = '' } = open;
    const planned = closed.arm === undefined ? '' : armToken(closed.arm);
    const actual = closed.actualArm === undefined ? '' : armToken(closed.actualArm);
    const plain = groupsText(groups);
    const inPeriod = new Map(periods.map(({ period }) => [period, groupsText({ ...groups, period })]));
    const before = ofPeriods ? groupsText({ ...groups, period: '' }) : plain;
    // Its fields in the order that everybody writes them in: equal claims are equal to the byte.
    const cellOf = (
      measure: string,
      group: string,
      { kind, window = 0, policy = '', item = '', of = 0, axis = 'study' }: Partial<Cell> & { readonly kind: string },
    ): Cell => {
      const arm = byActualArm.has(measure) ? actual : planned;
      return { measure, kind, window, policy, item, of, axis, arm, site, group };
    };
    const groupOn = (day: number): string => {
      if (!ofPeriods) return plain;
      const period = periods.findLast(({ from }) => from <= day)?.period;
      return (period === undefined ? undefined : inPeriod.get(period)) ?? before;
    };
    /** A spell in parts, one for each period that it lies in. */
    const parts = ({ from, to }: Spell): { from: number; to: number; group: string }[] => {
      const starts = periods.map((period) => period.from).filter((start) => start > from && start <= to);
      return [from, ...starts].map((start, i) => ({
        from: start,
        to: (starts[i] ?? to + 1) - 1,
        group: groupOn(start),
      }));
    };
    for (const { spells, firstEvents, values } of [open, closed]) {
      for (const spell of spells) {
        const { measure, kind, window = 0, policy = '', count } = spell;
        if (madeOfOthers.has(policy)) continue;
        for (const { from, to, group } of ofPeriods ? parts(spell) : [{ ...spell, group: plain }]) {
          put(cellOf(measure, group, { kind, window, policy }), from, to, count);
          if (calendar)
            put(
              cellOf(measure, group, { kind, window, policy, axis: 'calendar' }),
              dayZero + from,
              dayZero + to,
              count,
            );
        }
      }
      for (const { measure, outcome, day, origin = 0 } of firstEvents)
        put(cellOf(measure, groupOn(day), { kind: outcome }), day - origin, undefined, 1);
      for (const { measure, kind, item = '', policy = '', day, value, of } of values)
        put(cellOf(measure, groupOn(day), { kind, item, policy, of }), value, undefined, 1);
    }
  };
}
