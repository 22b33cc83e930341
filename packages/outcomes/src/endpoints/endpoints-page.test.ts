import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endpointsPage, generatedBelow } from './endpoints-page.ts';
import { publishedEndpoints } from './published-endpoints.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/published-endpoints.md'), 'utf8');

test('docs/published-endpoints.md says below its mark what the code says', () => {
  const [handwritten = '', generated, ...more] = page.split(generatedBelow);
  expect(more).toEqual([]);
  expect(handwritten.length).toBeGreaterThan(1_000);
  const remedy = 'run `npm run schemas` and commit what it writes';
  expect(
    generated === `\n\n${endpointsPage()}`,
    `docs/published-endpoints.md is not what the code says; ${remedy}`,
  ).toBe(true);
});

test('each endpoint has one section, with its formula, its warnings and an example', () => {
  const [, generated = ''] = page.split(generatedBelow);
  const sections = generated.split('\n### ').slice(1);
  expect(sections.map((section) => section.split('`')[1]).toSorted()).toEqual(
    publishedEndpoints.map(({ id }) => id).toSorted(),
  );
  for (const { id, definition, warnings } of publishedEndpoints) {
    const section = sections.find((one) => one.startsWith(`\`${id}\``));
    for (const text of [definition.meaning, definition.formula, definition.missing, ...warnings])
      expect(section).toContain(text);
    expect(section).toMatch(/`\+{4}-{11}` → \S/);
  }
});

test('the page’s links lead somewhere', () => {
  const headings = new Set([...page.matchAll(/^#+ `?([^`\n]+)`?$/gm)].map(([, heading = '']) => heading.toLowerCase()));
  const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, link]) => link);
  expect(links.length).toBeGreaterThan(publishedEndpoints.length);
  for (const link of links) expect(headings).toContain(link);
});
