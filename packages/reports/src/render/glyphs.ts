/** The characters that a TrueType font has, as its character map says (format 4: those of the basic plane). */
export function charactersOf(font: Buffer): ReadonlySet<number> {
  const tables = Array.from({ length: font.readUInt16BE(4) }, (_, i) => 12 + 16 * i);
  const map = tables.find((at) => font.toString('latin1', at, at + 4) === 'cmap');
  if (map === undefined) throw new Error('the font has no character map');
  const start = font.readUInt32BE(map + 8);
  const parts = Array.from({ length: font.readUInt16BE(start + 2) }, (_, i) =>
    font.readUInt32BE(start + 4 + 8 * i + 4),
  ).map((offset) => start + offset);
  const part = parts.find((at) => font.readUInt16BE(at) === 4);
  if (part === undefined) throw new Error('the character map of the font is of a format that is not read here');
  const twice = font.readUInt16BE(part + 6);
  const found = new Set<number>();
  for (let i = 0; i < twice; i += 2) {
    const [last, first] = [font.readUInt16BE(part + 14 + i), font.readUInt16BE(part + 16 + twice + i)];
    // The last segment is there to end the list, and of no character.
    for (let character = first; character <= last && character !== 0xffff; character += 1) found.add(character);
  }
  return found;
}

/** A text in which what the font lacks is replaced: no other font, which only this machine may have, is asked for it. */
export function withGlyphsOf(characters: ReadonlySet<number>, text: string): string {
  return text.replace(/[^ -~\s]/gu, (one) => (characters.has(one.codePointAt(0) ?? 0) ? one : '?'));
}
