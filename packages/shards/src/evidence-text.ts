import { dataText, type Observation, type Side, storedObservation } from '@holdfast/outcomes';

/** DuckDB keeps texts of more than 4096 bytes apart, and reads those of all neighbours when one is looked up. */
const longestText = 4_000;

/**
 * Compact evidence of one side of a participant's history, in texts of a few lines each: a line per observation in order of arrival: type, source, id, SHA-256,
 * recordedAt, day, data, between tabs. JSON text and ids hold neither tabs nor line breaks, so nothing need be escaped.
 */
export function evidenceTexts(observations: Iterable<Observation>): string[] {
  const texts: string[] = [];
  let text = '';
  for (const observation of observations) {
    const { type, source, id, sha256, recordedAt, day } = observation;
    const line = `${type}\t${source}\t${id}\t${sha256}\t${recordedAt}\t${day}\t${dataText(observation)}\n`;
    if (text !== '' && text.length + line.length > longestText) {
      texts.push(text);
      text = '';
    }
    text += line;
  }
  if (text !== '') texts.push(text);
  return texts;
}

/** The observations of a text that `evidenceTexts` wrote. */
export function readEvidence<S extends Side>(text: string, side: S): Observation<S>[] {
  const observations: Observation<S>[] = [];
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    const [type, source, id, sha256, recordedAt, day, data] = text.slice(from, end).split('\t');
    const head = { side, type, source, id, sha256, recordedAt: Number(recordedAt), day: Number(day) };
    observations.push(storedObservation(head as Parameters<typeof storedObservation<S>>[0], data ?? ''));
    from = end + 1;
  }
  return observations;
}
