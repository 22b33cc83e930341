import type { CivilDay, Protocol } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';
import { eachReportedDay } from './self-report.ts';
import { abstinent, type DayStatuses, type Informant, nothing, use } from './statement.ts';
import { resultOf } from './urine.ts';

/** What screens say of one substance: the status of each day, and how many negative and positive results it stands on, day by day. */
type Screened = { readonly status: DayStatuses; readonly negative: Uint16Array; readonly positive: Uint16Array };

/**
 * What one informant's calendars say of one substance: the status of each day, the recall of the calendar that decides it, and how many
 * calendars speak of it.
 */
type Reported = { readonly status: DayStatuses; readonly recall: Int32Array; readonly speaking: Uint16Array };

export type DaysBySourceOptions = {
  readonly dayZero: CivilDay;
  readonly rules: Protocol['evidence'];
  /** The substances that anybody may ask for. */
  readonly substances: readonly string[];
  /** The last study day that anybody may ask for. */
  readonly lastDay: StudyDay;
};

/**
 * What a participant's urine and calendars say of study days 1 … lastDay, source by source. Events are added one at a time, none twice,
 * and in whatever order they come the same ones say the same: so what comes later need not read again what came before. Most can
 * be taken out again, too.
 * Within an informant the shorter recall counts, and use wins a tie; of several screens on a day a positive counts.
 */
export class DaysBySource {
  private readonly options: DaysBySourceOptions;
  private readonly screened = new Map<string, Screened>();
  private readonly reports = new Map<Informant, Map<string, Reported>>();
  /** Kept visits and screens of each day: without any screen a kept visit says something. Absent where it never does. */
  private readonly visits: { readonly attended: Uint16Array; readonly screened: Uint16Array } | undefined;

  constructor(options: DaysBySourceOptions) {
    this.options = options;
    if (options.rules.attendedVisit === 'negative')
      this.visits = { attended: this.noCounts(), screened: this.noCounts() };
  }

  /**
   * Adds what an event says, if it is one of those that say something of days of use. Answers the first study day of which something
   * else may be said now than before; infinity if there is none.
   */
  add(observation: Effective): StudyDay {
    return observation.type === 'use-calendar' ? this.addCalendar(observation) : this.count(observation, 1);
  }

  /**
   * Takes out what an event said that was added. Answers the first study day of which something else may be said now than before;
   * undefined where that cannot be told: where several calendars speak of a day, nobody has kept what the others say.
   */
  remove(observation: Effective): StudyDay | undefined {
    return observation.type === 'use-calendar' ? this.removeCalendar(observation) : this.count(observation, -1);
  }

  /** Counts a screen or a kept visit in, or out again. */
  private count(observation: Effective, n: 1 | -1): StudyDay {
    const { dayZero, lastDay, rules, substances } = this.options;
    if (observation.type !== 'urine-screen' && observation.type !== 'visit-attended') return Number.POSITIVE_INFINITY;
    const day = observation.day - dayZero;
    if (day < 1 || day > lastDay) return Number.POSITIVE_INFINITY;
    if (observation.type === 'visit-attended') {
      if (this.visits !== undefined) addTo(this.visits.attended, day, n);
      return day;
    }
    if (this.visits !== undefined) addTo(this.visits.screened, day, n);
    for (const substance of substances) {
      const result = resultOf(observation.data, substance, rules);
      if (result === undefined) continue;
      const { status, negative, positive } = this.screensOf(substance);
      addTo(result === 'positive' ? positive : negative, day, n);
      if ((positive[day] ?? 0) > 0) status[day] = use;
      else status[day] = (negative[day] ?? 0) > 0 ? abstinent : nothing;
    }
    return day;
  }

  private screensOf(substance: string): Screened {
    let screened = this.screened.get(substance);
    if (screened === undefined) {
      screened = { status: this.noDays(), negative: this.noCounts(), positive: this.noCounts() };
      this.screened.set(substance, screened);
    }
    return screened;
  }

  /** What urine says of a substance: screens, and visits kept without any; undefined if nothing at all. */
  tested(substance: string): DayStatuses | undefined {
    const screened = this.screened.get(substance)?.status;
    if (this.visits === undefined || !this.visits.attended.some((n) => n > 0)) return screened;
    const { attended, screened: anyScreen } = this.visits;
    const days = screened?.slice() ?? this.noDays();
    for (let day = 1; day < days.length; day += 1)
      if (attended[day] !== 0 && anyScreen[day] === 0) days[day] = Math.max(days[day] ?? nothing, abstinent);
    return days;
  }

  /** What an informant's calendars say of a substance; undefined if nothing at all. */
  reported(informant: Informant, substance: string): DayStatuses | undefined {
    return this.reports.get(informant)?.get(substance)?.status;
  }

  /** About how many bytes it takes. */
  get size(): number {
    const days = this.options.lastDay + 200;
    let arrays = 5 * this.screened.size + (this.visits === undefined ? 0 : 4);
    for (const bySubstance of this.reports.values()) arrays += 8 * bySubstance.size;
    return 400 + days * arrays;
  }

  private addCalendar({ data }: Extract<Effective, { type: 'use-calendar' }>): StudyDay {
    const { dayZero, lastDay, substances } = this.options;
    const bySubstance = this.reports.get(data.informant) ?? new Map<string, Reported>();
    this.reports.set(data.informant, bySubstance);
    const said = substances.map((substance) => {
      const reported = bySubstance.get(substance) ?? {
        status: this.noDays(),
        recall: new Int32Array(lastDay + 1),
        speaking: this.noCounts(),
      };
      bySubstance.set(substance, reported);
      return { substance, ...reported };
    });
    let first = Number.POSITIVE_INFINITY;
    eachReportedDay(data, dayZero, 1, lastDay, (day, recall, uses) => {
      for (const { substance, status, recall: recalls, speaking } of said) {
        const isUse = uses !== undefined && Object.hasOwn(uses, substance);
        if (!isUse && !data.complete) continue;
        addTo(speaking, day, 1);
        const [held, shortest] = [status[day] ?? nothing, recalls[day] ?? 0];
        if (held !== nothing && (recall > shortest || (recall === shortest && !isUse))) continue;
        if (day < first) first = day;
        status[day] = isUse ? use : abstinent;
        recalls[day] = recall;
      }
    });
    return first;
  }

  private removeCalendar({ data }: Extract<Effective, { type: 'use-calendar' }>): StudyDay | undefined {
    const { dayZero, lastDay, substances } = this.options;
    const bySubstance = this.reports.get(data.informant);
    let first = Number.POSITIVE_INFINITY;
    let isAlone = true;
    eachReportedDay(data, dayZero, 1, lastDay, (day, _recall, uses) => {
      for (const substance of substances) {
        const reported = bySubstance?.get(substance);
        const isUse = uses !== undefined && Object.hasOwn(uses, substance);
        if (!isUse && !data.complete) continue;
        if (reported?.speaking[day] !== 1) {
          isAlone = false;
          continue;
        }
        reported.speaking[day] = 0;
        reported.status[day] = nothing;
        if (day < first) first = day;
      }
    });
    return isAlone ? first : undefined;
  }

  private noDays(): DayStatuses {
    return new Uint8Array(this.options.lastDay + 1);
  }

  private noCounts(): Uint16Array {
    return new Uint16Array(this.options.lastDay + 1);
  }
}

function addTo(counts: Uint16Array, day: StudyDay, n: 1 | -1): void {
  counts[day] = (counts[day] ?? 0) + n;
}
