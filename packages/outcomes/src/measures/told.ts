import {
  type CivilDay,
  isUseMeasure,
  type Measure,
  type ObservationType,
  type Protocol,
  type UseMeasure,
} from '@holdfast/events';
import { DaysBySource } from '../evidence/days-by-source.ts';
import type { StudyDay } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';
import type { Told } from './measure-fold.ts';
import { eventsRead } from './measure-folds.ts';
import { type JudgedDays, judgedDays, lastDayOf } from './participant-days.ts';
import { type RunningCounts, runningCounts } from './running-counts.ts';
import { typesOfUse } from './use-types.ts';

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

/** What some of a protocol's measures have to be told of a participant. */
export type Asked = {
  readonly protocol: Protocol;
  /** Of these substances days of use are asked for, up to this study day. */
  readonly substances: readonly string[];
  readonly horizon: number;
  /** By events of these types; of others nobody asks what they say of days. */
  readonly saying: ReadonlySet<ObservationType>;
  /** Of these types the events themselves are asked for. */
  readonly types: ReadonlySet<ObservationType>;
};

export function askedBy(protocol: Protocol, measures: readonly Measure[]): Asked {
  const ofUse = measures.filter(isUseMeasure);
  return {
    protocol,
    substances: [...new Set(ofUse.flatMap(({ substances }) => substances))],
    horizon: Math.max(-1, ...ofUse.map(({ horizon }) => horizon)),
    saying: new Set(ofUse.flatMap((measure) => typesOfUse(measure, protocol))),
    types: new Set([
      ...measures.flatMap((measure) => eventsRead(measure, protocol)),
      ...(ofUse.length === 0 ? [] : (['participant-left', 'controlled-environment'] as const)),
      // Doses make members of populations.
      ...(protocol.populations.length === 0 ? [] : (['dose-given'] as const)),
    ]),
  };
}

/**
 * Tells measures of one participant. Events are added in any order, none twice; days that several measures look at alike are judged
 * once. Of most events no more is kept than what they say of days.
 */
export class Telling implements Told {
  readonly protocol: Protocol;
  readonly dayZero: CivilDay;
  readonly baseline: Told['baseline'];
  readonly observations: Effective[] = [];
  private readonly types: ReadonlySet<ObservationType>;
  private readonly saying: ReadonlySet<ObservationType>;
  private readonly sources: DaysBySource | undefined;
  private readonly looked = new Map<string, JudgedDays>();
  private readonly counted = new Map<string, RunningCounts>();

  constructor({ protocol, substances, horizon, saying, types }: Asked, dayZero: CivilDay, baseline: Told['baseline']) {
    this.protocol = protocol;
    this.dayZero = dayZero;
    this.baseline = baseline;
    this.types = types;
    this.saying = saying;
    const lastDay = Math.max(0, lastDayOf(horizon, protocol, dayZero));
    if (substances.length > 0)
      this.sources = new DaysBySource({ dayZero, rules: protocol.evidence, substances, lastDay });
  }

  /** About how many bytes are kept of the participant. */
  get size(): number {
    return (this.sources?.size ?? 0) + 600 * this.observations.length;
  }

  /** Adds an event; answers the first study day of use of which something else may be said now, as far as only days are told of it. */
  add(observation: Effective): StudyDay {
    if (this.types.has(observation.type)) this.observations.push(observation);
    return this.sourcesOf(observation)?.add(observation) ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Puts an event in the place of one that was added. Answers the first study day of use of which something else may be said now, as
   * `add` does; undefined where the one before cannot be taken out by itself.
   */
  replace(before: Effective, now: Effective): StudyDay | undefined {
    if (this.types.has(before.type)) {
      // The two sides of the blind may use the same identity for different events.
      const isBefore = ({ id, source, sha256 }: Effective) =>
        sha256 === before.sha256 && id === before.id && source === before.source;
      const at = this.observations.findIndex(isBefore);
      if (at < 0) return undefined;
      this.observations.splice(at, 1);
    }
    const sources = this.sourcesOf(before);
    const without = sources === undefined ? Number.POSITIVE_INFINITY : sources.remove(before);
    return without === undefined ? undefined : Math.min(without, this.add(now));
  }

  /** Where it is kept what an event says of days of use, if anybody asks for it. */
  private sourcesOf({ type }: Effective): DaysBySource | undefined {
    return this.saying.has(type) ? this.sources : undefined;
  }

  days(measure: UseMeasure): JudgedDays {
    const look = lookOf(measure);
    const known = this.looked.get(look);
    if (known !== undefined) return known;
    if (this.sources === undefined) throw new Error(`${measure.id} asks for days of use of which nothing was told`);
    const judged = judgedDays(measure, this.protocol, this.sources, this.observations, this.dayZero);
    this.looked.set(look, judged);
    return judged;
  }

  running(measure: UseMeasure): RunningCounts {
    const look = lookOf(measure);
    const known = this.counted.get(look) ?? runningCounts(this.days(measure));
    this.counted.set(look, known);
    return known;
  }

  /** Lets go of judged days: of what is added later they know nothing, and they are soon judged again. */
  forgetDays(): void {
    this.looked.clear();
    this.counted.clear();
  }
}
