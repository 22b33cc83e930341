import { ReportKind } from '@holdfast/events';
import type { Value } from './rows/index.ts';

/** What a number stands on; every table and figure says it. */
export type Basis = {
  /** How the numbers are computed, with their intervals. */
  readonly method: string;
  /** Who counts. */
  readonly population: string;
  /** What is estimated: the variable, and what becomes of intercurrent events. */
  readonly estimand: string;
  /** How much of it can still come: `271 of 280 mature on day 180`. */
  readonly mature: string;
};

/** Rows under fixed columns, with full numbers: what the CSV and Parquet files of a report hold, and the command line prints. */
export type RawTable = { readonly columns: readonly string[]; readonly rows: readonly (readonly Value[])[] };

export type ReportTable = {
  readonly is: 'table';
  /** Names its files, and is unique in its report. */
  readonly id: string;
  readonly title: string;
  readonly basis: Basis;
  readonly notes: readonly string[];
  readonly raw: RawTable;
  /** As it is printed; the first `labels` columns say what a row is of, the others hold numbers. */
  readonly head: readonly string[];
  readonly body: readonly (readonly string[])[];
  readonly labels: number;
};

export type ReportFigure = {
  readonly is: 'figure';
  readonly id: string;
  readonly title: string;
  readonly basis: Basis;
  readonly notes: readonly string[];
  readonly raw: RawTable;
  readonly svg: string;
  /** Further sheets of the figure, where one would be taller than a page is. */
  readonly moreSheets?: readonly string[];
};

/** The files of a figure, a sheet each. */
export const sheetsOf = ({
  id,
  svg,
  moreSheets = [],
}: ReportFigure): { readonly name: string; readonly svg: string }[] => [
  { name: `${id}.svg`, svg },
  ...moreSheets.map((sheet, i) => ({ name: `${id}.${i + 2}.svg`, svg: sheet })),
];

export type ReportItem = ReportTable | ReportFigure;

/** A section; one that the trial has nothing for says so in `leftOut`, and has no items. */
export type ReportSection = {
  readonly id: string;
  readonly title: string;
  readonly leftOut: readonly string[];
  readonly items: readonly ReportItem[];
};

/** As protocols name them. */
export type { ReportKind };
export const reportKinds = ReportKind.options;

/** The cut that a report is a function of, as whoever reads the report may know it. */
export type ReportCut = {
  readonly name: string;
  readonly createdAt: string;
  readonly asOf: string | null;
  readonly cutOff: string | null;
  /** The newest date that has begun in it, as a cut-off bounds it. */
  readonly clock: string | null;
  /** Of an open report that of the open events alone. */
  readonly digest: string;
  readonly protocolVersion: number;
  /** When a participant was last erased from it; a report made before then had other events under this name. */
  readonly rewrittenAt?: string;
};

/** The time at which a schedule of the protocol was due; `at` is null where it waited for data. */
export type ReportSlot = { readonly name: string; readonly schedule: string; readonly at: string | null };

export type Report = {
  readonly kind: ReportKind;
  readonly title: string;
  readonly trial: string;
  readonly trialTitle: string;
  /** Numbers by arm of a double-blind trial. */
  readonly isClosed: boolean;
  /** On arms that were dealt out at random for rehearsal. */
  readonly isDummy: boolean;
  readonly site: string | undefined;
  readonly cut: ReportCut;
  readonly foldVersion: number;
  readonly notes: readonly string[];
  readonly sections: readonly ReportSection[];
};
