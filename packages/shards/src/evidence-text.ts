import type { Observation, Side } from '@holdfast/outcomes';

/** One observation as a compact JSON array: type, source number, id, SHA-256, recordedAt, day, data. */
type Compact = readonly [Observation['type'], number, string, string, number, number, Observation['data']];
type Text = { readonly sources: readonly string[]; readonly seen: readonly Compact[] };

/** Compact evidence of one side of a participant's history, in order of arrival. */
export function evidenceText(observations: Iterable<Observation>): string {
  const sources = new Map<string, number>();
  const seen: Compact[] = [];
  for (const { type, source, id, sha256, recordedAt, day, data } of observations) {
    let number = sources.get(source);
    if (number === undefined) {
      number = sources.size;
      sources.set(source, number);
    }
    seen.push([type, number, id, sha256, recordedAt, day, data]);
  }
  return JSON.stringify({ sources: [...sources.keys()], seen } satisfies Text);
}

/** The observations of a text that `evidenceText` wrote. */
export function readEvidence<S extends Side>(text: string, side: S): Observation<S>[] {
  const { sources, seen } = JSON.parse(text) as Text;
  return seen.map(
    ([type, number, id, sha256, recordedAt, day, data]) =>
      ({ side, type, source: sources[number], id, sha256, recordedAt, day, data }) as Observation<S>,
  );
}
