import { envelopeOf } from '@holdfast/aggregate';
import { ParticipantId, trialOf } from '@holdfast/events';
import { contentIn, type KeptContent, type KeysAtHand, type RejectedIdentity } from '@holdfast/ingest';
import type { LogRecord } from '@holdfast/log';
import { blottedAudit, type Named } from './named.ts';

/** What a copy of a trial's log is to be without. */
export interface Leaving {
  isEventOut(record: LogRecord): boolean;
  isRejectionOut(record: LogRecord): Promise<boolean>;
  /** A record of the audit log, as it goes into the copy. */
  auditWithout(value: Uint8Array): Uint8Array;
}

export const nothing: Leaving = {
  isEventOut: () => false,
  isRejectionOut: async () => false,
  auditWithout: (value) => value,
};

/** What a rejected input has to do with a participant. */
export type Part =
  /** It is the participant's, by its subject. */
  | 'own'
  /** Nobody can say whose it is, and it names the participant. */
  | 'naming'
  /** It is of somebody else, or of another trial, and names the participant: it stays. */
  | 'elsewhere'
  | 'none';

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength);

type KeptRecord = KeptContent & {
  readonly where?: string;
  readonly of?: RejectedIdentity;
  readonly from?: string;
  /** It is no rejected input, but says that a mapping's tables were taken in whole. */
  readonly exported?: string;
};

function keptIn(text: string): KeptRecord | undefined {
  try {
    return JSON.parse(text) as KeptRecord;
  } catch {
    return undefined; // no door wrote it
  }
}

/** Whose an input says that it is, where it can be an id: tables give numbers as numbers, and people leave spaces. */
function subjectIn(input: unknown): string | undefined {
  const { subject } = Object(input) as { readonly subject?: unknown };
  return ParticipantId.safeParse(typeof subject === 'number' ? String(subject) : String(subject ?? '').trim()).data;
}

function trialIn(source: unknown): string | undefined {
  return typeof source === 'string' && source.startsWith('/trials/') ? trialOf(source) : undefined;
}

/**
 * What a rejected input has to do with a participant: its subject says it. Only where none can be read its words are looked through, for
 * an id that is no bare number; and what names another trial is none of this one's participants'.
 */
export async function partIn({ key, value }: LogRecord, named: Named, trial: string, keys: KeysAtHand): Promise<Part> {
  const text = asBuffer(value).toString('utf8');
  const record = keptIn(text);
  if (record?.exported !== undefined) return 'none';
  let isNaming = named.isIn(key) || named.isIn(text);
  let { source, subject }: { source?: unknown; subject?: string | undefined } = record?.of ?? {};
  if (record !== undefined && subject === undefined) {
    const sent = await contentIn(record, record.where ?? key, keys).catch(() => 'sealed' as const);
    if (typeof sent === 'object') {
      isNaming ||= named.isIn(JSON.stringify(sent.input) ?? '');
      subject = subjectIn(sent.input);
      source ??= (Object(sent.input) as { readonly source?: unknown }).source;
    }
  }
  // Where sender and input name different ones it may be of either.
  const trials = [source, record?.from].map(trialIn).filter((of) => of !== undefined);
  const isElsewhere =
    (trials.length > 0 && !trials.includes(trial)) || (subject !== undefined && subject !== named.participant);
  if (isElsewhere) return isNaming || subject === named.participant ? 'elsewhere' : 'none';
  if (subject === named.participant) return 'own';
  return isNaming ? 'naming' : 'none';
}

/** What of a trial's log is of a participant: all events, open and sealed, records that are no events and name the participant, and rejected inputs. */
export function leavingOf(named: Named, trial: string, keys: KeysAtHand): Leaving {
  const { participant } = named;
  const sought = Buffer.from(participant);
  return {
    isEventOut({ key, value }) {
      if (key === participant) return true;
      if (!asBuffer(value).includes(sought)) return false;
      const text = asBuffer(value).toString('utf8');
      const { subject, type } = envelopeOf(text);
      return subject === participant || (type === '' && named.isIn(text));
    },
    async isRejectionOut(record) {
      const part = await partIn(record, named, trial, keys);
      return part === 'own' || part === 'naming';
    },
    auditWithout: (value) => blottedAudit(value, named),
  };
}
