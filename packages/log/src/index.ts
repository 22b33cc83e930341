export * from './event-log.ts';
export { maxRecordBytes } from './limits.ts';
export * from './log-errors.ts';
export { type LogPlace, openLog } from './open-log.ts';
export { partitionOf } from './partition-of.ts';
export { recordsBetween } from './records-between.ts';
