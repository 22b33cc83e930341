import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wrapped } from './consort.ts';
import { apart } from './end-labels.ts';
import { consortFigure, curvesFigure, forestSheets, heatMapSheets, seriesStyle, stamped } from './index.ts';

const arms = ['Ketamine + therapy', 'Saline & <education>'];
const curves = {
  title: 'Abstinent',
  valueLabel: 'Abstinent in the last 28 days',
  dayLabel: 'study day',
  days: { from: 28, to: 180 },
  isShare: true,
  isStep: false,
  series: arms.map((label, place) => ({
    label,
    place,
    points: [28, 84, 180].map((day) => ({
      day,
      value: day === 84 ? undefined : 0.5 - place / 7,
      lower: 0.3,
      upper: 0.7,
    })),
  })),
  counts: { title: 'Assessed', rows: arms.map((label) => ({ label, counts: [{ day: 28, text: '1234' }] })) },
};
const forest = {
  title: 'By site',
  labelHeading: 'Site',
  countsHeading: 'Abstinent of assessed',
  valueHeading: 'Difference',
  sides: ['favours saline', 'favours ketamine'],
  axisLabel: 'difference in percentage points',
  rows: [
    { label: 'GB-01', counts: '3/4', n: 4, value: 0.2, lower: -0.3, upper: 0.6, words: '+20', isWhole: false },
    {
      label: 'GB-02',
      counts: '0/0',
      n: 0,
      value: undefined,
      lower: undefined,
      upper: undefined,
      words: '',
      isWhole: false,
    },
    { label: 'All', counts: '3/4', n: 4, value: 0.2, lower: undefined, upper: undefined, words: '+20', isWhole: true },
  ],
} as const;
const consort = {
  title: 'Flow',
  stem: [
    { heading: 'Randomised (n = 280)', lines: [], aside: { heading: 'Not eligible (n = 3)', lines: ['a & b: 3'] } },
  ],
  columns: arms.map((label, place) => ({
    label,
    place,
    boxes: [{ heading: `${label} (n = 140)`, lines: ['lost: 2'] }],
  })),
};
const heatMap = { title: 'Weeks', weekLabel: 'week', panels: [{ label: 'All', words: ['++--o*_', '---'] }] };

const all = () => [curvesFigure(curves), ...forestSheets(forest), consortFigure(consort), ...heatMapSheets(heatMap)];

