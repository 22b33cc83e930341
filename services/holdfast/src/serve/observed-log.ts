import type { EventLog } from '@holdfast/log';

/** The same log, which tells how long each append took to be durable, and whether it came to that. */
export function observedLog(log: EventLog, onAppend: (seconds: number, records: number) => void): EventLog {
  return {
    ...log,
    async append(topic, records) {
      const started = performance.now();
      const offsets = await log.append(topic, records);
      onAppend((performance.now() - started) / 1000, records.length);
      return offsets;
    },
  };
}
