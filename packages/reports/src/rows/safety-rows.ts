import type { AdverseEvents, Protocol, SafetyMeasure, Suicidality, VitalPeaks } from '@holdfast/events';
import { adverseEventItem } from '@holdfast/outcomes';
import { exactPoissonRate, summaryOf, type Valued, wilson } from '@holdfast/statistics';
import { distribution, everybody, type Slice, type Tallies, valuesOf } from '@holdfast/tallies';
import { type By, partsOf } from './selectors.ts';
import type { Value } from './value.ts';

export const safetyColumns = [
  'trial',
  'measure',
  'kind',
  'class',
  'term',
  'item',
  'arm',
  'site',
  'group',
  'participants',
  'n',
  'percent',
  'lower',
  'upper',
  'events',
  'serious',
  'grade_1',
  'grade_2',
  'grade_3',
  'grade_4',
  'grade_5',
  'person_years',
  'rate_per_100_person_years',
  'rate_lower',
  'rate_upper',
  'mean',
  'median',
  'highest',
] as const;

/** What a row of `safety` is of. */
type SafetySubject = {
  readonly kind: string;
  readonly class?: string | undefined;
  readonly term?: string | undefined;
  readonly item?: string | undefined;
};

/** What a row of `safety` says of a part of the trial; what does not apply is undefined. */
type SafetyNumbers = {
  readonly participants: number;
  readonly n?: number;
  readonly events?: number;
  readonly serious?: number;
  /** Participants by worst grade, 1 … 5. */
  readonly grades?: readonly number[];
  /** Years of 365.25 days. */
  readonly personYears?: number;
  readonly mean?: number | undefined;
  readonly median?: number | undefined;
  readonly highest?: number | undefined;
};

/** A row of `safety`: what it is of, and its numbers in any part of the trial. */
type SafetyRow = { readonly subject: SafetySubject; of(slice: Slice): SafetyNumbers };

const daysOfYear = 365.25;

const counted = (values: readonly Valued[]) => values.reduce((sum, { count }) => sum + count, 0);
const summed = (values: readonly Valued[]) =>
  values.reduce((sum, { value, of, count }) => sum + (value / of) * count, 0);

/** Values of a kind and item, over a part of the trial. */
function valuesIn(tallies: Tallies, measure: string, kind: string, item: string, slice: Slice): Valued[] {
  return distribution(tallies, { measure, kind, item, policy: '' }, slice);
}

/** By class (what nobody coded last), in it by the number of participants, then by name. */
function adverseEventRows(tallies: Tallies, { id }: AdverseEvents): SafetyRow[] {
  const valued = (kind: string, item: string, slice: Slice) => valuesIn(tallies, id, kind, item, slice);
  const items = new Set(['any']);
  for (const { kind, item } of valuesOf(tallies, id, everybody)) if (kind === 'worst-grade') items.add(item);
  const listed = [...items].map((item) => {
    const { class: soc = '', term = '' } = adverseEventItem(item);
    return { item, soc, term, n: counted(valued('worst-grade', item, everybody)) };
  });
  const place = (soc: string) => (soc === '' ? 0 : soc === 'not coded' ? 2 : 1);
  const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  listed.sort(
    (a, b) =>
      place(a.soc) - place(b.soc) ||
      byText(a.soc, b.soc) ||
      Number(a.term !== '') - Number(b.term !== '') ||
      b.n - a.n ||
      byText(a.term, b.term),
  );
  return listed.map(({ item, soc, term }) => ({
    subject: {
      kind: term !== '' ? 'term' : soc !== '' ? 'class' : 'any',
      class: soc === '' ? undefined : soc,
      term: term === '' ? undefined : term,
    },
    of: (slice) => {
      const followed = valued('person-days', '', slice);
      const worst = valued('worst-grade', item, slice);
      return {
        participants: counted(followed),
        n: counted(worst),
        events: summed(valued('events', item, slice)),
        serious: summed(valued('serious-events', item, slice)),
        grades: [1, 2, 3, 4, 5].map((grade) => counted(worst.filter(({ value }) => value === grade))),
        personYears: summed(followed) / daysOfYear,
      };
    },
  }));
}

/** Which types of ideation a row counts. */
const ideations: readonly (readonly [item: string, has: (type: number) => boolean])[] = [
  ['any', (type) => type >= 1],
  ['intent', (type) => type >= 4],
  ...[1, 2, 3, 4, 5].map((type) => [`type-${type}`, (found: number) => Math.floor(found) === type] as const),
];

