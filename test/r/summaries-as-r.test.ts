import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { summaryOf, type Valued } from '@holdfast/statistics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rIsThere, rscript } from './rscript.ts';

const script = join(dirname(fileURLToPath(import.meta.url)), 'summaries.R');

const count = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: 0, max: 30 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 1_000_000 }) },
);
/** Days abstinent of days at risk, points of a score, and fractions far from 0 … 1. */
const distribution = fc.oneof(
  fc.array(
    fc
      .tuple(fc.integer({ min: 1, max: 366 }), fc.nat(), count)
      .map(([of, any, times]): Valued => ({ value: any % (of + 1), of, count: times })),
    { minLength: 1, maxLength: 20 },
  ),
  fc.array(fc.record<Valued>({ value: fc.integer({ min: 0, max: 42 }), of: fc.constant(1), count }), {
    minLength: 1,
    maxLength: 20,
  }),
  fc.array(
    fc.record<Valued>({ value: fc.integer({ min: -1e6, max: 1e6 }), of: fc.integer({ min: 1, max: 1000 }), count }),
    { minLength: 1, maxLength: 8 },
  ),
);

const columns = ['n', 'mean', 'sd', 'median', 'lowerQuartile', 'upperQuartile'] as const;

/** One line of numbers a distribution, in their order; NA and NaN become NaN. */
function asRSummarises(distributions: readonly (readonly Valued[])[]): number[][] {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-r-'));
  try {
    const rows = distributions.flatMap((valued, i) =>
      valued.map(({ value, of, count: times }) => `d${i},${value},${of},${times}\n`),
    );
    writeFileSync(join(folder, 'rows.csv'), `distribution,value,of,count\n${rows.join('')}`);
    const [header, ...lines] = rscript(script, join(folder, 'rows.csv')).trim().split('\n');
    expect(header).toBe(['distribution', ...columns].join(','));
    return lines.map((line, i) => {
      const [name, ...numbers] = line.split(',');
      expect(name).toBe(`d${i}`);
      return numbers.map(Number);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.skipIf(!rIsThere())('200 random distributions are summarised as R summarises them', () => {
  fc.assert(
    fc.property(fc.array(distribution, { minLength: 200, maxLength: 200, size: 'max' }), (distributions) => {
      const summaries = asRSummarises(distributions);
      expect(summaries.length).toBe(200);
      for (const [i, valued] of distributions.entries()) {
        const ours = summaryOf(valued);
        const ofR = summaries[i] ?? [];
        for (const [at, column] of columns.entries()) {
          const [actual, expected] = [ours[column] ?? Number.NaN, ofR[at] ?? expect.fail(`R has no ${column}`)];
          const which = `${column} of ${JSON.stringify(valued)}`;
          if (Number.isNaN(expected)) expect(actual, which).toBeNaN();
          else expect(Math.abs(actual - expected), which).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
        }
      }
    }),
    { numRuns: 1, endOnFailure: true },
  );
});
