import type { CivilDay, Protocol } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';
import { eachReportedDay } from './self-report.ts';
import { abstinent, type DayStatuses, type Informant, nothing, use } from './statement.ts';
import { resultOf } from './urine.ts';

/** What one informant's calendars say of one substance: the status of each day, and the recall of the calendar that decides it. */
type Reported = { readonly status: DayStatuses; readonly recall: Int32Array };

export type DaysBySourceOptions = {
  readonly dayZero: CivilDay;
  readonly rules: Protocol['evidence'];
  /** The substances that anybody may ask for. */
  readonly substances: readonly string[];
  /** The last study day that anybody may ask for. */
  readonly lastDay: StudyDay;
};

/**
 * What a participant's urine and calendars say of study days 1 … lastDay, source by source. Events are added one at a time, and in
 * whatever order and however often they come the same ones say the same: so what comes later need not read again what came before.
 * Within an informant the shorter recall counts, and use wins a tie; of several screens on a day a positive counts.
 */
export class DaysBySource {
  private readonly options: DaysBySourceOptions;
  private readonly screened = new Map<string, DayStatuses>();
  private readonly reports = new Map<Informant, Map<string, Reported>>();
  /** Days of a kept visit, and days of a screen: without any screen a kept visit says something. Absent where it never does. */
  private readonly visits: { readonly attended: Uint8Array; readonly screened: Uint8Array } | undefined;

  constructor(options: DaysBySourceOptions) {
    this.options = options;
    if (options.rules.attendedVisit === 'negative') this.visits = { attended: this.noDays(), screened: this.noDays() };
  }

  /**
   * Adds what an event says, if it is one of those that say something of days of use. Answers the first study day of which something
   * else may be said now than before; infinity if there is none.
   */
  add(observation: Effective): StudyDay {
    const { dayZero, lastDay, rules, substances } = this.options;
    if (observation.type === 'use-calendar') return this.addCalendar(observation);
    if (observation.type !== 'urine-screen' && observation.type !== 'visit-attended') return Number.POSITIVE_INFINITY;
    const day = observation.day - dayZero;
    if (day < 1 || day > lastDay) return Number.POSITIVE_INFINITY;
    if (observation.type === 'visit-attended') {
      if (this.visits !== undefined) this.visits.attended[day] = 1;
      return day;
    }
    if (this.visits !== undefined) this.visits.screened[day] = 1;
    for (const substance of substances) {
      const result = resultOf(observation.data, substance, rules);
      if (result === undefined) continue;
      const days = this.screened.get(substance) ?? this.noDays();
      this.screened.set(substance, days);
      days[day] = Math.max(days[day] ?? nothing, result === 'positive' ? use : abstinent);
    }
    return day;
  }

  /** What urine says of a substance: screens, and visits kept without any; undefined if nothing at all. */
  tested(substance: string): DayStatuses | undefined {
    const screened = this.screened.get(substance);
    if (this.visits === undefined || !this.visits.attended.includes(1)) return screened;
    const { attended, screened: anyScreen } = this.visits;
    const days = screened?.slice() ?? this.noDays();
    for (let day = 1; day < days.length; day += 1)
      if (attended[day] === 1 && anyScreen[day] !== 1) days[day] = Math.max(days[day] ?? nothing, abstinent);
    return days;
  }

  /** What an informant's calendars say of a substance; undefined if nothing at all. */
  reported(informant: Informant, substance: string): DayStatuses | undefined {
    return this.reports.get(informant)?.get(substance)?.status;
  }

  /** About how many bytes it takes. */
  get size(): number {
    const days = this.options.lastDay + 200;
    let arrays = this.screened.size + (this.visits === undefined ? 0 : 2);
    for (const bySubstance of this.reports.values()) arrays += 6 * bySubstance.size;
    return 400 + days * arrays;
  }

  private addCalendar({ data }: Extract<Effective, { type: 'use-calendar' }>): StudyDay {
    const { dayZero, lastDay, substances } = this.options;
    const bySubstance = this.reports.get(data.informant) ?? new Map<string, Reported>();
    this.reports.set(data.informant, bySubstance);
    const said = substances.map((substance) => {
      const reported = bySubstance.get(substance) ?? { status: this.noDays(), recall: new Int32Array(lastDay + 1) };
      bySubstance.set(substance, reported);
      return { substance, ...reported };
    });
    let first = Number.POSITIVE_INFINITY;
    eachReportedDay(data, dayZero, 1, lastDay, (day, recall, uses) => {
      for (const { substance, status, recall: recalls } of said) {
        const isUse = uses !== undefined && Object.hasOwn(uses, substance);
        if (!isUse && !data.complete) continue;
        const [held, shortest] = [status[day] ?? nothing, recalls[day] ?? 0];
        if (held !== nothing && (recall > shortest || (recall === shortest && !isUse))) continue;
        if (day < first) first = day;
        status[day] = isUse ? use : abstinent;
        recalls[day] = recall;
      }
    });
    return first;
  }

  private noDays(): DayStatuses {
    return new Uint8Array(this.options.lastDay + 1);
  }
}
