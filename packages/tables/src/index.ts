export { isIdOf, mappingId } from './events/event-id.ts';
export { defaultJudge, type Judge, type TableEvent } from './events/table-event.ts';
export type { FoundEvent, FullExport, ImportedEvent, Loss } from './full-export.ts';
export { ImportError } from './import-error.ts';
export type { Reconciliation, RejectedRow, TableReconciliation } from './reconciliation.ts';
export type { FilteredRows } from './select/account.ts';
export { type ImportOptions, openImport, type TableImport } from './table-import.ts';
