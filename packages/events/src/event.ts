import { z } from 'zod';
import { Instant, ParticipantId } from './identifiers.ts';
import { type Problem, parsedBy } from './problem.ts';
import { Correction, Retraction } from './types/correction.ts';
import { CutMarked, DayTurned, Sealed } from './types/holdfast-records.ts';
import { observationTypes } from './types/observation-types.ts';
import { isOlder, olderProblems, type Said, type Upcasts, upcast, upcasts } from './upcasts.ts';

/** What a site or the randomisation service may send, by short type name. */
export const participantTypes = {
  ...observationTypes,
  correction: Correction,
  retraction: Retraction,
  sealed: Sealed,
} as const;
/** Holdfast's own records, written to every partition: they speak of no participant. */
const ownRecords = { 'day-turned': DayTurned, 'cut-marked': CutMarked } as const;
/** All types in the log. */
export const eventTypes = { ...participantTypes, ...ownRecords } as const;

export type EventType = keyof typeof eventTypes;
type DataOf = { [T in EventType]: z.infer<(typeof eventTypes)[T]> };

const source = z
  .string()
  .max(256)
  .regex(/^\/trials\/[A-Za-z0-9][A-Za-z0-9._-]{0,63}(\/[A-Za-z0-9][A-Za-z0-9._-]{0,63})*$/, {
    error: 'names no trial; write it like /trials/CTN-0027/sites/GB-01',
  });

/** Ids are anything readable: they are listed, line by line, where people look for an event. */
const idPattern = /^\P{Cc}{1,128}$/u;

const envelope = {
  specversion: z.literal('1.0'),
  id: z.string().regex(idPattern, {
    error: 'not an event id (1 to 128 characters, none of them a control character); write it like 01JD3K7Q',
  }),
  source,
  time: Instant.meta({
    description: 'when it happened to the participant; its civil date as written is the event’s day',
  }),
  recordedtime: Instant.meta({ description: 'when the site recorded it' }),
  receivedtime: Instant.optional().meta({ description: 'stamped by ingest; what a site writes here is replaced' }),
  datacontenttype: z.literal('application/json').optional(),
};

function wholeEvent([type, data]: [string, z.ZodType]): [string, z.ZodType] {
  const subject = Object.hasOwn(ownRecords, type) ? {} : { subject: ParticipantId };
  return [type, z.strictObject({ ...envelope, ...subject, type: z.literal(`org.holdfast.${type}.v1`), data })];
}

/** The schema of a whole event of each type. */
export const eventSchemas = Object.fromEntries(Object.entries(eventTypes).map(wholeEvent)) as Readonly<
  Record<EventType, z.ZodType>
>;

export type EventOf<T extends EventType> = {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: `org.holdfast.${T}.v1`;
  readonly time: string;
  readonly recordedtime: string;
  readonly receivedtime?: string;
  readonly datacontenttype?: 'application/json';
  readonly data: DataOf[T];
} & (T extends keyof typeof ownRecords ? unknown : { readonly subject: string });

/** Any valid event: a union over the types, to be told apart by `type`. */
export type HoldfastEvent = { [T in EventType]: EventOf<T> }[EventType];
/** Any valid event that speaks of a participant. */
export type ParticipantEvent = { [T in keyof typeof participantTypes]: EventOf<T> }[keyof typeof participantTypes];
/** The data of an event type. */
export type EventData<T extends EventType> = DataOf[T];

const schemaByFullType = new Map(
  Object.entries(eventSchemas).map(([type, whole]) => [
    `org.holdfast.${type}.v1`,
    { whole, withAnyData: wholeEvent([type, z.unknown()])[1] },
  ]),
);

/**
 * Frozen data that were accepted, with the type they were accepted as. A table import shares one frozen object among the
 * thousands of events of equal data, and what cannot change need be judged only once.
 */
const acceptedData = new WeakMap<object, string>();

/** Values of envelope fields that their schemas accepted. Each field is judged by itself, so none need be judged twice. */
const acceptedValues = { source: new Set<string>(), subject: new Set<string>(), time: new Set<string>() };
/** More values than a trial has days or participants; when a set is full it begins anew. */
const mostAcceptedValues = 100_000;

function remember(values: Set<string>, value: string): void {
  if (values.size >= mostAcceptedValues) values.clear();
  values.add(value);
}

function isAccepted(values: Set<string>, value: unknown): boolean {
  return typeof value === 'string' && values.has(value);
}

