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

function article(noun: string): string {
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
      return `is too ${issue.origin === 'string' || issue.origin === 'array' ? 'long' : 'large'}; at most ${issue.maximum}`;
    case 'too_small':
      return `is too ${issue.origin === 'string' || issue.origin === 'array' ? 'short' : 'small'}; at least ${issue.minimum}`;
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
