import { type PlotOptions, plot } from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** The one font of every figure; whoever renders an SVG brings it along. (Unquoted, its name would be none: `3` begins no word in CSS.) */
export const fontFamily = 'Source Sans 3';

/** Width of every figure, in pixels of 1/96 inch. */
export const width = 680;

export const fontSize = 11;

/** Ink of axes and texts. */
export const ink = '#222222';
export const faint = '#8a8a8a';

/** How wide a text is at most, in pixels: no font is at hand to ask. */
export function textWidth(text: string, size: number = fontSize): number {
  return Math.ceil(text.length * size * 0.53);
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Coordinates to hundredths of a pixel: no digit depends on how a machine adds. */
const rounded = (tag: string) =>
  tag.replace(/-?\d+\.\d{3,}/g, (number) => String(Math.round(Number(number) * 100) / 100 + 0));

/** What XML 1.0 has no room for, however it is escaped: control characters, and half characters. */
const forbidden = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** An SVG that stands by itself: namespace, font, size and a title for who cannot see it. */
export function standing(title: string, height: number, inner: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escaped(title)}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="'${fontFamily}'" font-size="${fontSize}" fill="${ink}">${inner}</svg>\n`;
  return svg.replace(forbidden, '\uFFFD');
}

/** Draws a plot: equal plots are equal bytes, in whatever process. */
export function drawn(title: string, options: PlotOptions & { readonly height: number }): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = plot({ ...options, document, width });
  for (const style of svg.querySelectorAll('style')) style.remove();
  const inner = svg.innerHTML.replace(/<[^>]+>/g, rounded).replaceAll('currentColor', ink);
  return standing(title, options.height, `<g text-anchor="middle">${inner}</g>`);
}

/** A figure with a word across it that nobody can overlook, wherever the figure is shown alone. */
export function stamped(svg: string, word: string): string {
  const height = Number(/viewBox="0 0 \d+ (\d+)"/.exec(svg)?.[1] ?? 0);
  const stamp = `<text x="${width / 2}" y="${height / 2 + 30}" text-anchor="middle" font-size="110" font-weight="600" fill="#b00000" fill-opacity="0.16">${escaped(word)}</text>`;
  return svg.replace(/<\/svg>\n$/, `${stamp}</svg>\n`);
}
