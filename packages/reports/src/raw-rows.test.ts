import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bothSides, rowsOf, withoutExtremes, withoutSmallCells } from './raw-rows.ts';
import type { Value } from './rows/index.ts';

const columns = ['day', 'missing', 'n', 'of'];
const row: fc.Arbitrary<Value[]> = fc
  .record({ day: fc.integer({ min: 1, max: 3 }), missing: fc.constantFrom('a', 'b'), of: fc.nat(12), share: fc.nat(4) })
  .map(({ day, missing, of, share }) => [day, missing, Math.round((of * share) / 4), of]);

test('no row shown tells of one to four, with something or without, nor lies beside one that does', () => {
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const shown = withoutSmallCells(
        { columns, rows },
        {
          counts: ({ n, of }) => [of, ...bothSides(n, of)],
          keys: new Set(['day', 'missing']),
          together: ({ day }) => String(day),
        },
      );
      const isSmall = (count: number) => count >= 1 && count <= 4;
      const tells = rows.map(([, , n, of]) => [of, n, Number(of) - Number(n)].some((one) => isSmall(Number(one))));
      const days = new Set(rows.filter((_, i) => tells[i]).map(([day]) => day));
      for (const [i, { day, missing, n, of }] of rowsOf(shown).entries())
        expect([day, missing, n, of]).toEqual(
          days.has(day) ? [...(rows[i]?.slice(0, 2) ?? []), undefined, undefined] : rows[i],
        );
    }),
  );
});

test('no quantile is shown beyond which fewer than five lie: so no lowest or highest, and quartiles of twenty or more alone', () => {
  const quantiles = ['minimum', 'lower_quartile', 'median', 'upper_quartile', 'maximum', 'highest'];
  const rows = [9, 10, 19, 20, 1000].map((n) => [n, ...quantiles.map(() => 7)]);
  const shown = withoutExtremes({ columns: ['n', ...quantiles], rows }, ({ n }) => n);
  expect(rowsOf(shown).map((row) => Object.keys(row).filter((column) => row[column] !== undefined))).toEqual([
    ['n'],
    ['n', 'median'],
    ['n', 'median'],
    ['n', 'lower_quartile', 'median', 'upper_quartile'],
    ['n', 'lower_quartile', 'median', 'upper_quartile'],
  ]);
});
