import { eventSchemas, type HoldfastEvent, parseEvent, type Upcasts, upcast, upcasts } from '@holdfast/events';

const fullTypes: ReadonlySet<string> = new Set(Object.keys(eventSchemas).map((type) => `org.holdfast.${type}.v1`));

/** Whether there is such a type, by its full name. */
export const isType = (type: string, older: Upcasts = upcasts): boolean => fullTypes.has(type) || older.has(type);

/**
 * Reads a record as an event, in its current version; undefined if it is none, since somebody else wrote to the topic. What the door has stamped it
 * has judged, by the rules of its time; anything else is judged here.
 */
export function loggedEvent(text: string, older: Upcasts = upcasts): HoldfastEvent | undefined {
  let record: Partial<HoldfastEvent> | null;
  try {
    record = JSON.parse(text) as Partial<HoldfastEvent> | null;
  } catch {
    return undefined;
  }
  if (typeof record !== 'object' || record === null) return undefined;
  const { type, id, source, time, recordedtime, receivedtime } = record;
  const isStamped = [type, id, source, time, recordedtime, receivedtime].every((field) => typeof field === 'string');
  const hasBody = typeof record.data === 'object' && record.data !== null && 'subject' in record;
  if (isStamped && hasBody && isType(type ?? '', older)) return upcast(record as HoldfastEvent, older);
  const { receivedtime: _, ...sent } = record;
  const judged = parseEvent(sent, older);
  return judged.ok ? judged.value : undefined;
}