/** Whether an envelope without optional fields holds only values that were accepted before (and an id, which never repeats). */
function isKnownEnvelope(input: object): boolean {
  let fields = 0;
  for (const _ in input) fields += 1;
  const { specversion, id, source: from, subject, time, recordedtime } = input as Record<string, unknown>;
  return (
    fields === 8 &&
    specversion === '1.0' &&
    typeof id === 'string' &&
    idPattern.test(id) &&
    isAccepted(acceptedValues.source, from) &&
    isAccepted(acceptedValues.subject, subject) &&
    isAccepted(acceptedValues.time, time) &&
    isAccepted(acceptedValues.time, recordedtime)
  );
}

/** `urine-screen` of `org.holdfast.urine-screen.v1`. */
export function shortType(fullType: string): EventType {
  return fullType.slice('org.holdfast.'.length, fullType.lastIndexOf('.v')) as EventType;
}

/** `org.holdfast.urine-screen.v1` of `urine-screen`. */
export function fullType<T extends EventType>(type: T): `org.holdfast.${T}.v1` {
  return `org.holdfast.${type}.v1`;
}

/** Whether an event is Holdfast's own record, which goes to every partition and comes from nobody else. */
export function isOwnRecord(type: string): boolean {
  return Object.hasOwn(ownRecords, shortType(type));
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

function rememberEvent(event: HoldfastEvent): void {
  acceptedData.set(event.data, event.type);
  remember(acceptedValues.source, event.source);
  if ('subject' in event) remember(acceptedValues.subject, event.subject);
  remember(acceptedValues.time, event.time);
  remember(acceptedValues.time, event.recordedtime);
}

const noneOlder: Upcasts = new Map();

/**
 * Judges an event by its schema alone, with every problem and its exact path. What is of an older version is judged by that
 * version, and comes out in the current one.
 */
export function parseEvent(input: unknown, older: Upcasts = upcasts): Parsed<HoldfastEvent> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { ok: false, problems: [{ path: '', message: 'is no event; send a CloudEvents 1.0 JSON object' }] };
  }
  const type: unknown = (input as { type?: unknown }).type;
  if (typeof type === 'string' && isOlder(input as Said, older)) {
    const problems = olderProblems(input as Said, older);
    return problems.length > 0 ? { ok: false, problems } : parseEvent(upcast(input as Said, older), noneOlder);
  }
  const schema = typeof type === 'string' ? schemaByFullType.get(type) : undefined;
  if (schema === undefined) {
    const message =
      type === undefined
        ? 'is missing; give a string'
        : `is no event type of Holdfast; use one of ${Object.keys(participantTypes)
            .map((t) => `org.holdfast.${t}.v1`)
            .join(', ')}`;
    return { ok: false, problems: [{ path: 'type', message }] };
  }
  const { data } = input as { data?: unknown };
  const isShared = typeof data === 'object' && data !== null && Object.isFrozen(data);
  const known = isShared && acceptedData.get(data) === type;
  if (known && isKnownEnvelope(input)) return { ok: true, value: input as HoldfastEvent };
  const parsed = parsedBy(known ? schema.withAnyData : schema.whole, input);
  if (!parsed.ok) return parsed;
  if (isShared) rememberEvent(input as HoldfastEvent);
  // No event schema changes what it accepts, so the input is the value, and shared data stay shared.
  return { ok: true, value: input as HoldfastEvent };
}

/** The fields that identify an event, of any input: each only if it is as an accepted event could have it. */
export function envelopeOf(input: unknown): {
  readonly source?: string;
  readonly id?: string;
  readonly subject?: string;
  readonly type?: HoldfastEvent['type'];
} {
  if (typeof input !== 'object' || input === null) return {};
  const given = input as Record<string, unknown>;
  const taken = <T>(name: string, schema: z.ZodType<T>) => {
    const parsed = schema.safeParse(given[name]);
    return parsed.success ? { [name]: parsed.data } : {};
  };
  return {
    ...taken('source', source),
    ...taken('id', envelope.id),
    ...taken('subject', ParticipantId),
    ...(schemaByFullType.has(given.type as string) ? { type: given.type as HoldfastEvent['type'] } : {}),
  };
}

/** The trial that an event belongs to: the first segment after `/trials/` in its source. */
export function trialOf(eventSource: string): string {
  const end = eventSource.indexOf('/', '/trials/'.length);
  return eventSource.slice('/trials/'.length, end === -1 ? undefined : end);
}

/** The site that sent an event: `/sites/X` in its source; undefined for what no site sent. */
export function siteOf(eventSource: string): string | undefined {
  const at = eventSource.indexOf('/sites/', '/trials/'.length);
  if (at === -1) return undefined;
  const end = eventSource.indexOf('/', at + '/sites/'.length);
  return eventSource.slice(at + '/sites/'.length, end === -1 ? undefined : end);
}

/** Whether an arm may come from a source: from the randomisation service, never from a site. */
export function maySendArms(eventSource: string): boolean {
  return siteOf(eventSource) === undefined;
}
