import type { Value } from '@holdfast/reports/rows';

/** A variable as the metadata define it; `source` says how it comes about, in a sentence. */
export type Variable = {
  readonly name: string;
  readonly label: string;
  readonly type: 'text' | 'integer' | 'float' | 'date';
  readonly origin: 'Collected' | 'Derived' | 'Assigned' | 'Protocol';
  readonly source: string;
  /** What the codes of a short list stand for. */
  readonly codes?: Readonly<Record<string, string>>;
};

/** What a data set of the analysis set is. */
export type DataSetDefinition = {
  readonly name: string;
  readonly label: string;
  /** What a row is. */
  readonly structure: string;
  readonly keys: readonly string[];
  readonly variables: readonly Variable[];
};

/** A data set: rows under its variables. */
export type DataSet = DataSetDefinition & { readonly rows: readonly (readonly Value[])[] };

/** A variable, and what it is of a row. */
export type Column<Row> = Variable & { readonly of: (row: Row) => Value };

export const yesOrNo = { Y: 'yes', N: 'no' } as const;
export const flag = (is: boolean): 'Y' | 'N' => (is ? 'Y' : 'N');

/** A data set of what columns make of rows. */
export function dataSet<Row>(
  head: Omit<DataSetDefinition, 'variables'>,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): DataSet {
  return {
    ...head,
    variables: columns.map(({ of: _, ...variable }) => variable),
    rows: rows.map((row) => columns.map(({ of }) => of(row))),
  };
}

/** Whom a row of every participant's data set is of. */
export const subjectColumns = (trial: string): readonly Column<{ readonly participant: string }>[] => [
  {
    ...{ name: 'STUDYID', label: 'Trial', type: 'text', origin: 'Protocol' },
    ...{ source: 'the id of the trial', of: () => trial },
  },
  {
    ...{ name: 'USUBJID', label: 'Participant', type: 'text', origin: 'Collected' },
    ...{ source: 'the subject of the events', of: ({ participant }) => participant },
  },
];

export const measureColumn: Column<{ readonly measure: string }> = {
  ...{ name: 'PARAMCD', label: 'Measure', type: 'text', origin: 'Protocol' },
  ...{ source: 'the id of the measure; MEASURES says what it is', of: ({ measure }) => measure },
};
