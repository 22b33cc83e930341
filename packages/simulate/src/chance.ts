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
  /** One of the keys, each as often as its weight says; undefined if there are none. */
  weighted<T>(weights: ReadonlyMap<T, number>): T | undefined;
  shuffled<T>(items: readonly T[]): T[];
  /** From the standard normal distribution. */
  normal(): number;
  /** A waiting time of this mean. */
  waiting(mean: number): number;
  /** A source of its own for a part of the trial: what one part draws changes nothing in another. */
  part(name: string | number): Chance;
}

/** 32 bits of a text (FNV-1a, with the finaliser of MurmurHash3, so that neighbouring names share nothing). */
function bitsOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

export function chanceFrom(seed: number | string): Chance {
  const generator = xoroshiro128plus(bitsOf(`${seed}`));
  const fraction = () => uniformFloat64(generator);
  const whole = (least: number, most: number) => uniformInt(generator, least, most);
  return {
    fraction,
    happens: (probability) => fraction() < probability,
    whole,
    pick: (choices) => choices[whole(0, choices.length - 1)] ?? choices[0],
    weighted(weights) {
      let left = fraction() * [...weights.values()].reduce((sum, weight) => sum + weight, 0);
      for (const [key, weight] of weights) {
        left -= weight;
        if (left < 0) return key;
      }
      return [...weights.keys()].at(-1);
    },
    shuffled(items) {
      const mixed = [...items];
      for (let i = mixed.length - 1; i > 0; i -= 1) {
        const j = whole(0, i);
        [mixed[i], mixed[j]] = [mixed[j] as (typeof mixed)[number], mixed[i] as (typeof mixed)[number]];
      }
      return mixed;
    },
    // Box and Muller (1958).
    normal: () => Math.sqrt(-2 * Math.log(1 - fraction())) * Math.cos(2 * Math.PI * fraction()),
    waiting: (mean) => -mean * Math.log(1 - fraction()),
    part: (name) => chanceFrom(`${seed}/${name}`),
  };
}
