export { buildReport, type ReportRequest } from './build-report.ts';
export {
  type Basis,
  type RawTable,
  type Report,
  type ReportCut,
  type ReportFigure,
  type ReportItem,
  type ReportKind,
  type ReportSection,
  type ReportSlot,
  type ReportTable,
  reportKinds,
} from './model.ts';
export { byMeasure, type FlowOfOne, type ReportSource } from './report-source.ts';
export { type ReportTemplate, templates } from './templates.ts';
