import { seriesStyle } from './series-style.ts';
import { escaped, faint, fontSize, ink, standing, width } from './svg.ts';

/** A box of the diagram: its heading, and lines under it. */
export type ConsortBox = { readonly heading: string; readonly lines: readonly string[] };

/** What becomes of those of one arm, or of all together: a box under the other, each with what leaves the flow before it. */
export type ConsortColumn = {
  readonly label: string;
  readonly place: number | undefined;
  readonly boxes: readonly ConsortBox[];
};

export type ConsortFigure = {
  readonly title: string;
  /** What is before randomisation, from the top, each with those who went no further. */
  readonly stem: readonly (ConsortBox & { readonly aside?: ConsortBox | undefined })[];
  readonly columns: readonly ConsortColumn[];
};

const lineHeight = 14;
const padding = 8;
const gap = 20;

/** A text in lines that are no longer than so many characters, broken between words, but not within `(n = 7)`. */
export function wrapped(text: string, characters: number): string[] {
  const lines: string[] = [];
  for (const word of text.replace('(n = ', '(n\u00a0=\u00a0').split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > characters) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

type Drawn = { readonly svg: string; readonly height: number };

function box(
  { heading, lines }: ConsortBox,
  x: number,
  y: number,
  boxWidth: number,
  colour: string,
  size: number,
  atLeast = 0,
): Drawn {
  const characters = Math.max(8, Math.floor((boxWidth - 2 * padding) / (size * 0.54)));
  const shown = [
    ...wrapped(heading, Math.floor(characters * 0.94)).map((line) => ({ line, weight: 600 })),
    ...lines.flatMap((text) => wrapped(text, characters)).map((line) => ({ line, weight: 400 })),
  ];
  const height = Math.max(atLeast, shown.length * lineHeight + 2 * padding - 2);
  const texts = shown.map(
    ({ line, weight }, i) =>
      `<text x="${x + padding}" y="${y + padding + 9 + i * lineHeight}" font-size="${size}" font-weight="${weight}">${escaped(line)}</text>`,
  );
  const frame = `<rect x="${x}" y="${y}" width="${boxWidth}" height="${height}" fill="#ffffff" stroke="${colour}" stroke-width="1.3"/>`;
  return { svg: frame + texts.join(''), height };
}

const lineOf = (x1: number, y1: number, x2: number, y2: number) =>
  `<path d="M${x1},${y1}L${x2},${y2}" stroke="${faint}" stroke-width="1.2" fill="none"/>`;

function arrow(x: number, from: number, to: number): string {
  return `${lineOf(x, from, x, to - 5)}<path d="M${x - 4},${to - 6}L${x},${to}L${x + 4},${to - 6}Z" fill="${faint}"/>`;
}

/** The flow of participants through a trial (Schulz K. F., Altman D. G., Moher D. (2010), CONSORT 2010 statement, BMJ 340, c332). */
export function consortFigure({ title, stem, columns }: ConsortFigure): string {
  const parts: string[] = [];
  const middle = width / 2;
  const [stemWidth, asideWidth] = [210, 220];
  let y = 2;
  for (const [i, one] of stem.entries()) {
    const main = box(one, middle - stemWidth / 2, y, stemWidth, ink, fontSize);
    parts.push(main.svg);
    const bottom = y + main.height;
    const isLast = i === stem.length - 1;
    if (one.aside === undefined) {
      if (!isLast) parts.push(arrow(middle, bottom, bottom + gap));
      y = bottom + gap;
      continue;
    }
    const asideTop = bottom + 8;
    const aside = box(one.aside, middle + 40, asideTop, asideWidth, faint, fontSize - 0.5);
    const next = asideTop + aside.height + 12;
    parts.push(
      aside.svg,
      arrow(middle, bottom, next),
      lineOf(middle, asideTop + aside.height / 2, middle + 40, asideTop + aside.height / 2),
    );
    y = next;
  }
  const between = 10;
  const columnWidth = Math.min(300, (width - 2 - between * (columns.length - 1)) / columns.length);
  const left = (width - (columnWidth * columns.length + between * (columns.length - 1))) / 2;
  const centre = (i: number) => left + i * (columnWidth + between) + columnWidth / 2;
  if (columns.length > 1) {
    y += 4;
    parts.push(
      lineOf(middle, y - gap - 4, middle, y - 10),
      lineOf(centre(0), y - 10, centre(columns.length - 1), y - 10),
    );
  } else parts.push(arrow(middle, y - gap, y));
  const size = columns.length > 3 ? fontSize - 1 : fontSize;
  const levels = Math.max(0, ...columns.map(({ boxes }) => boxes.length));
  for (let level = 0; level < levels; level += 1) {
    const heightOf = ({ boxes }: ConsortColumn) => {
      const one = boxes[level];
      return one === undefined ? 0 : box(one, 0, 0, columnWidth, ink, size).height;
    };
    const height = Math.max(...columns.map(heightOf));
    const top = level === 0 && columns.length > 1 ? y + 8 : y;
    for (const [i, column] of columns.entries()) {
      const one = column.boxes[level];
      if (one === undefined) continue;
      if (columns.length > 1 || level > 0) parts.push(arrow(centre(i), level === 0 ? y - 10 : y - gap, top));
      parts.push(
        box(one, left + i * (columnWidth + between), top, columnWidth, seriesStyle(column.place).colour, size, height)
          .svg,
      );
    }
    y = top + height + gap;
  }
  return standing(title, Math.ceil(y - gap + 3), parts.join(''));
}
