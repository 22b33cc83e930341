import type { z } from 'zod';

/** One thing wrong with an input: where (a path into it) and what, with what to do about it. */
export type Problem = { readonly path: string; readonly message: string };
/** A problem whose path is also at hand step by step. */
export type LocatedProblem = Problem & { readonly steps: readonly PropertyKey[] };

/** `data.results.cocaine`, `measures[2].windows[0]`: a path as people write it. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text === '' ? String(step) : `${text}.${String(step)}`,
    '',
  );
}

/** What zod calls by a programmer's name, as people call it. */
const nouns: Readonly<Record<string, string>> = { record: 'object', int: 'whole number' };

function article(expected: string): string {
  const noun = nouns[expected] ?? expected;
  return `${/^[aeio]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

function messageOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return 'is no field of this; remove it or correct its name (an unknown field is refused, lest an observation be lost)';
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be ${JSON.stringify(issue.values[0])}`
        : `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'invalid_type':
      return issue.input === undefined
        ? `is missing; give ${article(issue.expected)}`
        : `must be ${article(issue.expected)}`;
    case 'too_big':
      return `is too ${issue.origin === 'string' || issue.origin === 'array' ? 'long' : 'large'}; ${issue.inclusive === false ? 'below' : 'at most'} ${issue.maximum}`;
    case 'too_small':
      return `is too ${issue.origin === 'string' || issue.origin === 'array' ? 'short' : 'small'}; ${issue.inclusive === false ? 'above' : 'at least'} ${issue.minimum}`;
    case 'invalid_key':
      return `has an unusable name: ${issue.issues[0]?.message ?? 'not allowed here'}`;
    default:
      return issue.message;
  }
}

/** Every problem of a failed parse, each with its exact path. */
export function problemsOf(error: z.ZodError): LocatedProblem[] {
  return error.issues.flatMap((issue) => {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return paths.map((path) => ({ path: pathText(path), steps: path, message: messageOf(issue) }));
  });
}

/**
 * Where a field is called `__proto__`, if anywhere: zod passes over it where fields are a list by name, and nothing that was
 * sent may vanish unseen. For values that a schema has accepted, whose depth is therefore bounded.
 */
function passedOver(value: object): PropertyKey[] | undefined {
  for (const key in value) {
    if (key === '__proto__') return [key];
    const inner: unknown = Reflect.get(value, key);
    const found = typeof inner === 'object' && inner !== null ? passedOver(inner) : undefined;
    if (found !== undefined) return [Array.isArray(value) ? Number(key) : key, ...found];
  }
  return undefined;
}

/** A schema's verdict on an input: its value, or every problem. */
export function parsedBy<S extends z.ZodType>(
  schema: S,
  input: unknown,
): { readonly ok: true; readonly value: z.infer<S> } | { readonly ok: false; readonly problems: LocatedProblem[] } {
  const result = schema.safeParse(input, { reportInput: true });
  if (!result.success) return { ok: false, problems: problemsOf(result.error) };
  const steps = typeof input === 'object' && input !== null ? passedOver(input) : undefined;
  if (steps === undefined) return { ok: true, value: result.data };
  const message = 'has an unusable name; remove it or correct its name';
  return { ok: false, problems: [{ path: pathText(steps), steps, message }] };
}
