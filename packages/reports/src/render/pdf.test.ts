import { inflateSync } from 'node:zlib';
import { consortFigure, type ForestRow, forestSheets, heatMapSheets } from '@holdfast/figures';
import { describe, expect, test } from 'vitest';
import { isInside, pdfWords, popplerIsThere } from '../../../../test/pdf-words.ts';
import type { Report, ReportFigure } from '../model.ts';
import { readFonts } from './fonts.ts';
import { charactersOf, withGlyphsOf } from './glyphs.ts';
import { pdfOf } from './pdf.ts';

const strange = 'moved\u000baway, 引っ越し ⚕ ع ▸';
const [forest] = forestSheets({
  ...{ title: strange, labelHeading: 'Site', countsHeading: 'n', valueHeading: 'Difference' },
  ...{ sides: ['less', strange], axisLabel: 'points' },
  rows: [{ label: strange, counts: '1', n: 9, value: 0.2, lower: 0.1, upper: 0.3, words: '+20', isWhole: false }],
});
const consort = consortFigure({ title: 'Flow', stem: [{ heading: strange, lines: [strange] }], columns: [] });

const basis = { method: strange, population: strange, estimand: strange, mature: strange };
const figures = [forest, consort].map(
  (svg, i): ReportFigure => ({
    ...{ is: 'figure', id: `figure-${i}`, title: strange, basis, notes: [strange], svg },
    raw: { columns: [], rows: [] },
  }),
);
const report: Report = {
  ...{ kind: 'status', title: strange, trial: 'T', trialTitle: strange, isClosed: false, isDummy: false },
  ...{ site: undefined, foldVersion: 1, notes: [strange] },
  cut: {
    ...{ name: 'C1', createdAt: '2027-06-01T12:00:00.000Z', asOf: null, cutOff: null, clock: null },
    ...{ digest: 'd'.repeat(64), protocolVersion: 1 },
  },
  sections: [{ id: 'one', title: strange, leftOut: [], items: figures }],
};

/** The fonts that a PDF names, in whatever object it does. */
function fontsIn(pdf: Uint8Array): string[] {
  const text = Buffer.from(pdf).toString('latin1');
  const streams = [...text.matchAll(/stream\r?\n/g)].map(({ index, 0: { length } }) => {
    try {
      return inflateSync(Buffer.from(pdf).subarray(index + length), { finishFlush: 2 }).toString('latin1');
    } catch {
      return '';
    }
  });
  return [text, ...streams].flatMap((part) =>
    [...part.matchAll(/\/BaseFont\s*\/([\w+-]+)/g)].map(([, name = '']) => name),
  );
}

test('a PDF holds Source Sans alone, whatever is written in it, and is set whatever is written in it', () => {
  const fonts = fontsIn(pdfOf(report, readFonts()));
  expect(fonts.length).toBeGreaterThan(0);
  for (const name of fonts) expect(name).toContain('SourceSans3');
});

test('what a font lacks is replaced, and what it has is left', () => {
  const [font = Buffer.alloc(0)] = readFonts().forPdf;
  const characters = charactersOf(font);
  const had = 'Zoë – 40 % (≥ 5), −0.3 “so” · Łódź\n';
  expect(withGlyphsOf(characters, had)).toBe(had);
  expect(withGlyphsOf(characters, 'a引b😀')).toBe('a?b?');
});

const withFigures = (...figures: readonly (readonly [svg: string, ...moreSheets: string[]])[]): Report => ({
  ...report,
  sections: figures.map(([svg, ...moreSheets], i) => ({
    ...{ id: `section-${i}`, title: 'Section', leftOut: [] },
    items: [
      {
        ...{ is: 'figure', id: `figure-${i}`, title: 'Figure', notes: ['said-last'], svg, moreSheets },
        basis: { method: 'm', population: 'p', estimand: 'e', mature: 'm' },
        raw: { columns: [], rows: [] },
      },
    ],
  })),
});

describe.skipIf(!popplerIsThere())(
  'nothing of a figure is cut off, and nothing lies over what is said below it',
  () => {
    test('a forest plot of 70 sites: every site once, all of them together on each sheet, smallest and largest alike', () => {
      const row = { counts: '3/9', n: 9, value: 0.1, lower: -0.2, upper: 0.4, words: '+10', isWhole: false };
      const sites = Array.from({ length: 70 }, (_, i): ForestRow => ({ ...row, label: `SITE-${i + 1}` }));
      const sheets = forestSheets({
        ...{ title: 'By site', labelHeading: 'Site', countsHeading: 'n', valueHeading: 'Difference' },
        ...{
          sides: ['less', 'more'],
          axisLabel: 'points',
          rows: [...sites, { ...row, label: 'ALL-SITES', isWhole: true }],
        },
      });
      const words = pdfWords(pdfOf(withFigures(sheets), readFonts()));
      for (const { label } of sites) {
        const found = words.filter(({ word }) => word === label);
        expect(found, label).toHaveLength(1);
        expect(found.every(isInside), label).toBe(true);
      }
      const whole = words.filter(({ word }) => word === 'ALL-SITES');
      expect(whole.every(isInside)).toBe(true);
      expect(sheets.length).toBeGreaterThan(1);
      expect(whole).toHaveLength(sheets.length);
      expect(new Set(whole.map(({ page }) => page)).size).toBe(sheets.length);
      const axes = words.filter(({ word }) => word === 'points');
      expect(axes).toHaveLength(sheets.length);
      const said = words.find(({ word }) => word === 'said-last');
      expect(said).toSatisfy(isInside);
      expect(said?.top).toBeGreaterThan(axes.at(-1)?.bottom ?? Number.NaN);
    });

    test('weeks of use in nine arms', () => {
      const panels = Array.from({ length: 9 }, (_, i) => ({
        label: `ARM-${i}`,
        words: Array.from({ length: 200 }, () => '+-o*'),
      }));
      const words = pdfWords(pdfOf(withFigures(heatMapSheets({ title: 'W', weekLabel: 'week', panels })), readFonts()));
      for (const { label } of panels) expect(words.filter(({ word }) => word === label).map(isInside)).toEqual([true]);
      expect(words.filter(({ word }) => word === 'week').map(isInside)).toEqual(panels.map(() => true));
    });

    test('a figure that is taller than a page, whatever it is, is made smaller', () => {
      const stem = Array.from({ length: 60 }, (_, i) => ({ heading: `BOX-${i}`, lines: ['one', 'two'] }));
      const words = pdfWords(pdfOf(withFigures([consortFigure({ title: 'Flow', stem, columns: [] })]), readFonts()));
      for (const { heading } of stem)
        expect(words.filter(({ word }) => word === heading).map(isInside), heading).toEqual([true]);
      expect(words.find(({ word }) => word === 'said-last')).toSatisfy(isInside);
    });
  },
);
