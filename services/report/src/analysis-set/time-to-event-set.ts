import type { Protocol } from '@holdfast/events';
import type { FirstEvent } from '@holdfast/outcomes';
import type { AnalysedParticipant } from './analysed-participant.ts';
import { type Column, type DataSet, dataSet, measureColumn, subjectColumns } from './data-set.ts';

type Row = FirstEvent & { readonly participant: string };

const codes = { event: 0, censored: 1, competing: 2 } as const;

const columns: readonly Column<Row>[] = [
  measureColumn,
  {
    ...{ name: 'AVAL', label: 'Time to the event or censoring, days', type: 'integer', origin: 'Derived' },
    ...{ source: 'ADY less STARTDY', of: ({ day, origin = 0 }) => day - origin },
  },
  {
    ...{ name: 'CNSR', label: 'Censoring', type: 'integer', origin: 'Derived' },
    codes: { 0: 'the event', 1: 'censored', 2: 'a competing event: what makes the event impossible, such as death' },
    ...{ source: 'what ended observation', of: ({ outcome }) => codes[outcome] },
  },
  {
    ...{ name: 'EVNTDESC', label: 'What happened, or why observation ended', type: 'text', origin: 'Derived' },
    source: 'which of the declared patterns it was, or why observation ended',
    of: ({ why, outcome }) => why ?? outcome,
  },
  {
    ...{ name: 'STARTDY', label: 'Study day from which time is counted', type: 'integer', origin: 'Derived' },
    ...{ source: 'study day 0; of a lapse the day of the run or quit date', of: ({ origin = 0 }) => origin },
  },
  {
    ...{ name: 'ADY', label: 'Study day of the event or censoring', type: 'integer', origin: 'Derived' },
    ...{ source: 'the onset, or the day on which observation ended; 0: never assessed', of: ({ day }) => day },
  },
  {
    ...{ name: 'CONFDY', label: 'Study day on which the event was confirmed', type: 'integer', origin: 'Derived' },
    ...{ source: 'the day that completed the pattern', of: ({ confirmed }) => confirmed },
  },
  {
    ...{ name: 'LASTFRDY', label: 'Last study day known to be free', type: 'integer', origin: 'Derived' },
    ...{ source: 'the last day before the onset that is known to be free of it', of: ({ lastFree }) => lastFree },
  },
];

/** ADTTE: a row for each time-to-event measure and each participant whom it counts. */
export const timeToEvent = ({ trial }: Protocol, people: readonly AnalysedParticipant[]): DataSet =>
  dataSet(
    {
      ...{ name: 'ADTTE', label: 'Time to event', structure: 'a participant’s time by a measure' },
      keys: ['USUBJID', 'PARAMCD'],
    },
    [...subjectColumns(trial), ...columns],
    people.flatMap(({ participant, firstEvents }) => firstEvents.map((event): Row => ({ ...event, participant }))),
  );
