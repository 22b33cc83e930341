import {
  type AdverseEvents,
  type CivilDay,
  civilDay,
  type EventData,
  horizonOf,
  type Protocol,
} from '@holdfast/events';
import { dayOfLeaving } from '../excluded-days.ts';
import type { StudyDay, ValueFact } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';
import { lastDayOver } from './days-over.ts';
import { dosingDays } from './dosing-sessions.ts';
import type { MeasureFold } from './measure-fold.ts';
import { lastDayOf, maturitySpells } from './participant-days.ts';

type Report = Extract<Effective, { type: 'adverse-event' }>;

/** One adverse event, as its last report tells it. */
export type CountedAdverseEvent = {
  /** Its stable id. */
  readonly ae: string;
  /** The study day of its onset. */
  readonly day: StudyDay;
  /** 1 … 5. */
  readonly grade: number;
  readonly isSerious: boolean;
  readonly class: string;
  /** Coded, or else as it was written, in small letters. */
  readonly term: string;
  readonly relatedness: EventData<'adverse-event'>['relatedness'];
};

/** Between class and term in an item; no name has it. */
const within = ' › ';
/** The class of what nobody has coded. */
const notCoded = 'not coded';

/** A name without what would make two of it: outer and repeated spaces, and the sign between class and term. */
const plain = (name: string) => name.replaceAll('›', '>').trim().replaceAll(/\s+/g, ' ');

/** `any`, `class: C` and `term: C › T`: a term stands under its class, for a dictionary may know it under several. */
const itemsOf = ({ class: soc, term }: CountedAdverseEvent): readonly string[] => [
  'any',
  `class: ${soc}`,
  `term: ${soc}${within}${term}`,
];

function namesOf({ coded, term }: EventData<'adverse-event'>): Pick<CountedAdverseEvent, 'class' | 'term'> {
  if (coded === undefined) return { class: notCoded, term: plain(term).toLowerCase() };
  return { class: plain(coded.soc), term: plain(coded.pt) };
}

/** What an item of adverse events names: nothing of `any`, a class, or a class and a term. */
export function adverseEventItem(item: string): { readonly class?: string; readonly term?: string } {
  if (item.startsWith('class: ')) return { class: item.slice('class: '.length) };
  if (!item.startsWith('term: ')) return {};
  const [soc = '', term = ''] = item.slice('term: '.length).split(within);
  return { class: soc, term };
}

const severities = { mild: 1, moderate: 2, severe: 3 } as const;

/**
 * The CTCAE grade 1 … 5 (NCI 2017): as reported, else mild 1, moderate 2, severe 3; at least 4 if it threatened life, and 5 if it
 * was death.
 */
function gradeOf({ grade, severity, seriousness }: EventData<'adverse-event'>): number {
  const reported = grade ?? (severity === undefined ? 1 : severities[severity]);
  if (seriousness.includes('death')) return 5;
  return seriousness.includes('life-threatening') ? Math.max(4, reported) : reported;
}

/** Of several reports of one adverse event the last counts: the later recorded, then the greater id. */
function lastReports(observations: readonly Effective[]): Report[] {
  const last = new Map<string, Report>();
  for (const report of observations) {
    if (report.type !== 'adverse-event') continue;
    const known = last.get(report.data.ae);
    if (known === undefined || isLater(report, known)) last.set(report.data.ae, report);
  }
  return [...last].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, report]) => report);
}

function isLater(a: Report, b: Report): boolean {
  if (a.recordedAt !== b.recordedAt) return a.recordedAt > b.recordedAt;
  return a.id !== b.id ? a.id > b.id : a.source > b.source;
}

function isCounted(data: EventData<'adverse-event'>, only: AdverseEvents['only']): boolean {
  switch (only) {
    case 'serious':
      return data.seriousness.length > 0;
    case 'related':
      return ['possible', 'probable', 'definite'].includes(data.relatedness);
    default:
      return true;
  }
}

/** The study day of the first dose on day 0 or later; never, if there is none. */
function dayOfFirstDose(observations: readonly Effective[], dayZero: CivilDay): StudyDay {
  return Math.min(Number.POSITIVE_INFINITY, ...dosingDays(observations, dayZero).map(({ day }) => day));
}

