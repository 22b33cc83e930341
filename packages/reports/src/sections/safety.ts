import { isSafetyMeasure, type Measure, type SafetyMeasure } from '@holdfast/events';
import { randomisedIn } from '@holdfast/tallies';
import { basisOf, measureTitle } from '../basis.ts';
import { count, decimal, nothing, withLimits } from '../in-words.ts';
import { itemId } from '../item-id.ts';
import type { RawTable, ReportItem } from '../model.ts';
import { bothSides, type Row, rowsWhere, withoutExtremes, withoutSmallCells } from '../raw-rows.ts';
import { inNoArm, measuresFor, type ReportSource, splitOf } from '../report-source.ts';
import { safetyColumns, safetyNumbers, safetyRows, type Value } from '../rows/index.ts';
import { sideBySide } from '../side-by-side.ts';
import type { Section } from './section.ts';

const keys = new Set(['trial', 'measure', 'kind', 'class', 'term', 'item', 'arm', 'site', 'group']);
const grades = ['serious', 'grade_1', 'grade_2', 'grade_3', 'grade_4', 'grade_5'];
const additive = ['events', 'rate_per_100_person_years', 'rate_lower', 'rate_upper'];

/**
 * What blinded people may see of safety: rows of few participants empty, terms and grades left out, and of classes nothing that adds
 * up, so that no hidden cell is what is left when the others are taken away.
 */
function forTheBlinded(raw: RawTable): RawTable {
  const withoutTerms = rowsWhere(raw, ({ kind }) => kind !== 'term');
  const kindAt = raw.columns.indexOf('kind');
  const rows = withoutTerms.rows.map((row) => {
    const left = row[kindAt] === 'class' ? [...grades, ...additive] : grades;
    return row.map((value, i) => (left.includes(raw.columns[i] ?? '') ? undefined : value));
  });
  return withoutSmallCells(
    withoutExtremes({ columns: raw.columns, rows }, ({ participants }) => participants),
    {
      keys,
      counts: ({ participants, n }) => [participants, ...bothSides(n, participants)],
      // The types of ideation add up to any.
      together: ({ kind, item, arm }) =>
        String(kind).startsWith('ideation') && item !== 'any' ? JSON.stringify([kind, arm]) : undefined,
    },
  );
}

function rawSafety(source: ReportSource, measure: SafetyMeasure): RawTable {
  const rows = safetyRows(source.protocol, measure, source.tallies(measure.id), {
    by: splitOf(source),
    token: source.token,
  });
  const raw = { columns: safetyColumns, rows };
  return source.hidesSmallCells ? forTheBlinded(raw) : raw;
}

/** What befell those whose arm is not known: no column has them, and no death may be lost. */
function withoutArm(source: ReportSource, measure: SafetyMeasure): string[] {
  if (!source.byArm) return [];
  const [tallies, slice] = [source.tallies(measure.id), inNoArm(source, measure)];
  const all = safetyNumbers(tallies, measure, slice);
  const who = (participants: number) => `In no column, since their arm is not known: participants ${participants}`;
  const any = all.find(({ kind }) => kind === 'any');
  if (measure.kind === 'adverse-events') {
    const { participants = 0, n = 0, events, serious, grades } = any ?? {};
    if (participants + n === 0) return [];
    return [
      `${who(participants)}, with at least one event ${n}; events ${count(events)}, of them serious ${count(serious)}; participants with one of grade 5 (death) ${count(grades?.[4])}.`,
    ];
  }
  const participants = randomisedIn(tallies, measure.id, slice);
  if (participants === 0) return [];
  const found = all
    .filter(({ n = 0, item = '' }) => n > 0 && !item.startsWith('type-'))
    .map(({ kind, item, n, participants: of }) => `${kind}${item === undefined ? '' : ` (${item})`} ${n}/${of}`);
  return [`${who(participants)}${found.length === 0 ? '' : `; ${found.join(', ')}`}.`];
}

const share = ({ n, participants, percent }: Row) =>
  n === undefined
    ? nothing
    : `${count(n)}/${count(participants)} (${typeof percent === 'number' ? decimal(percent, 1) : nothing})`;

const text = (value: Value) => (value === undefined ? '' : String(value));

/** Adverse events by class and term, and their rates. */
function adverseEvents(source: ReportSource, measure: SafetyMeasure): readonly ReportItem[] {
  const raw = rawSafety(source, measure);
  const inNoColumn = withoutArm(source, measure);
  return [eventTable(source, measure, raw, inNoColumn), eventRates(source, measure, raw, inNoColumn)];
}

