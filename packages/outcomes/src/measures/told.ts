import type { CivilDay, Protocol, UseMeasure } from '@holdfast/events';
import type { Effective } from '../history/replacing.ts';
import type { Told } from './measure-fold.ts';
import { type JudgedDays, judgedDays } from './participant-days.ts';
import { type RunningCounts, runningCounts } from './running-counts.ts';

const looks = new WeakMap<UseMeasure, string>();

/** What tells one way of looking at days of use from another. */
function lookOf(measure: UseMeasure): string {
  let look = looks.get(measure);
  if (look === undefined) {
    const { substances, evidence, biomarkers, horizon, controlledDays, death } = measure;
    look = JSON.stringify([substances, evidence, biomarkers, horizon, controlledDays, death]);
    looks.set(measure, look);
  }
  return look;
}

/** What measures are told of a participant, until everything is judged. */
export type Telling = Told & {
  /** Lets go of the events: whatever a measure keeps for the day that turns, it shall not keep these alive. */
  forget(): void;
};

/** What measures are told of a participant; days that several of them look at alike are judged once. */
export function toldOf(
  protocol: Protocol,
  all: readonly Effective[],
  dayZero: CivilDay,
  baseline: Told['baseline'],
): Telling {
  const looked = new Map<string, JudgedDays>();
  const counted = new Map<string, RunningCounts>();
  let observations: readonly Effective[] | undefined = all;
  return {
    protocol,
    dayZero,
    baseline,
    get observations() {
      if (observations === undefined) throw new Error('events are looked at when a measure is judged, and not later');
      return observations;
    },
    days(measure) {
      const look = lookOf(measure);
      const known = looked.get(look);
      if (known !== undefined) return known;
      const { evidence, ...days } = judgedDays(measure, protocol, this.observations, dayZero);
      // Its statements say why, which no fact does, and take most of the memory.
      const { covering, confirming } = evidence;
      const judged = { ...days, evidence: { covering, confirming } };
      looked.set(look, judged);
      return judged;
    },
    running(measure) {
      const look = lookOf(measure);
      const known = counted.get(look) ?? runningCounts(this.days(measure));
      counted.set(look, known);
      return known;
    },
    forget() {
      observations = undefined;
      looked.clear();
      counted.clear();
    },
  };
}
