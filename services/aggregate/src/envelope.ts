import { isOwnRecord } from '@holdfast/events';
import { isType, loggedEvent } from './logged-event.ts';

/** What a log record says outside its data. It can be read of a sealed event too, without its key. */
export type Envelope = {
  readonly id: string;
  readonly source: string;
  /** Undefined of Holdfast's own records. */
  readonly subject: string | undefined;
  readonly type: string;
  readonly time: string;
  readonly receivedtime: string | undefined;
};

/** The end of a record as the door writes it: canonical JSON, fields in order of their names, `data` first. */
const tail =
  /^,"id":"([^"\\]+)","receivedtime":"([^"]+)","recordedtime":"[^"]+","source":"([^"]+)","specversion":"1\.0"(?:,"subject":"([^"]+)")?,"time":"([^"]+)","type":"([^"]+)"\}$/;

/** Of what is no event, since somebody else wrote it. */
const foreign: Envelope = { id: '', source: '', subject: undefined, type: '', time: '', receivedtime: undefined };

/** Reads a record's envelope without its data; what does not look as the door writes it is parsed as a whole. */
export function envelopeOf(record: string): Envelope {
  const at = record.lastIndexOf(',"id":"');
  const fields = at === -1 || !record.startsWith('{"data":') ? null : tail.exec(record.slice(at));
  if (fields === null || !isType(fields[6] ?? '')) {
    const event = loggedEvent(record);
    if (event === undefined) return foreign;
    const { id, source, type, time, receivedtime } = event;
    return { id, source, type, time, receivedtime, subject: 'subject' in event ? event.subject : undefined };
  }
  const [, id = '', receivedtime, source = '', subject, time = '', type = ''] = fields;
  return { id, source, subject, type, time, receivedtime };
}

/** Whether a record is of a participant, rather than Holdfast's own or no event at all. */
export function isParticipants({ type }: Envelope): boolean {
  return type !== '' && !isOwnRecord(type);
}
