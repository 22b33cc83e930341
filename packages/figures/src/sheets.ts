/** The figures that something is drawn in: several where one would be taller than a page is, or too small to read. */
export type Sheets = readonly [first: string, ...more: string[]];

/** Draws parts over as many sheets as they need, about as many on each; what each is drawn with says which sheet of how many it is. */
export function inSheets<Part>(
  parts: readonly Part[],
  mostOnOne: number,
  drawn: (parts: readonly Part[], which: string) => string,
): Sheets {
  const sheets = Math.max(1, Math.ceil(parts.length / mostOnOne));
  const each = Math.ceil(parts.length / sheets);
  const sheet = (i: number) =>
    drawn(parts.slice(i * each, (i + 1) * each), sheets === 1 ? '' : ` (${i + 1} of ${sheets})`);
  return [sheet(0), ...Array.from({ length: sheets - 1 }, (_, i) => sheet(i + 1))];
}
