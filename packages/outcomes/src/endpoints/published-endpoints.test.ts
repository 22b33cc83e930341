import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvRows } from '../../../../test/csv-rows.ts';
import { type CatalogueStep, naiveEndpoint } from '../../../../test/reference/naive-endpoints.ts';
import { sharedFolder } from '../../../../test/shared-data.ts';
import { columnsOf, type EndpointValue, endpointOf, type PublishedEndpoint } from './published-endpoint.ts';
import { publishedEndpoints } from './published-endpoints.ts';

const shared = sharedFolder();
const ctn = join(shared ?? '', 'ctn');
const rowsOf = (file: string) => csvRows(readFileSync(join(ctn, file), 'utf8'));

function endpoint(id: string): PublishedEndpoint {
  const found = publishedEndpoints.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no endpoint ${id}`);
  return found;
}

/** The endpoint of each published column, and which part of its value the column shows. */
const byColumn = new Map(
  publishedEndpoints.flatMap((one) =>
    columnsOf(one).map((column, part): [string, { of: PublishedEndpoint; part: number }] => [
      column,
      { of: one, part },
    ]),
  ),
);

/** A value as the published tables write it in a column. */
function written(value: EndpointValue, part: number): string {
  if (value === undefined) return '';
  if (typeof value === 'object') return String(part === 0 ? value.time : value.event);
  return String(value);
}

/** R sums these two in extended precision; every other column is the same to the last bit. */
const nearly = new Set(['Rd_lingA_1976', 'Rd_lingB_1976']);

function isAsPublished(column: string, got: string, wanted: string): boolean {
  if (got === wanted) return true;
  return nearly.has(column) && got !== '' && Math.abs(Number(got) - Number(wanted)) <= 1e-9;
}

const arbWord = (maxLength = 40) =>
  fc.oneof(
    fc.string({ unit: fc.constantFrom('+', '-', 'o', '*'), maxLength }),
    fc.string({ unit: fc.constantFrom('+', '-', '-', '-', 'o', '*', '_'), maxLength }),
    fc.string({ unit: fc.constantFrom('-', 'o'), maxLength }),
  );

describe('the published endpoints', () => {
  test('are 54 in 62 columns, each named once, by 43 definitions', () => {
    expect(publishedEndpoints.length).toBe(54);
    expect(byColumn.size).toBe(62);
    expect(new Set(publishedEndpoints.map(({ id }) => id)).size).toBe(54);
    expect(new Set(publishedEndpoints.map(({ definition }) => definition)).size).toBe(43);
    expect(new Set(publishedEndpoints.map(({ definition }) => definition.of)).size).toBe(43);
  });

  test('give what their output says, within its range, for every word', () => {
    fc.assert(
      fc.property(arbWord(), (word) => {
        for (const one of publishedEndpoints) {
          const value = endpointOf(one, word);
          const { output } = one.definition;
          if (output === 'logical') expect(value, one.id).toBeTypeOf('boolean');
          else if (output === 'time-to-event') {
            if (value === undefined) continue;
            expect(value, one.id).toEqual({ time: expect.any(Number), event: expect.any(Number) });
            const { time, event } = value as { time: number; event: number };
            expect(time >= 1 && time <= word.length && [0, 1].includes(event), one.id).toBe(true);
          } else if (value !== undefined || output !== 'score') {
            const most = { share: 1, score: 120, count: word.length }[output];
            expect(Number(value) >= 0 && Number(value) <= most, `${one.id} of ${word}: ${value}`).toBe(true);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  const tellsMissed = new Set([
    // Those in which a missed week is no use, or a test in its place would be worse.
    ...['Ab_shufman_1994', 'Rd_shufman_1994', 'Rd_strain_1993', 'Rd_strain_1994', 'Rd_strain_1999'],
    ...['Rd_lingA_1976', 'Rd_lingB_1976', 'Dr_ctnNinetyFour_2023'],
    // Those that take missed weeks out, or fill them, or stop at the last attended one.
    ...['Ab_ctnNinetyFour_2023', 'Ab_schottenfeld_2005', 'Rd_eissenberg_1997', 'Rd_fudala_2003', 'Rd_jaffe_1972'],
    ...[
      'Rd_kostenB_1993',
      'Rd_lingA_1998',
      'Rd_mattickA_2003',
      'Rd_paniA_2000',
      'Rd_schottenfeld_2005',
      'Rd_soyka_2008',
    ],
    ...['Rd_strain_1996', 'Rd_tanum_2017', 'Rd_wolstein_2009'],
  ]);

  test('treat a missed week like a positive one, unless they say what else they do with it', () => {
    const asPositive = publishedEndpoints.filter(({ id }) => !tellsMissed.has(id));
    expect(asPositive.length).toBe(54 - tellsMissed.size);
    fc.assert(
      fc.property(arbWord(), (word) => {
        const positive = word.replaceAll('o', '+');
        for (const one of asPositive) {
          expect(endpointOf(one, positive), `${one.id} of ${word}`).toEqual(endpointOf(one, word));
        }
      }),
      { numRuns: 2_000 },
    );
    for (const id of tellsMissed) {
      const differs = [
        '+++oo---------o',
        '---------------',
        'ooooooooooooooo',
        '--o-----oo--+---o-',
        '---o-----------',
      ].some(
        (word) =>
          JSON.stringify(endpointOf(endpoint(id), word.replaceAll('o', '+'))) !==
          JSON.stringify(endpointOf(endpoint(id), word)),
      );
      expect(differs, `${id} tells missed from positive`).toBe(true);
    }
  });

  test('never gain by a negative week turned positive', () => {
    // More is better in abstinence and reduction; a relapse is never put off. Filling and closing up may gain in the mode or by
    // windows that move; they do not here, since no week is missed.
    const seen = fc.string({ unit: fc.constantFrom('+', '-', '*'), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(seen, fc.nat(), (word, at) => {
        const week = at % word.length;
        const worse = `${word.slice(0, week)}+${word.slice(week + 1)}`;
        for (const one of publishedEndpoints) {
          const [before, after] = [endpointOf(one, word), endpointOf(one, worse)];
          const name = `${one.id}: ${word} to ${worse}`;
          if (typeof before === 'object') expect((after as typeof before).time, name).toBeLessThanOrEqual(before.time);
          else if (before === undefined) expect(after, name).toBe(undefined);
          else if (one.family === 'relapse') expect(Number(after), name).toBeGreaterThanOrEqual(Number(before));
          else expect(Number(after), name).toBeLessThanOrEqual(Number(before));
        }
      }),
      { numRuns: 1_500 },
    );
  });

  test('that begin with a run of negatives end it at the first other week', () => {
    fc.assert(
      fc.property(fc.nat({ max: 30 }), fc.constantFrom('+', '*', 'o'), arbWord(20), (run, other, rest) => {
        const word = '-'.repeat(run) + other + rest;
        expect(endpointOf(endpoint('Ab_mokri_2016'), word)).toEqual({ time: run + 1, event: 1 });
        expect(endpointOf(endpoint('Ab_mokri_2016'), '-'.repeat(run + 1))).toEqual({ time: run + 1, event: 0 });
      }),
    );
  });

  test('say what they are, in words, with a source and no empty text', () => {
    for (const { id, definition, source, warnings } of publishedEndpoints) {
      for (const text of [definition.meaning, definition.formula, definition.missing, definition.edges])
        expect(text, id).toMatch(/^[^a-z].*[.)]$/);
      expect(id.endsWith(`_${source.year}`) || id === 'Rs_krupitsky_2004', id).toBe(true);
      for (const warning of warnings) expect(warning, id).not.toMatch(/^$|\.$/);
    }
  });

  test('that part from their publication say so', () => {
    for (const id of ['Rd_strain_1994', 'Rd_strain_1999'])
      expect(endpoint(id).warnings.join(), id).toContain('count as negative');
    for (const id of ['Ab_krupitskyA_2011', 'Rd_lingA_1976', 'Rs_lee_2016', 'Rs_ctnFiftyOne_2018', 'Rd_lingA_1998'])
      expect(endpoint(id).warnings.length, id).toBeGreaterThan(0);
  });
});

describe.skipIf(shared === undefined)('the published endpoints, held against shared data,', () => {
  test('are those of the catalogue: ids, columns, output, year, doi', () => {
    const { endpoints } = catalogue();
    const wanted = endpoints.map(({ columns, year, doi, type }) => ({ columns, year, doi: doi ?? '', type }));
    const types = { share: 'proportion', score: 'score 0-120' } as Readonly<Record<string, string>>;
    const got = publishedEndpoints.map((one) => ({
      columns: [...columnsOf(one)],
      year: one.source.year,
      doi: one.source.doi.join('; '),
      type: types[one.definition.output] ?? one.definition.output,
    }));
    const byName = (a: { columns: string[] }, b: { columns: string[] }) =>
      a.columns.join() < b.columns.join() ? -1 : 1;
    expect(got.toSorted(byName)).toEqual(wanted.toSorted(byName));
    const families = endpoints.map(({ columns, family }) => [columns[0], family]);
    const own = publishedEndpoints.map((one) => [
      columnsOf(one)[0],
      one.family === 'retention' ? 'relapse' : one.family,
    ]);
    expect(own.toSorted()).toEqual(families.toSorted());
  });

  test('share a definition exactly where the catalogue says that they are identical', () => {
    const steps = (id: string | undefined) =>
      JSON.stringify(catalogue().endpoints.find(({ columns }) => columns[0] === id)?.steps);
    for (const a of publishedEndpoints)
      for (const b of publishedEndpoints)
        expect(a.definition === b.definition, `${a.id} and ${b.id}`).toBe(
          steps(columnsOf(a)[0]) === steps(columnsOf(b)[0]),
        );
  });

  test('give every golden value, to the last bit where R does not sum in extended precision', () => {
    const rows = rowsOf('goldens.csv');
    expect(rows.length).toBe(18_972);
    const wrong = rows.filter(({ endpoint: column = '', pattern = '', expected = '', kind }) => {
      const { of, part } = byColumn.get(column) ?? { of: endpoint(column), part: 0 };
      return !isAsPublished(column, written(endpointOf(of, pattern), part), kind === 'na' ? '' : expected);
    });
    expect(wrong).toEqual([]);
    expect(new Set(rows.map((row) => row.endpoint))).toEqual(new Set(byColumn.keys()));
  });

  test.each(['outcomes.csv', 'outcomes_current.csv'])('give every value of expected/%s', (file) => {
    const rows = rowsOf(`expected/${file}`);
    expect(rows.length).toBe(2_788);
    const wrong: unknown[] = [];
    let compared = 0;
    for (const row of rows) {
      for (const [column, { of, part }] of byColumn) {
        compared += 1;
        const got = written(endpointOf(of, row.usePatternUDS ?? ''), part);
        if (!isAsPublished(column, got, row[column] ?? 'no such column')) wrong.push({ who: row.who, column, got });
      }
    }
    expect(wrong).toEqual([]);
    expect(compared).toBe(2_788 * 62);
  });

  test('add up by arm to every sum and mean of expected/arm_endpoints.csv', () => {
    const participants = rowsOf('expected/patterns.csv');
    const rows = rowsOf('expected/arm_endpoints.csv');
    expect(rows.length).toBe(496);
    for (const { words = '', trial, arm, endpoint: column = '', n, sum, mean } of rows) {
      const { of, part } = byColumn.get(column) ?? { of: endpoint(column), part: 0 };
      const values = participants
        .filter((row) => row.trial === trial && row.arm1 === arm)
        .map((row) => endpointOf(of, `${row[`${words}_Phase_1`]}${row[`${words}_Phase_2`]}`))
        .map((value) => (typeof value === 'object' ? (part === 0 ? value.time : value.event) : Number(value)));
      const total = values.reduce((all, value) => all + value, 0);
      expect(values.length, column).toBe(Number(n));
      // Twelve digits are printed.
      expect(Math.abs(total - Number(sum)), `${words} ${arm} ${column}`).toBeLessThanOrEqual(1e-11 * (1 + total));
      expect(Math.abs(total / values.length - Number(mean)), `${words} ${arm} ${column}`).toBeLessThanOrEqual(1e-9);
    }
  });

  test('agree with the catalogue’s steps, worked out naively, on any word', () => {
    const references = catalogue().endpoints.map(({ columns, steps }) => ({
      of: byColumn.get(columns[0] ?? '')?.of ?? endpoint(columns[0] ?? ''),
      steps,
    }));
    fc.assert(
      fc.property(arbWord(), (word) => {
        for (const { of, steps } of references) {
          const value = endpointOf(of, word);
          const wanted = naiveEndpoint(steps, word);
          const got = typeof value === 'object' ? [value.time, value.event] : value;
          const name = `${of.id} of ${JSON.stringify(word)}`;
          if (nearly.has(of.id) && typeof got === 'number')
            expect(Math.abs(got - Number(wanted)), name).toBeLessThanOrEqual(1e-9);
          else expect(got, name).toEqual(wanted);
        }
      }),
      { numRuns: 2_500 },
    );
  });
});

function catalogue(): {
  endpoints: {
    columns: string[];
    year: number;
    doi: string | null;
    type: string;
    family: string;
    steps: CatalogueStep[];
  }[];
} {
  return JSON.parse(readFileSync(join(ctn, 'endpoint-catalogue.json'), 'utf8'));
}
