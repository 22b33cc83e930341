export { analysisSetFiles } from './analysis-set/export-cut.ts';
export { reportingCode } from './code-that-runs.ts';
export { removeFolds, type Shelves } from './cut-of-report.ts';
export { dealtArms } from './dealt-arms.ts';
export { type DeliverySettings, deliver } from './delivery/deliver.ts';
export { type Delivery, listDeliveries } from './delivery/delivery.ts';
export { type LinkRoutesOptions, linkRoutes } from './delivery/link-routes.ts';
export { recordCancelled, takeBackCancelled } from './due/cancelled.ts';
export { type DueClockOptions, startDueClock } from './due/due-clock.ts';
export { type DueHandlersOptions, deliveryOf, dueHandlers } from './due/due-jobs.ts';
export { type DueSlot, isSlotName, slotNamed } from './due/due-slot.ts';
export { type MadeSlot, madeSlots } from './due/made-slot.ts';
export { makeDue } from './due/make-due.ts';
export { type CutRequest, makeCut } from './make-cut.ts';
export { makeReport } from './make-report.ts';
export { rehearsalSeed } from './rehearsal-seed.ts';
export { mayShowJob, reportDataOf, reportJob } from './report-job.ts';
export { ReportRefused } from './report-refused.ts';
export {
  type JobTold,
  type ReportService,
  type ReportServiceOptions,
  type ReportServiceState,
  reportHandlers,
  startReportService,
} from './report-service.ts';
export type { ReportStore } from './report-store.ts';
export { type ReportThreads, startReportThreads } from './report-threads.ts';
export { reportToMake } from './report-to-make.ts';
export { type AskedReport, isClosedReport, type Shown, shownNow } from './sight.ts';
export { siteFigures, siteGatherer } from './site-figures.ts';
export {
  checkFree,
  keepReport,
  listReports,
  type Manifest,
  readReport,
  reportFilesOf,
  type StoredReport,
  writeOut,
} from './stored-reports.ts';
