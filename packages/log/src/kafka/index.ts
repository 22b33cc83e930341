export { type KafkaLogOptions, kafkaEventLog } from './kafka-event-log.ts';
export { parseOnly } from './parse-only.ts';
