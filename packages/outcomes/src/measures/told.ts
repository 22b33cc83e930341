import type { CivilDay, Protocol, UseMeasure } from '@holdfast/events';
import type { Effective } from '../history/replacing.ts';
import type { Told } from './measure-fold.ts';
import { type JudgedDays, judgedDays } from './participant-days.ts';

/** What tells one way of looking at days of use from another. */
function lookOf({ substances, evidence, biomarkers, horizon, controlledDays, death }: UseMeasure): string {
  return JSON.stringify([substances, evidence, biomarkers, horizon, controlledDays, death]);
}

/** What measures are told of a participant; days that several of them look at alike are judged once. */
export function toldOf(
  protocol: Protocol,
  observations: readonly Effective[],
  dayZero: CivilDay,
  baseline: Told['baseline'],
): Told {
  const looked = new Map<string, JudgedDays>();
  return {
    protocol,
    observations,
    dayZero,
    baseline,
    days: (measure) => {
      const look = lookOf(measure);
      const known = looked.get(look);
      if (known !== undefined) return known;
      const { evidence, ...days } = judgedDays(measure, protocol, observations, dayZero);
      // Its statements say why, which no fact does, and take most of the memory.
      const { covering, confirming } = evidence;
      const judged = { ...days, evidence: { covering, confirming } };
      looked.set(look, judged);
      return judged;
    },
  };
}
