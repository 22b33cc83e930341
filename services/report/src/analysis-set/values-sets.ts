import type { AmendedProtocol, CivilDay, Measure, MeasureKind, Protocol } from '@holdfast/events';
import { type CountedAdverseEvent, countedAdverseEvents, isOpenMeasure, type ValueFact } from '@holdfast/outcomes';
import type { AnalysedParticipant } from './analysed-participant.ts';
import { type Column, type DataSet, dataSet, flag, measureColumn, subjectColumns, yesOrNo } from './data-set.ts';

type Row = ValueFact & { readonly participant: string };

const columns: readonly Column<Row>[] = [
  measureColumn,
  {
    ...{ name: 'PARAMTYP', label: 'What the number is', type: 'text', origin: 'Derived' },
    source: 'score, change, days …; due: the turn of the item is over, whatever is known of it (docs/measures.md)',
    of: ({ kind }) => kind,
  },
  {
    ...{ name: 'AVISIT', label: 'Visit, stretch of days or session', type: 'text', origin: 'Protocol' },
    ...{ source: 'which of several; empty: over all', of: ({ item }) => item },
  },
  {
    ...{ name: 'DTYPE', label: 'Missing-data policy', type: 'text', origin: 'Protocol' },
    ...{ source: 'how what is missing counts; empty: observed', of: ({ policy }) => policy },
  },
  {
    ...{ name: 'ADY', label: 'Study day', type: 'integer', origin: 'Derived' },
    ...{ source: 'the day that it is of, or known on', of: ({ day }) => day },
  },
  {
    ...{ name: 'AVAL', label: 'Value', type: 'float', origin: 'Derived' },
    ...{ source: 'NUMER / DENOM', of: ({ value, of }) => value / of },
  },
  {
    ...{ name: 'NUMER', label: 'Numerator', type: 'integer', origin: 'Derived' },
    ...{ source: 'days, or thousandths of points, mg …', of: ({ value }) => value },
  },
  {
    ...{ name: 'DENOM', label: 'Denominator', type: 'integer', origin: 'Derived' },
    ...{ source: 'of so many', of: ({ of }) => of },
  },
];

/** Which data set has which kinds of measures, and what is left out of it since it stands elsewhere. */
const sets: readonly { readonly name: string; readonly label: string; readonly kinds: readonly MeasureKind[] }[] = [
  { name: 'ADQS', label: 'Scales and questionnaires', kinds: ['scale', 'suicidality'] },
  {
    name: 'ADSU',
    label: 'Amounts and days of use',
    kinds: ['days-of-use', 'amount', 'no-heavy-days', 'risk-level', 'choices'],
  },
  { name: 'ADEX', label: 'Exposure, and days followed for adverse events', kinds: ['exposure', 'adverse-events'] },
  { name: 'ADSV', label: 'Visits', kinds: ['visits'] },
  { name: 'ADVS', label: 'Blood pressure and heart rate after doses', kinds: ['vital-peaks'] },
];

/** What stands in ADAE one by one is not counted here. */
const isElsewhere = (ofMeasure: MeasureKind, kind: string) => ofMeasure === 'adverse-events' && kind !== 'person-days';

/** ADQS, ADSU, ADEX, ADSV and ADVS: the values that measures give participants. */
export function valuesByMeasure(
  { trial }: Protocol,
  measures: readonly Measure[],
  people: readonly AnalysedParticipant[],
): DataSet[] {
  return sets.flatMap(({ name, label, kinds }) => {
    const asked = new Map(measures.filter(({ kind }) => kinds.includes(kind)).map((one) => [one.id, one.kind]));
    if (asked.size === 0) return [];
    const rows = people.flatMap(({ participant, values }) =>
      values.flatMap((value): Row[] => {
        const kind = asked.get(value.measure);
        return kind === undefined || isElsewhere(kind, value.kind) ? [] : [{ ...value, participant }];
      }),
    );
    const keys = ['USUBJID', 'PARAMCD', 'PARAMTYP', 'AVISIT', 'DTYPE'];
    const structure = 'a value that a measure gives a participant';
    return [dataSet({ name, label, structure, keys }, [...subjectColumns(trial), ...columns], rows)];
  });
}

type EventRow = CountedAdverseEvent & { readonly participant: string; readonly measure: string };

const eventColumns: readonly Column<EventRow>[] = [
  measureColumn,
  {
    ...{ name: 'AEID', label: 'Adverse event', type: 'text', origin: 'Collected' },
    ...{ source: 'its stable id; its last report counts', of: ({ ae }) => ae },
  },
  {
    ...{ name: 'AEBODSYS', label: 'Class', type: 'text', origin: 'Assigned' },
    ...{ source: 'the system organ class, or “not coded”', of: (event) => event.class },
  },
  {
    ...{ name: 'AEDECOD', label: 'Term', type: 'text', origin: 'Assigned' },
    ...{ source: 'the preferred term; where nobody coded it as written, in small letters', of: ({ term }) => term },
  },
  {
    ...{ name: 'ASTDY', label: 'Study day of onset', type: 'integer', origin: 'Derived' },
    ...{ source: 'the onset less the date of randomisation', of: ({ day }) => day },
  },
  {
    ...{ name: 'AETOXGR', label: 'Grade', type: 'integer', origin: 'Derived' },
    source: 'as reported, else mild 1, moderate 2, severe 3; at least 4 if it threatened life, 5 if it was death',
    of: ({ grade }) => grade,
  },
  {
    ...{ name: 'AESER', label: 'Serious', type: 'text', origin: 'Derived', codes: yesOrNo },
    ...{ source: 'any criterion of seriousness was met', of: ({ isSerious }) => flag(isSerious) },
  },
  {
    ...{ name: 'AEREL', label: 'Relatedness', type: 'text', origin: 'Collected' },
    ...{ source: 'as the investigator judges it', of: ({ relatedness }) => relatedness },
  },
  {
    ...{ name: 'ANLFL', label: 'Counted', type: 'text', origin: 'Derived', codes: { Y: 'yes' } },
    source: 'on or after study day 0 (of a measure of treatment-emergent events: the first dose), and over at the cut',
    of: () => 'Y',
  },
];

/** ADAE: the adverse events that each measure of them counts, one by one. */
export function adverseEvents(
  protocol: AmendedProtocol,
  measures: readonly Measure[],
  people: readonly AnalysedParticipant[],
  clock: CivilDay | undefined,
): DataSet {
  const rows = measures.flatMap((measure) =>
    measure.kind !== 'adverse-events'
      ? []
      : people.flatMap(({ participant, standing: { dayZero }, values, settled, observations }): EventRow[] => {
          // Whom the measure follows has days; nobody else is of its population.
          if (dayZero === undefined || !values.some((one) => one.measure === measure.id)) return [];
          const seen = isOpenMeasure(measure, protocol) ? settled.observations : observations;
          const counted = countedAdverseEvents(measure, protocol, { observations: seen, dayZero }, clock);
          return counted.map((event) => ({ ...event, participant, measure: measure.id }));
        }),
  );
  return dataSet(
    {
      ...{ name: 'ADAE', label: 'Adverse events', structure: 'an adverse event that a measure counts' },
      keys: ['USUBJID', 'PARAMCD', 'AEID'],
    },
    [...subjectColumns(protocol.trial), ...eventColumns],
    rows,
  );
}
