import { riskDifference } from '@holdfast/statistics';
import { expect, test } from 'vitest';
import { cell, request, sourceOf } from './fixtures/source-of.ts';
import { buildReport, reportKinds } from './index.ts';
import { type Row, rowsOf } from './raw-rows.ts';
import { reportFiles } from './render/index.ts';

/** Of every section a measure, and of every kind two, the second named by what stands before the first's id in files of a report. */
const measures = ['', 'rates-', 'landmarks-', 'curve-'].flatMap((before) => [
  `{ id: ${before}ae, kind: adverse-events, horizon: 180 }`,
  `{ id: ${before}peaks, kind: vital-peaks, severe: { systolic: 180, diastolic: 110 }, horizon: 180 }`,
  `{ id: ${before}ideas, kind: suicidality, rise: 2, horizon: 180 }`,
  `{ id: ${before}stay, kind: retention, windows: [28], horizon: 180 }`,
  `{ id: ${before}first, kind: first-use, substances: [alcohol], evidence: urine-only, windows: [28], horizon: 180 }`,
  `{ id: ${before}free, kind: rolling-abstinence, substances: [alcohol], evidence: urine-only, windows: [7, 28], horizon: 180, policies: [observed-only] }`,
  `{ id: ${before}doses, kind: exposure, horizon: 180 }`,
]);

const source = sourceOf(`measures:\n${measures.map((one) => `  - ${one}\n`).join('')}`);

test.each(reportKinds)('whatever ids measures have, no two items of a report (%s) have one name', (kind) => {
  const ids = buildReport({ ...request, kind }, source).sections.flatMap(({ items }) => items.map(({ id }) => id));
  expect(ids.toSorted()).toEqual([...new Set(ids)].toSorted());
});

test('usual names are what they were', () => {
  const { sections } = buildReport({ ...request, kind: 'dsmb-closed' }, source);
  const ids = sections.flatMap(({ items }) => items.map(({ id }) => id));
  expect(ids).toEqual(
    expect.arrayContaining(['safety-ae', 'safety-rates-ae', 'survival-first', 'survival-landmarks-first']),
  );
});

test('two items of one name are refused, with the name', async () => {
  const { sections, ...rest } = buildReport({ ...request, kind: 'status' }, source);
  const [{ items = [] } = {}] = sections.filter(({ items }) => items.length > 0);
  const [item] = items;
  if (item === undefined) throw new Error('the report is empty');
  const twice = { ...rest, sections: [{ id: 's', title: 'S', leftOut: [], items: [item, item] }] };
  const asked = { parquet: async () => new Uint8Array(), versions: {}, seeds: {} };
  await expect(reportFiles(twice, asked)).rejects.toThrow(`would be the file ${item.id}.csv`);
});

test('in a rehearsal no table or figure of outcomes counts one to four participants, and who is hidden is named', () => {
  const sizes = { '28-ket': [40, 3], ket: [40, 38], sal: [30, 12], none: [2, 1] } as const;
  const cells = Object.entries(sizes).flatMap(([arm, [n, some]]) => [
    cell('first', 'event', arm, [3, some, 90, Math.min(4, n - some)]),
    cell('first', 'censored', arm, [180, Math.max(0, n - some - 4)]),
    cell('first', 'events', arm, [28, some], { window: 28 }),
    cell('first', 'person-days', arm, [28, n], { window: 28 }),
    cell('free', 'assessable', arm, [28, n], { window: 28, policy: 'observed-only' }),
    cell('free', 'abstinent', arm, [28, some], { window: 28, policy: 'observed-only' }),
    cell('free', 'due', arm, [28, n], { window: 28 }),
  ]);
  const blocks = `patterns: [{ id: weeks, default: true, first: [{ anchor: consent, day: 0 }], last: [{ anchor: consent, day: 28 }], weekOne: [{ anchor: consent, day: 0 }], substances: [alcohol], negative: [tested] }]
measures:
  - { id: first, kind: first-use, substances: [alcohol], evidence: urine-only, windows: [28], horizon: 180 }
  - { id: free, kind: rolling-abstinence, substances: [alcohol], evidence: urine-only, windows: [28], horizon: 180, policies: [observed-only] }
`;
  const rehearsal = { ...sourceOf(blocks, cells), hidesSmallCells: true };
  const { sections, notes } = buildReport({ ...request, kind: 'outcome', isDummy: true }, rehearsal);
  expect(notes.join()).toContain('Two exceptions: how many are missing is shown');
  const items = sections.flatMap((section) => section.items);
  const counts = ['at_risk', 'events', 'competing', 'censored', 'assessable', 'abstinent', 'n', 'participants'];
  for (const { id, raw } of items)
    for (const row of rowsOf(raw)) {
      for (const count of counts) expect([1, 2, 3, 4], `${count} of ${id}`).not.toContain(row[count]);
      // Whatever it is of is still told.
      if (id.startsWith('rolling-rate')) expect([row.window_days, row.axis]).toEqual([28, 'study']);
    }
  const rowOf = (id: string, isOne: (row: Row) => boolean) => {
    const item = items.find((one) => one.id === id);
    return item === undefined ? undefined : rowsOf(item.raw).find(isOne);
  };
  // 3 of 40 are abstinent with one arm alone: with it go the other cells, the margins and the effects; and both tipping comparisons stand.
  expect(rowOf('factorial-free', ({ contrast }) => contrast === 'main')?.value).toBeUndefined();
  expect(rowOf('tipping-free-28-drug', () => true)).toMatchObject({ arm: 'drug=ket', rate: 41 / 80 });
  expect(sections.find(({ id }) => id === 'weeks-of-use')?.leftOut).toEqual([
    expect.stringContaining('in a rehearsal'),
  ]);
});

