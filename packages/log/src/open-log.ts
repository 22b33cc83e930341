import type { EventLog } from './event-log.ts';
import type { KafkaLogOptions } from './kafka/kafka-event-log.ts';

/** Where a log is. Plain data: a thread or another process can be told it, and open the log too. */
export type LogPlace =
  | { readonly kind: 'embedded'; readonly dir: string; readonly closedDir: string }
  | ({ readonly kind: 'kafka' } & KafkaLogOptions);

/** Opens a log. The embedded one lets one process write; who only reads says so. */
export async function openLog(place: LogPlace, access: 'read' | 'write' = 'write'): Promise<EventLog> {
  // Only what is used is loaded: the one needs no client of Kafka, the other no store of this machine.
  if (place.kind === 'kafka') return (await import('./kafka/index.ts')).kafkaEventLog(place);
  const { dir, closedDir } = place;
  return (await import('./embedded/index.ts')).embeddedEventLog({ dir, closedDir, readOnly: access === 'read' });
}
