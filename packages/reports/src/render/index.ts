export { ReportNotSet } from './pdf.ts';
export { type RenderOptions, type ReportFile, reportFiles } from './report-files.ts';
