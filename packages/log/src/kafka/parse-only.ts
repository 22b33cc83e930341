import kafkajs from 'kafkajs';

/**
 * A yardstick: a plain KafkaJS consumer, with its usual settings but for the sizes of its fetches, that reads a topic of these ends from its
 * beginning and does no more with a record than parse its JSON. Answers how many records it read.
 */
export async function parseOnly(brokers: readonly string[], topic: string, ends: readonly number[]): Promise<number> {
  const { Kafka, logLevel } = kafkajs;
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'holdfast-yardstick', logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({
    groupId: `${topic}:yardstick-${process.pid}-${Date.now()}`,
    maxBytesPerPartition: 4 * 1024 * 1024,
    maxWaitTimeInMs: 100,
  });
  const missing = new Set([...ends.keys()].filter((partition) => (ends[partition] ?? 0) > 0));
  const decoder = new TextDecoder();
  let read = 0;
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          autoCommit: false,
          partitionsConsumedConcurrently: ends.length,
          async eachBatch({ batch }) {
            for (const { value } of batch.messages) {
              if (value === null || JSON.parse(decoder.decode(value)).type === undefined) throw new Error('no event');
            }
            read += batch.messages.length;
            if (Number(batch.lastOffset()) + 1 >= (ends[batch.partition] ?? 0)) missing.delete(batch.partition);
            if (missing.size === 0) resolve();
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return read;
}
