type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Fields in the order of their names, whatever order SQL's threads gave them, so that equal tables give equal bytes; without those that
 * are NULL, so that SQL needs no case for an absent value; and frozen, because it is shared.
 */
function tidy(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return Object.freeze(value.map(tidy));
  const fields = Object.entries(value).filter(([, field]) => field !== null);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.freeze(Object.fromEntries(fields.map(([key, field]) => [key, tidy(field)])));
}

/** Reads `data` as DuckDB wrote it. DuckDB writes NaN and Infinity, which no JSON has: such data stay a text, and every judge refuses them. */
export function readData(text: string): unknown {
  try {
    return tidy(JSON.parse(text) as Json);
  } catch {
    return text;
  }
}

/** `data` without the part at a dotted path; the same `data` if it has no such part. */
export function withoutPart(data: unknown, part: string): unknown {
  const [step = '', ...rest] = part.split('.');
  if (data === null || typeof data !== 'object' || !(step in data)) return data;
  const { [step]: inner, ...others } = data as Record<string, unknown>;
  return rest.length === 0 ? others : { ...data, [step]: withoutPart(inner, rest.join('.')) };
}
