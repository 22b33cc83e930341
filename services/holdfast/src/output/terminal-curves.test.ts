import { expect, test } from 'vitest';
import { terminalCurves } from './terminal-curves.ts';

const line = (from: number, to: number) =>
  Array.from({ length: 11 }, (_, i) => ({ day: 10 * i, share: from + ((to - from) * i) / 10 }));

test('curves are drawn at their shares, over their days, with a legend', () => {
  const drawn = terminalCurves(
    [
      { name: 'falls', mark: '*', points: line(0.9, 0.1) },
      { name: 'stays', mark: 'o', points: line(0.5, 0.5) },
    ],
    51,
  );
  const rows = new Map(
    drawn
      .split('\n')
      .flatMap((row) => [...row.matchAll(/^ *(\d+) % ┤(.*)$/g)].map(([, percent, of]) => [Number(percent), of ?? ''])),
  );
  expect(rows.get(90)?.[0]).toBe('*');
  expect(rows.get(10)?.[50]).toBe('*');
  expect(rows.get(50)?.replaceAll(/[^o]/g, '').length).toBeGreaterThan(40);
  // No line stands where no curve is, but for one on each side.
  expect([Math.max(...rows.keys()), Math.min(...rows.keys())]).toEqual([95, 5]);
  expect(drawn).toMatch(/0 +20 +40 +60 +80 +100 {2}study day/);
  expect(drawn).toContain('* falls   o stays');
});

test('before its first day and after its last a curve is not drawn', () => {
  const short = { name: 'short', mark: 's', points: line(0.5, 0.5).slice(4, 7) };
  const drawn = terminalCurves([short, { name: 'long', mark: 'l', points: line(0, 0) }], 51);
  const [row = ''] = drawn.split('\n').filter((text) => text.includes('s') && text.includes('50 %'));
  expect(row.trim().replaceAll(/[^s]/g, '').length).toBe(11);
});