test('blinded people are shown nobody’s own value: no lowest and highest score, no highest blood pressure', () => {
  const blocks = `measures:
  - { id: mood, kind: scale, instrument: HAM-D-17, at: [{ day: 90 }] }
  - { id: peaks, kind: vital-peaks, severe: { systolic: 180, diastolic: 110 }, horizon: 180 }
`;
  const cells = [
    // Twenty-four have the lowest score or one more; one alone has 52. Of the pressures nobody else has 231.
    cell('mood', 'score', 'ket', [3, 12, 4, 12, 52, 1], { of: 1, item: 'day-90' }),
    cell('peaks', 'systolic', 'ket', [140, 12, 150, 12, 231, 1], { of: 1, item: 'any' }),
  ];
  const told = (hidesSmallCells: boolean) => {
    const { sections } = buildReport(
      { ...request, kind: 'dsmb-open' },
      { ...sourceOf(blocks, cells), byArm: false, hidesSmallCells },
    );
    return sections.flatMap(({ items }) => items).filter(({ id }) => ['values-mood', 'safety-peaks'].includes(id));
  };
  const [openLabel, blinded] = [told(false), told(true)].map((items) => JSON.stringify(items));
  for (const own of ['52', '231']) {
    expect(openLabel).toContain(own);
    expect(blinded).not.toContain(own);
  }
  expect(told(true).flatMap(({ raw }) => rowsOf(raw))).toContainEqual(
    expect.objectContaining({ kind: 'systolic', participants: 25, median: 150, highest: undefined }),
  );
});

test('in a rehearsal a declared median is of ten or more on both sides, or it is not shown', () => {
  const median = (id: string, of: string) =>
    `  - { id: ${id}, rank: secondary, treatment: { arms: [${of}], against: [sal] }, variable: { measure: mood, day: 90 }, summary: difference-in-medians }\n`;
  const blocks = `estimands:\n${median('of-nine', 'ket')}${median('of-ten', '28-ket')}measures:
  - { id: mood, kind: scale, instrument: HAM-D-17, at: [{ day: 90 }] }
`;
  const cells = (['ket', '28-ket', 'sal'] as const).map((arm, i) =>
    cell('mood', 'score', arm, [7, 9 + i], { of: 1, item: 'day-90' }),
  );
  const rehearsal = { ...sourceOf(blocks, cells), hidesSmallCells: true };
  const { sections } = buildReport({ ...request, kind: 'outcome', isDummy: true }, rehearsal);
  const table = sections.flatMap(({ items }) => items).find(({ id }) => id === 'declared-estimates');
  expect(rowsOf(table?.raw ?? { columns: [], rows: [] }).map(({ estimand, value }) => [estimand, value])).toEqual([
    ['of-nine', undefined],
    ['of-ten', 7],
  ]);
});

const arms = 'treatment: { arms: [ket, 28-ket], against: [sal, none] }';
const abstinence = 'kind: rolling-abstinence, substances: [alcohol], evidence: urine-only, horizon: 180';