/** Worst grade, number, and number of serious ones, of each item that there is any event of. */
function itemFacts(measure: string, events: readonly CountedAdverseEvent[]): ValueFact[] {
  const byItem = new Map<string, CountedAdverseEvent[]>();
  for (const event of events) {
    for (const item of itemsOf(event)) {
      const known = byItem.get(item);
      if (known === undefined) byItem.set(item, [event]);
      else known.push(event);
    }
  }
  return [...byItem].flatMap(([item, all]) => {
    const worst = Math.max(...all.map(({ grade }) => grade));
    const day = Math.min(...all.filter(({ grade }) => grade === worst).map((event) => event.day));
    const first = Math.min(...all.map((event) => event.day));
    const serious = all.filter(({ isSerious }) => isSerious);
    const facts: ValueFact[] = [
      { measure, kind: 'worst-grade', item, day, value: worst, of: 1 },
      { measure, kind: 'events', item, day: first, value: all.length, of: 1 },
    ];
    if (serious.length > 0) {
      const firstSerious = Math.min(...serious.map((event) => event.day));
      facts.push({ measure, kind: 'serious-events', item, day: firstSerious, value: serious.length, of: 1 });
    }
    return facts;
  });
}

type ToldEvents = { readonly observations: readonly Effective[]; readonly dayZero: CivilDay };

/** The study day from which a measure counts adverse events. */
const firstDayOf = ({ only }: AdverseEvents, { observations, dayZero }: ToldEvents): StudyDay =>
  only === 'treatment-emergent' ? dayOfFirstDose(observations, dayZero) : 0;

/** The adverse events that a measure counts with onset up to a study day, in order of their ids. */
function eventsUpTo(measure: AdverseEvents, told: ToldEvents, lastDay: StudyDay): CountedAdverseEvent[] {
  const from = firstDayOf(measure, told);
  return lastReports(told.observations).flatMap(({ data }): CountedAdverseEvent[] => {
    const day = civilDay(data.onset) - told.dayZero;
    if (day < from || day > lastDay || !isCounted(data, measure.only)) return [];
    const { ae, relatedness, seriousness } = data;
    const isSerious = seriousness.length > 0;
    return [{ ae, day, grade: gradeOf(data), isSerious, ...namesOf(data), relatedness }];
  });
}

/** The adverse events of a randomised participant that a measure counts at a clock, one by one, in order of their ids. */
export function countedAdverseEvents(
  measure: AdverseEvents,
  protocol: Protocol,
  told: ToldEvents,
  clock: CivilDay | undefined,
): readonly CountedAdverseEvent[] {
  const lastDay = lastDayOf(horizonOf(measure, protocol), protocol, told.dayZero);
  return eventsUpTo(measure, told, lastDayOver(lastDay, { clock, dayZero: told.dayZero }));
}

/**
 * Adverse events with onset on study days 0 … horizon that are over: worst grade (1 … 5), events and serious events, over all, by
 * class and by term; and the days that the participant was followed (day 0, treatment-emergent: the day of the first dose, to the
 * earliest of horizon, leaving or death, and yesterday). Everybody has days (treatment-emergent: everybody who was given a dose); who
 * has no grade had no event. An event that began after leaving counts all the same: a death that is heard of later must not be lost.
 */
export const adverseEventsFold: MeasureFold<AdverseEvents> = {
  types: ({ only }) => [
    'adverse-event',
    'participant-left',
    ...(only === 'treatment-emergent' ? (['dose-given'] as const) : []),
  ],
  judge: (measure, { protocol, observations, dayZero }) => {
    const lastDay = lastDayOf(horizonOf(measure, protocol), protocol, dayZero);
    const from = firstDayOf(measure, { observations, dayZero });
    const left = dayOfLeaving(observations, dayZero) ?? Number.POSITIVE_INFINITY;
    const events = eventsUpTo(measure, { observations, dayZero }, lastDay);
    return (when) => {
      const over = lastDayOver(lastDay, when);
      const spells = maturitySpells(measure, lastDay, when.mature(measure, lastDay));
      // Who was given no dose yet cannot have an event that emerged with treatment.
      if (over < 0 || from > over) return { counted: [], spells, firstEvents: [], values: [] };
      const followed = Math.max(0, Math.min(over, left) - from + 1);
      const personDays = { measure: measure.id, kind: 'person-days', day: over, value: followed, of: 1 };
      const begun = events.filter(({ day }) => day <= over);
      return { counted: [], spells, firstEvents: [], values: [personDays, ...itemFacts(measure.id, begun)] };
    };
  },
};