function suicidalityRows(tallies: Tallies, { id }: Suicidality): SafetyRow[] {
  const share = (
    kind: string,
    item: string,
    shown: string | undefined,
    has: (value: number) => boolean,
  ): SafetyRow => ({
    subject: { kind, item: shown },
    of: (slice) => {
      const values = valuesIn(tallies, id, kind, item, slice);
      return { participants: counted(values), n: counted(values.filter(({ value, of }) => has(value / of))) };
    },
  });
  const isSo = (value: number) => value === 1;
  const behaviours = ['any', 'preparatory', 'aborted', 'interrupted', 'attempt', 'self-injury'];
  return [
    ...ideations.map(([item, has]) => share('ideation-before', '', item, has)),
    ...ideations.map(([item, has]) => share('ideation', '', item, has)),
    share('rose', '', undefined, isSo),
    ...behaviours.map((item) => share('behaviour', item, item, isSo)),
  ];
}

function vitalPeakRows(tallies: Tallies, { id }: VitalPeaks): SafetyRow[] {
  const found = valuesOf(tallies, id, everybody).map(({ item }) => item);
  const items = [...new Set(['any', ...found])].sort((a, b) => sessionIn(a) - sessionIn(b));
  const kinds = ['systolic', 'diastolic', 'heart-rate', 'severe'];
  return items.flatMap((item) =>
    kinds.map(
      (kind): SafetyRow => ({
        subject: { kind, item },
        of: (slice) => {
          const values = valuesIn(tallies, id, kind, item, slice);
          const participants = counted(values);
          if (kind === 'severe') return { participants, n: counted(values.filter(({ value }) => value === 1)) };
          const { mean, median, maximum } = summaryOf(values);
          return { participants, mean, median, highest: maximum };
        },
      }),
    ),
  );
}

const sessionIn = (item: string) => (item === 'any' ? 0 : Number(item.slice('session-'.length)));

/** What the tallies of a measure of safety have rows of. */
function safetySubjects(tallies: Tallies, measure: SafetyMeasure): SafetyRow[] {
  switch (measure.kind) {
    case 'adverse-events':
      return adverseEventRows(tallies, measure);
    case 'suicidality':
      return suicidalityRows(tallies, measure);
    case 'vital-peaks':
      return vitalPeakRows(tallies, measure);
  }
}

/** Everything that a measure of safety counts, in one part of a trial. */
export function safetyNumbers(
  tallies: Tallies,
  measure: SafetyMeasure,
  slice: Slice,
): readonly (SafetySubject & SafetyNumbers)[] {
  return safetySubjects(tallies, measure).map(({ subject, of }) => ({ ...subject, ...of(slice) }));
}

/** A share in per cent with Wilson's 95 % interval (Wilson 1927); undefined where nobody could have it, or none is asked. */
function percentOf({ n, participants }: SafetyNumbers): (number | undefined)[] {
  const share = n === undefined ? undefined : wilson(n, participants);
  return [share?.rate, share?.lower, share?.upper].map((part) => part && 100 * part);
}

/** Events per 100 person-years with the exact Poisson 95 % interval (Garwood 1936). */
function ratePer100({ events, personYears }: SafetyNumbers): (number | undefined)[] {
  if (events === undefined || personYears === undefined) return [undefined, undefined, undefined];
  const rate = exactPoissonRate(events, personYears / 100);
  return [rate?.rate, rate?.lower, rate?.upper];
}

/** A row for each class, term or item and part of the trial, under `safetyColumns`. */
export function safetyRows(
  protocol: Protocol,
  measure: SafetyMeasure,
  tallies: Tallies,
  { by, token }: { readonly by: By; readonly token: (arm: string) => string },
): Value[][] {
  const parts = partsOf(protocol, by, token, tallies);
  return safetySubjects(tallies, measure).flatMap(({ subject, of }) =>
    parts.map(({ arm, site, group, slice }) => {
      const numbers = of(slice);
      const { participants, n, events, serious, grades = [], personYears, mean, median, highest } = numbers;
      return [
        ...[protocol.trial, measure.id, subject.kind, subject.class, subject.term, subject.item, arm, site, group],
        ...[participants, n, ...percentOf(numbers), events, serious],
        ...[0, 1, 2, 3, 4].map((grade) => grades[grade]),
        ...[personYears, ...ratePer100(numbers), mean, median, highest],
      ];
    }),
  );
}
