export { type KafkaLogOptions, kafkaEventLog } from './kafka-event-log.ts';
