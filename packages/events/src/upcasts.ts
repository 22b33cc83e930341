import type { z } from 'zod';
import { type Problem, parsedBy, pathText } from './problem.ts';

/** What has a version: an event, or what a correction puts in place. */
export type Said = { readonly type: string; readonly data: unknown };
/** One older version of a type. */
export type Upcast = {
  /** Judges data as they were judged when that version was current. */
  readonly data: z.ZodType;
  /** The same, as the next version says it. */
  readonly next: (data: unknown) => Said;
};
/** Older versions by full type name, such as `org.holdfast.urine-screen.v1` once there is a v2. */
export type Upcasts = ReadonlyMap<string, Upcast>;

/**
 * The older versions that sites may send and logs may hold. Every type is in its first version today, so there is none.
 * An event stays in the log as it was received, and its identity is that of the content received: only readers upcast.
 */
export const upcasts: Upcasts = new Map();

const correction = 'org.holdfast.correction.v1';

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a correction puts in place, if it is one and says so. */
function replacementIn({ type, data }: Said): Said | undefined {
  const inner = type === correction && isObject(data) ? data.event : undefined;
  return isObject(inner) && typeof inner.type === 'string' ? (inner as Said) : undefined;
}

/** Whether an event, or what it puts in place, is of an older version. */
export function isOlder(said: Said, older: Upcasts = upcasts): boolean {
  if (older.size === 0) return false;
  const replacement = replacementIn(said);
  return older.has(said.type) || (replacement !== undefined && older.has(replacement.type));
}

/** What is wrong with data of an older version, by the schema of that version. */
export function olderProblems(said: Said, older: Upcasts, at: readonly string[] = ['data']): Problem[] {
  const schema = older.get(said.type)?.data;
  const judged = schema === undefined ? undefined : parsedBy(schema, said.data);
  if (judged?.ok === false)
    return judged.problems.map(({ steps, message }) => ({ path: pathText([...at, ...steps]), message }));
  const replacement = replacementIn(said);
  return replacement === undefined ? [] : olderProblems(replacement, older, [...at, 'event', 'data']);
}

/** An event in its type's current version, valid if it was valid in its own; the same object if that is current. */
export function upcast<S extends Said>(said: S, older: Upcasts = upcasts): S {
  if (older.size === 0) return said;
  let now: Said = said;
  for (let known = older.get(now.type); known !== undefined; known = older.get(now.type)) now = known.next(now.data);
  const replacement = replacementIn(now);
  if (replacement !== undefined) {
    const current = upcast(replacement, older);
    if (current !== replacement) now = { type: now.type, data: { ...(now.data as object), event: current } };
  }
  return now === said ? said : { ...said, type: now.type, data: now.data };
}