function eventTable(
  source: ReportSource,
  measure: SafetyMeasure,
  raw: RawTable,
  inNoColumn: readonly string[],
): ReportItem {
  return {
    ...{ is: 'table', id: itemId('safety', measure.id), title: measureTitle(measure), raw },
    basis: basisOf(
      measure,
      source,
      'participants with at least one, n/those followed (per cent); events counted one by one',
    ),
    notes: [
      source.hidesSmallCells
        ? 'Terms, grades, and numbers of fewer than 5 participants (also of fewer than 5 without any) are not shown.'
        : 'A cell: participants with at least one/those followed (per cent); events, of them serious (S); participants by worst grade 1–5.',
      ...inNoColumn,
    ],
    ...sideBySide(
      source,
      raw,
      [
        ['Class', ({ kind, class: soc }) => (kind === 'any' ? 'Any' : text(soc))],
        ['Term', ({ term, kind }) => (kind === 'term' ? text(term) : kind === 'class' ? 'any of the class' : '')],
      ],
      (row) => {
        if (row.n === undefined || row.n === 0) return row.n === 0 ? `0/${count(row.participants)}` : nothing;
        if (row.events === undefined) return share(row);
        if (source.hidesSmallCells) return `${share(row)}; ${count(row.events)} ev.`;
        const byGrade = [row.grade_1, row.grade_2, row.grade_3, row.grade_4, row.grade_5]
          .map((grade) => count(grade))
          .join('/');
        return `${share(row)}; ${count(row.events)} ev., ${count(row.serious)} S; ${byGrade}`;
      },
    ),
  };
}

/** Rates of all adverse events together, per 100 person-years. */
function eventRates(
  source: ReportSource,
  measure: SafetyMeasure,
  whole: RawTable,
  inNoColumn: readonly string[],
): ReportItem {
  const raw = rowsWhere(whole, ({ kind }) => kind === 'any');
  return {
    ...{ is: 'table', id: itemId('safety-rates', measure.id), title: `${measureTitle(measure)}: rates`, raw },
    basis: basisOf(measure, source, 'events per 100 person-years followed, exact Poisson 95 % interval'),
    notes: ['The interval is too narrow where few participants have many events.', ...inNoColumn],
    ...sideBySide(
      source,
      raw,
      [['', () => 'Events per 100 person-years']],
      ({
        participants,
        events,
        person_years: years,
        rate_per_100_person_years: rate,
        rate_lower: lower,
        rate_upper: upper,
      }) =>
        participants === undefined
          ? nothing
          : `${count(events)} in ${decimal(years, 1)} years: ${withLimits(rate, lower, upper, 1)}`,
    ),
  };
}

/** Suicidality and peaks after a dose: shares, or means. */
function findings(source: ReportSource, measure: SafetyMeasure): ReportItem {
  const raw = rawSafety(source, measure);
  return {
    ...{ is: 'table', id: itemId('safety', measure.id), title: measureTitle(measure), raw },
    basis: basisOf(
      measure,
      source,
      `participants n/N (per cent); of peaks mean, median${source.hidesSmallCells ? '' : ' and highest'} of the participants’ highest`,
    ),
    notes: source.hidesSmallCells
      ? ['Numbers of fewer than 5 participants (also of fewer than 5 without it) are not shown.']
      : withoutArm(source, measure),
    ...sideBySide(
      source,
      raw,
      [
        ['What', ({ kind }) => text(kind)],
        ['Of', ({ item }) => text(item)],
      ],
      (row) => {
        if (row.participants === undefined) return nothing;
        if (row.n !== undefined)
          return `${count(row.n)}/${count(row.participants)} (${typeof row.percent === 'number' ? decimal(row.percent, 1) : nothing})`;
        return row.participants === 0
          ? nothing
          : `mean ${decimal(row.mean, 1)}, median ${decimal(row.median, 1)}${source.hidesSmallCells ? '' : `, highest ${decimal(row.highest, 0)}`}; n ${count(row.participants)}`;
      },
    ),
  };
}

function section(
  id: string,
  title: string,
  isOne: (measure: Measure) => measure is SafetyMeasure,
  none: string,
): Section {
  return {
    ...{ id, title },
    items(source) {
      const { measures, leftOut } = measuresFor(source, isOne, none);
      const items = measures.flatMap((measure) =>
        measure.kind === 'adverse-events' ? adverseEvents(source, measure) : [findings(source, measure)],
      );
      return { items, leftOut };
    },
  };
}

const isPeaks = (measure: Measure): measure is SafetyMeasure => measure.kind === 'vital-peaks';

export const safety = section(
  'safety',
  'Adverse events and suicidality',
  (measure): measure is SafetyMeasure => isSafetyMeasure(measure) && !isPeaks(measure),
  'the protocol declares no adverse events or suicidality.',
);

export const vitals = section(
  'vitals',
  'Blood pressure and heart rate after a dose',
  isPeaks,
  'the protocol declares no peaks after a dose (kind vital-peaks).',
);
