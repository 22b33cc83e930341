import { inSheets, type Sheets } from './sheets.ts';
import { escaped, fontSize, ink, standing, textWidth, width } from './svg.ts';

/** The weeks of some participants, a word each: `+` use, `-` free, `o` missing, `*` mixed or inconclusive, `_` not scheduled. */
export type HeatMapPanel = { readonly label: string; readonly words: readonly string[] };

export type HeatMapFigure = {
  readonly title: string;
  readonly panels: readonly HeatMapPanel[];
  readonly weekLabel: string;
};

const symbols = [
  ['-', 'no use', '#56B4E9'],
  ['+', 'use', '#D55E00'],
  ['*', 'mixed or inconclusive', '#F0E442'],
  ['o', 'missing', '#BBBBBB'],
] as const;

/** Those who were free of use for longest first. */
function inOrder(words: readonly string[]): string[] {
  const free = (word: string) => [...word].filter((symbol) => symbol === '-').length;
  const known = (word: string) => [...word].filter((symbol) => symbol === '-' || symbol === '+').length;
  return [...words].sort((a, b) => free(b) - free(a) || known(a) - known(b) || (a < b ? 1 : a > b ? -1 : 0));
}

const at = (pixels: number) => String(Math.round(pixels * 100) / 100);

/** Runs of one symbol, as one path: a participant is a line, a week a step of it. */
function pathOf(
  words: readonly string[],
  symbol: string,
  x: number,
  y: number,
  weekWidth: number,
  rowHeight: number,
): string {
  let path = '';
  for (const [row, word] of words.entries()) {
    for (let from = word.indexOf(symbol); from !== -1; ) {
      let to = from;
      while (word[to] === symbol) to += 1;
      path += `M${at(x + from * weekWidth)},${at(y + row * rowHeight)}h${at((to - from) * weekWidth)}v${at(rowHeight)}h${at((from - to) * weekWidth)}z`;
      from = word.indexOf(symbol, to);
    }
  }
  return path;
}

/** Two rows of two panels are as much as a page is high. */
const mostPanels = 4;

/** Every participant's weeks, a line each, sorted by weeks without use; a panel an arm. */
export function heatMapSheets(figure: HeatMapFigure): Sheets {
  return inSheets(figure.panels, mostPanels, (some, which) => sheetOf(figure, some, which));
}

/** Some panels of a figure, on the scales of all of them. */
function sheetOf({ title, panels, weekLabel }: HeatMapFigure, some: readonly HeatMapPanel[], which: string): string {
  const weeks = Math.max(1, ...panels.flatMap(({ words }) => words.map((word) => word.length)));
  const perRow = panels.length > 2 ? 2 : Math.max(1, panels.length);
  const between = 26;
  const panelWidth = (width - 4 - between * (perRow - 1)) / perRow;
  const weekWidth = panelWidth / weeks;
  const most = Math.max(1, ...panels.map(({ words }) => words.length));
  const rowHeight = Math.min(6, 260 / most);
  const panelHeight = most * rowHeight;
  const parts: string[] = [];
  let keyX = 2;
  for (const [, name, colour] of symbols) {
    parts.push(
      `<rect x="${keyX}" y="3" width="11" height="11" fill="${colour}" stroke="#666666" stroke-width="0.4"/><text x="${keyX + 16}" y="13">${name}</text>`,
    );
    keyX += 34 + textWidth(name);
  }
  let bottom = 24;
  for (const [i, { label, words }] of some.entries()) {
    const row = Math.floor(i / perRow);
    const x = 2 + (i % perRow) * (panelWidth + between);
    const y = 46 + row * (panelHeight + 62);
    const ordered = inOrder(words);
    parts.push(`<text x="${at(x)}" y="${at(y - 6)}" font-weight="600">${escaped(label)} (n = ${words.length})</text>`);
    parts.push(
      `<rect x="${at(x)}" y="${at(y)}" width="${at(panelWidth)}" height="${at(Math.max(1, words.length) * rowHeight)}" fill="#ffffff" stroke="${ink}" stroke-width="0.5"/>`,
    );
    for (const [symbol, , colour] of symbols) {
      const path = pathOf(ordered, symbol, x, y, weekWidth, rowHeight);
      if (path !== '') parts.push(`<path d="${path}" fill="${colour}"/>`);
    }
    const axis = y + Math.max(1, words.length) * rowHeight;
    for (let week = 1; week <= weeks; week += weeks > 30 ? 8 : weeks > 12 ? 4 : 1)
      parts.push(
        `<text x="${at(x + (week - 0.5) * weekWidth)}" y="${at(axis + 14)}" text-anchor="middle" font-size="${fontSize - 1}">${week}</text>`,
      );
    parts.push(
      `<text x="${at(x + panelWidth / 2)}" y="${at(axis + 28)}" text-anchor="middle">${escaped(weekLabel)}</text>`,
    );
    bottom = Math.max(bottom, axis + 34);
  }
  return standing(`${title}${which}`, Math.ceil(bottom), parts.join(''));
}
