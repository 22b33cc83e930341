import { landmarkName, type Measure, type Protocol, stretchName, windowsOf } from '@holdfast/events';
import { chanceOfAbstinence, shareOfUse } from './course-of-use.ts';
import { shareResponding, shareRespondingAtLast } from './depression.ts';
import { normalMean } from './normal.ts';
import { siteEffect } from './recruitment.ts';
import type { ArmScenario, Scenario } from './scenario.ts';

/** A question as the columns of rates, survival and endpoints put it: a measure, an arm, and a study day, a stretch or a landmark. */
export type TrueQuestion = { readonly measure: string; readonly arm: string; readonly at: string | number };

/** What a scenario says of everybody, were everybody seen: no chance is left in it. */
export interface Truth {
  /**
   * The expected value: of abstinence the share abstinent on the day, in the measure's first window; of a first use the share that has
   * used by the day; of days of use their share; of a scale the share that responded; of choices their share; of adverse events
   * those of a participant and year. Undefined where the scenario does not say it exactly, such as for what a test finds.
   *
   * @param site only of participants of this site
   */
  of(question: TrueQuestion, site?: string): number | undefined;
}

/** The mean over the participants of an arm, whose log hazards differ. */
function meanOver(scenario: Scenario, arm: ArmScenario, site: string, of: (logHazard: number) => number): number {
  const { hazardSd, baselineUse, depression, response } = scenario.heterogeneity;
  const sd = Math.hypot(hazardSd, baselineUse, depression);
  const responding = shareRespondingAtLast(arm);
  const mean = (more: number) => normalMean(sd, (deviate) => of(siteEffect(scenario, site) + more + deviate));
  if (response === 0 || responding === 0) return mean(0);
  return responding * mean(response) + (1 - responding) * mean(0);
}

/** Whether only the participant's own calendar speaks, which leaves nothing out: what it says is what happened. */
function isAsReported(measure: Measure, scenario: Scenario): boolean {
  return (
    'evidence' in measure && measure.evidence === 'self-report-only' && measure.substances.includes(scenario.substance)
  );
}

/** What a measure comes to at a log hazard of relapse, where it follows from the days of use. */
function ofUse(measure: Measure, at: string | number, arm: ArmScenario): ((logHazard: number) => number) | undefined {
  const { course } = arm;
  const abstinent = (from: number, to: number) => (logHazard: number) =>
    chanceOfAbstinence(course, logHazard, from, to);
  switch (measure.kind) {
    case 'rolling-abstinence': {
      const [window = 1] = windowsOf(measure);
      return typeof at === 'number' ? abstinent(at - window + 1, at) : undefined;
    }
    case 'continuous-abstinence':
      return typeof at === 'number' ? abstinent(measure.from, at) : undefined;
    case 'relapse':
      if (measure.from !== 1 || measure.patterns.length !== 1 || measure.patterns[0]?.is !== 'first-use')
        return undefined;
      return typeof at === 'number' ? (logHazard) => 1 - abstinent(1, at)(logHazard) : undefined;
    case 'first-use':
      return typeof at === 'number' ? (logHazard) => 1 - abstinent(1, at)(logHazard) : undefined;
    case 'days-of-use': {
      const stretch = measure.over.find((one) => stretchName(one) === at);
      if (stretch === undefined || measure.counts === 'heavy') return undefined;
      const used = (logHazard: number) => shareOfUse(course, logHazard, stretch.from, stretch.to);
      return measure.counts === 'use' ? used : (logHazard) => 1 - used(logHazard);
    }
    default:
      return undefined;
  }
}

function ofArm(measure: Measure, at: string | number, arm: ArmScenario, scenario: Scenario): number | undefined {
  if (measure.kind === 'choices') return arm.choices?.[at];
  if (measure.kind === 'scale') {
    const landmark = measure.at.find((one) => landmarkName(one) === at);
    if (landmark === undefined || !('hoursAfterDose' in landmark) || (landmark.session ?? 1) !== 1) return undefined;
    return scenario.depression?.instrument === measure.instrument
      ? shareResponding(arm, landmark.hoursAfterDose)
      : undefined;
  }
  return undefined;
}

export function truthOf(protocol: Protocol, scenario: Scenario): Truth {
  const weights = protocol.sites.map((site) => ({ site, weight: scenario.sites[site]?.weight ?? 1 }));
  const all = weights.reduce((sum, { weight }) => sum + weight, 0);
  return {
    of({ measure: id, arm: armId, at }, site) {
      const measure = protocol.measures.find((one) => one.id === id);
      const arm = scenario.arms[armId];
      if (measure === undefined || arm === undefined) return undefined;
      const sites =
        site === undefined ? weights.map((one) => ({ ...one, weight: one.weight / all })) : [{ site, weight: 1 }];
      const mean = (of: (one: string) => number) => sites.reduce((sum, one) => sum + one.weight * of(one.site), 0);
      if (measure.kind === 'adverse-events') {
        const { perYear = 0 } = scenario.adverseEvents ?? {};
        return measure.only === 'all' ? perYear * mean((one) => scenario.sites[one]?.eventsTold ?? 1) : undefined;
      }
      const plain = ofArm(measure, at, arm, scenario);
      if (plain !== undefined || !isAsReported(measure, scenario)) return plain;
      const atHazard = ofUse(measure, at, arm);
      return atHazard && mean((one) => meanOver(scenario, arm, one, atHazard));
    },
  };
}

/** What a measure can be asked: study days of what runs on, and every stretch, visit or hour of what does not. */
function asked(measure: Measure): (string | number)[] {
  switch (measure.kind) {
    case 'rolling-abstinence':
      return [...new Set([windowsOf(measure)[0] ?? 1, Math.round(measure.horizon / 2), measure.horizon])];
    case 'continuous-abstinence':
    case 'first-use':
    case 'relapse':
      return [...new Set([28, Math.round(measure.horizon / 2), measure.horizon])].filter(
        (day) => day <= measure.horizon,
      );
    case 'days-of-use':
      return measure.over.map(stretchName);
    case 'scale':
    case 'choices':
      return measure.at.map(landmarkName);
    case 'adverse-events':
      return ['year'];
    default:
      return [];
  }
}

export type TrueValue = TrueQuestion & { readonly value: number };

/** All that a scenario says exactly of a trial's measures, arm by arm. */
export function trueValues(protocol: Protocol, scenario: Scenario): TrueValue[] {
  const truth = truthOf(protocol, scenario);
  return protocol.measures.flatMap((measure) =>
    protocol.arms.flatMap(({ id: arm }) =>
      asked(measure).flatMap((at) => {
        const question = { measure: measure.id, arm, at };
        const value = truth.of(question);
        return value === undefined ? [] : [{ ...question, value }];
      }),
    ),
  );
}
