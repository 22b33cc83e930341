import type { ReportItem } from '../model.ts';
import type { ReportSource } from '../report-source.ts';

/** What a section has to show of a trial, and lines on what it has not. */
export type SectionContent = { readonly items: readonly ReportItem[]; readonly leftOut: readonly string[] };

export type Section = {
  readonly id: string;
  readonly title: string;
  items(source: ReportSource): SectionContent;
};
