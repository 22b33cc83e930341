import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A seeded source of chance: the same seed gives the same trial, anywhere. */
export interface Chance {
  /** At least 0, less than 1. */
  fraction(): number;
  happens(probability: number): boolean;
  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number;
  pick<T>(choices: readonly [T, ...T[]]): T;
}

export function chanceFrom(seed: number): Chance {
  const generator = xoroshiro128plus(seed);
  const fraction = () => uniformFloat64(generator);
  const whole = (least: number, most: number) => uniformInt(generator, least, most);
  return {
    fraction,
    happens: (probability) => fraction() < probability,
    whole,
    pick: (choices) => choices[whole(0, choices.length - 1)] ?? choices[0],
  };
}
