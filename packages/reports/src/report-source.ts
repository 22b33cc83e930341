import type { Measure, Protocol } from '@holdfast/events';
import { noTallies, type Slice, type Tallies } from '@holdfast/tallies';
import type { SiteFigures } from './rows/index.ts';

/** How far somebody went in the trial; what is undefined is not known, or may not be. */
export type FlowOfOne = {
  readonly eligible: boolean | undefined;
  readonly reasons: readonly string[];
  readonly isEnrolled: boolean;
  /** Date of randomisation. */
  readonly randomised: string | undefined;
  readonly site: string | undefined;
  readonly arm: string | undefined;
  readonly left: 'completed' | 'lost' | 'died' | 'stopped' | undefined;
  /** A death was reported of whoever had left before. */
  readonly diedAfterwards: boolean;
  readonly hasDiscontinued: boolean;
  readonly isDosed: boolean | undefined;
  /** By pattern rule, the symbols of the weeks from week 1 on; of rules that may be seen, and of whom they say anything. */
  readonly weeks: Readonly<Record<string, string>>;
};

/** What a report is made of: the tallies of a cut, and what its events say of the conduct of the trial. */
export type ReportSource = {
  readonly protocol: Protocol;
  /** Split by arm; else all arms are taken together. */
  readonly byArm: boolean;
  /** Whether also the conduct of the trial may be split by arm: of a running double-blind trial safety alone may. */
  readonly conductByArm: boolean;
  readonly token: (arm: string) => string;
  /** The tallies of one measure: who asks of one need not look through the others. */
  readonly tallies: (measure: string) => Tallies;
  /** Measures that may not be shown, and why. */
  readonly withheld: ReadonlyMap<string, string>;
  readonly flow: readonly FlowOfOne[];
  /** Whether events of a type are open to the reader. */
  readonly tells: (type: 'screened' | 'treatment-discontinued' | 'participant-left') => boolean;
  readonly sites: readonly SiteFigures[];
  /** How many sealed events the key did not open, and which count nowhere. */
  readonly unreadable: number;
  /** Blinded people read it, be it a rehearsal: cells of few participants are not shown. */
  readonly hidesSmallCells: boolean;
};

/** The parts of the trial that stand side by side, in order. */
export function armsOf({
  byArm,
  protocol,
}: ReportSource): readonly { readonly id: string | undefined; readonly label: string }[] {
  return byArm
    ? protocol.arms.map(({ id, title }) => ({ id, label: title ?? id }))
    : [{ id: undefined, label: 'All arms together' }];
}

/** Those whom a measure counts in none of the trial's arms, since theirs is not known: no row or column by arm has them. */
export function inNoArm({ protocol, token, tallies }: ReportSource, { id }: Measure): Slice {
  const known = new Set(protocol.arms.map((arm) => token(arm.id)));
  const found = [...tallies(id).values()].map(({ cell }) => cell.arm);
  return { arms: new Set(found.filter((arm) => !known.has(arm))) };
}

export const splitOf = ({ byArm }: ReportSource): ReadonlySet<string> => new Set(byArm ? ['arm'] : []);

/** The measures of some kinds that may be shown. */
export function shownMeasures<M extends Measure>(
  { protocol, withheld }: ReportSource,
  isOne: (measure: Measure) => measure is M,
): readonly M[] {
  return protocol.measures.filter(isOne).filter(({ id }) => !withheld.has(id));
}

/** Why measures of some kinds are not shown, a line each reason. */
export function whyNot({ protocol, withheld }: ReportSource, isOne: (measure: Measure) => boolean): string[] {
  const byReason = new Map<string, string[]>();
  for (const measure of protocol.measures.filter(isOne)) {
    const reason = withheld.get(measure.id);
    if (reason !== undefined) byReason.set(reason, [...(byReason.get(reason) ?? []), measure.id]);
  }
  return [...byReason].map(([reason, ids]) => `Not shown: ${ids.join(', ')}: ${reason}`);
}

/** The measures of some kinds that a section shows, and lines on those that it does not; `none` says what it means that the protocol has none. */
export function measuresFor<M extends Measure>(
  source: ReportSource,
  isOne: (measure: Measure) => measure is M,
  none: string,
): { readonly measures: readonly M[]; readonly leftOut: string[] } {
  const measures = shownMeasures(source, isOne);
  const leftOut = whyNot(source, isOne);
  if (measures.length === 0 && leftOut.length === 0) leftOut.push(`Left out: ${none}`);
  return { measures, leftOut };
}

/** As the conduct of the trial may be shown. */
export const ofConduct = (source: ReportSource): ReportSource =>
  source.conductByArm ? source : { ...source, byArm: false };

/** Tallies, measure by measure. */
export function byMeasure(tallies: Tallies): (measure: string) => Tallies {
  const parts = new Map<string, Map<string, NonNullable<ReturnType<Tallies['get']>>>>();
  for (const [key, held] of tallies) {
    const { measure } = held.cell;
    const part = parts.get(measure);
    if (part === undefined) parts.set(measure, new Map([[key, held]]));
    else part.set(key, held);
  }
  return (measure) => parts.get(measure) ?? noTallies;
}
