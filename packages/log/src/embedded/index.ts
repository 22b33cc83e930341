export { copyEmbeddedLog, type LogFolders } from './copy-log.ts';
export { type EmbeddedLogOptions, embeddedEventLog } from './embedded-event-log.ts';
export { otherProcessesOn, writeLogAnew } from './write-anew.ts';
