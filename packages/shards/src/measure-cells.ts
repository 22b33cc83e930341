import type { Protocol } from '@holdfast/events';
import type { Cell } from '@holdfast/tallies';

type Marked = { readonly kind: string; readonly window?: number | undefined; readonly policy?: string | undefined };

/**
 * The cells of one measure for those who are of one arm, site and groups. A participant has hundreds of facts and most are of one such
 * part, so what else makes a cell is looked up by itself, step by step: to make one text of it for every fact would take longer than
 * all the rest.
 */
export class MeasureCells {
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

/** The cells of all measures, of those who are of one arm, site and groups. */
export function cellParts(
  { measures }: Protocol,
  numberOf: (cell: Cell) => number,
): (arm: string, site: string, group: string) => readonly MeasureCells[] {
  const parts = new Map<string, Map<string, Map<string, readonly MeasureCells[]>>>();
  return (arm, site, group) => {
    const byGroup = within(within(parts, arm), site);
    let part = byGroup.get(group);
    if (part === undefined) {
      part = measures.map(({ id }) => new MeasureCells({ measure: id, arm, site, group }, numberOf));
      byGroup.set(group, part);
    }
    return part;
  };
}

/** Those of one measure, by its place in the protocol. */
export function cellsOf(part: readonly MeasureCells[], measure: number): MeasureCells {
  const cells = part[measure];
  if (cells === undefined) throw new Error(`the protocol has no measure number ${measure}`);
  return cells;
}