test('every declared estimand has its row: both sides, and the summary, or that it is not computed', () => {
  const cells = [
    ...(['ket', '28-ket', 'sal', 'none'] as const).flatMap((arm, i) => [
      cell('free', 'due', arm, [28, 20], { window: 28 }),
      cell('free', 'assessable', arm, [28, 20, 90, -4], { window: 28, policy: 'observed-only' }),
      cell('free', 'abstinent', arm, [28, 15 - i, 91, -6], { window: 28, policy: 'observed-only' }),
      cell('first', 'event', arm, [30, 3 + i, 100, 3]),
      cell('first', 'censored', arm, [20, 1, 180, 10 - i]),
      cell('mood', 'score', arm, [4 + i, 9, 8, 9], { of: 1, item: 'day-90' }),
      cell('mood', 'score', arm, [30, 12], { of: 1, item: 'day-180' }),
      cell('mood', 'response', arm, [0, 9, 1, 9 + i], { of: 1, item: 'day-90' }),
    ]),
  ];
  const blocks = `estimands:
  - { id: two, rank: secondary, ${arms}, variable: { measure: first, day: 90 }, summary: difference-in-survival }
  - { id: one, rank: primary, ${arms}, variable: { measure: free, window: 28, day: 90, missing: missing-is-use }, summary: difference-in-proportions }
  - { id: three, rank: secondary, ${arms}, variable: { measure: first }, summary: hazard-ratio }
  - { id: four, rank: secondary, ${arms}, variable: { measure: mood, day: 90 }, summary: difference-in-means }
  - { id: five, rank: secondary, ${arms}, variable: { measure: mood, day: 90 }, summary: ratio-of-proportions }
measures:
  - { id: free, ${abstinence}, windows: [7, 28], policies: [observed-only, missing-is-use] }
  - { id: first, kind: first-use, substances: [alcohol], evidence: urine-only, windows: [28], horizon: 180 }
  - { id: mood, kind: scale, instrument: HAM-D-17, at: [{ day: 90 }, { day: 180 }] }
`;
  const source = sourceOf(blocks, cells);
  const { sections } = buildReport({ ...request, kind: 'outcome' }, source);
  const items = sections.flatMap((section) => section.items);
  const table = items.find(({ id }) => id === 'declared-estimates');
  if (table?.is !== 'table') throw new Error('there is no table of estimates');
  const rows = rowsOf(table.raw);
  expect(rows.map(({ estimand, kind, item }) => [estimand, kind, item ?? ''])).toEqual([
    ['one', 'abstinent', ''],
    ['two', 'survival', ''],
    ['three', 'survival', ''],
    ['four', 'score', 'day-90'],
    ['five', 'response', 'day-90'],
  ]);
  const [one, two, three, four, five] = rows;
  // On day 90, the missing as use, not on the horizon nor of the observed alone.
  const newcombe = riskDifference({ events: 29, n: 40 }, { events: 25, n: 40 });
  expect(one).toMatchObject({ day: 90, window_days: 28, missing: 'missing-is-use', events: 29, n: 40, value: 29 / 40 });
  expect(one).toMatchObject({ against_events: 25, against_n: 40, estimate: newcombe?.difference, method: 'newcombe' });
  expect(one).toMatchObject({ lower: newcombe?.lower, upper: newcombe?.upper });
  // 34 are at risk at the beginning of each side; two are censored on day 20, 7 of 32 and 11 of 32 have had it on day 90.
  expect(two).toMatchObject({ day: 90, n: 34, events: 7, against_n: 34, against_events: 11, method: 'mover' });
  expect([two?.value, two?.against_value, two?.estimate]).toEqual([25 / 32, 21 / 32, 4 / 32]);
  expect(three).toMatchObject({ day: 180, estimate: undefined, method: 'not computed' });
  expect(three?.value).toBeGreaterThan(0);
  expect(four).toMatchObject({ n: 36, value: 6.25, against_value: 7.25, estimate: -1, method: 'welch' });
  expect(five).toMatchObject({ n: 37, events: 19, against_n: 41, against_events: 23, method: 'not computed' });
  expect(table.body.map((row) => row.at(-1))).toEqual([
    expect.stringMatching(/^difference in proportions, points: \+10\.0 \(.* to .*\)$/),
    expect.stringMatching(/^difference in survival, points: \+12\.5 \(.* to .*\)$/),
    'hazard ratio: not computed by Holdfast',
    expect.stringMatching(/^difference in means: −1\.00 \(.* to .*\)$/),
    'ratio of proportions: not computed by Holdfast',
  ]);
  // The declared day stands among those of the table of all policies, whatever else does.
  const shown = items.find(({ id }) => id === 'policies-free-28');
  expect(new Set(rowsOf(shown?.raw ?? { columns: [], rows: [] }).map(({ day }) => day))).toContain(90);
});
