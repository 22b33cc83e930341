export { copyEmbeddedLog, type LogFolders } from './copy-log.ts';
export { type EmbeddedLogOptions, embeddedEventLog } from './embedded-event-log.ts';