describe('a figure', () => {
  test('is the same bytes when it is drawn again, and in another process', () => {
    expect(all()).toEqual(all());
    const script = `import { curvesFigure } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
      process.stdout.write(curvesFigure(${JSON.stringify(curves)}))`;
    const elsewhere = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(elsewhere).toBe(curvesFigure(JSON.parse(JSON.stringify(curves))));
  });

  test('stands by itself: one font by name, no style sheet, no id, no script, nothing from elsewhere', () => {
    for (const svg of all()) {
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" role="img" aria-label="\w/);
      expect(svg).not.toMatch(/<style|<script|\sid=|class=|href|url\(|currentColor|NaN|undefined|\d\.\d{3}/);
      expect(new Set(svg.match(/font-family="[^"]*"/g))).toEqual(new Set([`font-family="'Source Sans 3'"`]));
    }
  });

  test('escapes what names of arms and reasons may hold', () => {
    for (const svg of [curvesFigure(curves), consortFigure(consort)]) {
      expect(svg).not.toContain('<education>');
      expect(svg).toMatch(/&lt;education&gt;|&lt;education>/);
    }
  });

  test('holds no character that XML forbids, whatever is written in reasons and names of arms', () => {
    const bad = 'moved\u000baway \u0000\uffff\ud800';
    const stem = [{ heading: 'Screened', lines: [bad], aside: { heading: bad, lines: [] } }];
    const texts = [
      consortFigure({ ...consort, title: bad, stem }),
      curvesFigure({ ...curves, valueLabel: bad, series: curves.series.map((one) => ({ ...one, label: bad })) }),
    ];
    for (const svg of texts) {
      expect(svg).toContain('moved\uFFFDaway');
      expect(svg).not.toMatch(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/u);
    }
  });

  test('can be stamped with a word', () => {
    for (const svg of all()) expect(stamped(svg, 'DUMMY')).toMatch(/>DUMMY<\/text><\/svg>\n$/);
  });

  test('names every series where it ends, and shows every count', () => {
    const svg = curvesFigure(curves);
    for (const text of ['Ketamine + therapy', '1234', 'Assessed', 'study day']) expect(svg).toContain(`>${text}<`);
  });

  test('draws nothing beyond the last day of a curve, but a point where it ends', () => {
    const ending = (days: readonly number[]) => ({
      ...{ label: 'All', place: undefined },
      points: days.map((day) => ({ day, value: 1, lower: undefined, upper: undefined })),
    });
    const drawnOf = (days: readonly number[]) => curvesFigure({ ...curves, series: [ending(days)] });
    const leader = (svg: string) => /aria-label="link"[^>]*><path d="M([\d.]+),/.exec(svg)?.[1];
    expect(leader(drawnOf([28]))).toBe(leader(drawnOf([28, curves.days.to])));
    expect(drawnOf([28])).toContain('aria-label="dot"');
    expect(drawnOf([28, curves.days.to])).not.toContain('aria-label="dot"');
  });

  test('keeps bands in its frame, and says where they go on above it', () => {
    const points = [28, 180].map((day) => ({ day, value: 3, lower: -50, upper: 90 }));
    const wide = { ...curves, isShare: false, series: [{ label: 'All', place: undefined, points }] };
    const svg = curvesFigure(wide);
    expect(svg).toContain('bands go on above');
    expect(curvesFigure(curves)).not.toContain('bands go on above');
    const heights = [...(/aria-label="area"><path d="([^"]*)"/.exec(svg)?.[1]?.matchAll(/,(-?[\d.]+)/g) ?? [])];
    expect(heights.map(([, y]) => Number(y)).toSorted((a, b) => a - b)).toEqual([26, 26, 276, 276]);
  });

  test('shows somebody in each box of the flow, and the week of each symbol', () => {
    expect(consortFigure(consort)).toContain('lost: 2');
    expect(heatMapSheets(heatMap)[0].match(/<path/g)).toHaveLength(4);
  });
});

test('an arm looks the same wherever it is, and no two of up to 28 arms look alike', () => {
  const looks = Array.from({ length: 28 }, (_, place) => JSON.stringify(seriesStyle(place)));
  expect(new Set(looks).size).toBe(28);
  expect(seriesStyle(2)).toEqual(seriesStyle(2));
  expect(looks).not.toContain(JSON.stringify(seriesStyle(undefined)));
});

test('labels do not overlap, keep their order and stay in the frame wherever there is room', () => {
  const wanted = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { maxLength: 10 });
  fc.assert(
    fc.property(wanted, (heights) => {
      const labels = apart(
        heights.map((height) => ({ wanted: height })),
        { gap: 10, from: 0, to: 100 },
      );
      expect(labels.map((label) => label.wanted)).toEqual(heights.toSorted((a, b) => a - b));
      for (const [i, { at }] of labels.entries()) {
        expect(at).toBeGreaterThanOrEqual(-1e-9);
        expect(at).toBeLessThanOrEqual(100 + 1e-9);
        if (i > 0) expect(at - (labels[i - 1]?.at ?? 0)).toBeGreaterThanOrEqual(10 - 1e-9);
      }
    }),
  );
});

test('a text is broken between words alone, into lines that fit', () => {
  const word = fc.stringMatching(/^[a-z]{1,9}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      const lines = wrapped(words.join(' '), 9);
      expect(lines.join(' ')).toBe(words.join(' '));
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(9);
    }),
  );
});
