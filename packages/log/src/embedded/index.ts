export { type EmbeddedLogOptions, embeddedEventLog } from './embedded-event-log.ts';
