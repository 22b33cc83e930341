/** What may be logged of an error: our own words, or what kind it was, for others may quote an event. */
export function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && String(error.code).startsWith('HF_') ? error.message : error.name;
}
