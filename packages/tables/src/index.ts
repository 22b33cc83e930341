export type { Judge, TableEvent } from './events/table-event.ts';
export { ImportError } from './import-error.ts';
export type { Reconciliation, RejectedRow, TableReconciliation } from './reconciliation.ts';
export { type ImportOptions, openImport, type TableImport } from './table-import.ts';
