/** What is drawn by a seed: the same seed draws the same again. */
export type Chance = {
  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number;
  /** True so often of a hundred times. */
  percent(times: number): boolean;
  oneOf<T>(all: readonly [T, ...T[]]): T;
  shuffled<T>(all: readonly T[]): T[];
};

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    whole,
    percent: (times) => next() * 100 < times,
    oneOf: (all) => all[whole(0, all.length - 1)] ?? all[0],
    shuffled<T>(all: readonly T[]) {
      const left = [...all];
      const drawn: T[] = [];
      while (left.length > 0) drawn.push(...left.splice(whole(0, left.length - 1), 1));
      return drawn;
    },
  };
}
