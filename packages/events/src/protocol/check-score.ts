import type { EventData } from '../event.ts';
import type { Instrument, ScoreRange } from '../instruments.ts';

/** Says what is wrong, with a path below the event's data. */
type Refuse = (path: string, message: string) => void;

/**
 * Judges a score by the range of its instrument, which reasons call `name`. No reason quotes the score: it may be closed.
 */
export function checkScore(
  { total, items = {}, subscores = {} }: EventData<'scale-score'>,
  instrument: Instrument,
  name: string,
  refuse: Refuse,
): void {
  const outside = (path: string, what: string, value: number, { low, high }: ScoreRange) => {
    if (value < low || value > high)
      refuse(path, `lies outside ${low} to ${high}, the range of ${what}; correct it, or the instrument`);
  };
  const checkNamed = (
    what: string,
    path: string,
    scores: Readonly<Record<string, number>>,
    ranges: Readonly<Record<string, ScoreRange>>,
  ) => {
    for (const [id, score] of Object.entries(scores)) {
      const range = Object.hasOwn(ranges, id) ? ranges[id] : undefined;
      if (range === undefined)
        refuse(`${path}.${id}`, `is no ${what} of ${name}; use one of ${Object.keys(ranges).join(', ')}`);
      else outside(`${path}.${id}`, `${id} of ${name}`, score, range);
    }
  };
  if (total !== undefined && instrument.total !== undefined) outside('.total', name, total, instrument.total);
  if (instrument.subscores !== undefined) checkNamed('subscore', '.subscores', subscores, instrument.subscores);
  const ranges = instrument.items;
  if (ranges === undefined) return;
  const scores = Object.entries(items);
  if ('count' in ranges) {
    if (scores.length > ranges.count)
      refuse('.items', `are more than the ${ranges.count} items of ${name}; correct them, or the instrument`);
    for (const [item, score] of scores) outside(`.items.${item}`, `an item of ${name}`, score, ranges);
    return;
  }
  checkNamed('item', '.items', items, ranges.named);
}
