/** One measured number, and what is asked of it. */
export type Figure = {
  readonly workload: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** What is asked, where something is: at least or at most so much. */
  readonly asked?: { readonly atLeast: number } | { readonly atMost: number };
};

/** From this scale on a ratio of two runs says what it says of the whole. */
const smallestForRatios = 0.1;

/** Undefined where nothing is asked, or where what is asked is of a larger size than was measured. */
export function isMet({ value, asked, unit }: Figure, scale: number): boolean | undefined {
  if (asked === undefined || scale < (unit === 'ratio' ? smallestForRatios : 1)) return undefined;
  return 'atLeast' in asked ? value >= asked.atLeast : value <= asked.atMost;
}

/** The number that so many of a hundred do not exceed. */
export function percentile(numbers: readonly number[], percent: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

export const median = (numbers: readonly number[]): number => percentile(numbers, 50);

/** What a workload is measured with. */
export type Bench = {
  /** 1 is the size that is asked for: ten million events, five minutes of trickle. */
  readonly scale: number;
  /** A folder for a store, which goes when the workload is done. */
  readonly data: string;
  say(text: string): void;
};

export type Workload = (bench: Bench) => Promise<readonly Figure[]>;

/** A part of what is asked for, by the scale. */
export const scaled = ({ scale }: Bench, asked: number, atLeast: number): number =>
  Math.max(atLeast, Math.round(asked * scale));

/** Runs that take turns: one is enough to see that it runs. */
export const roundsOf = ({ scale }: Bench): number => (scale < 0.01 ? 1 : 3);
