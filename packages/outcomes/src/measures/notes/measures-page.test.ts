import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MeasureKind, measureKinds, measureShape } from '@holdfast/events';
import { describe, expect, test } from 'vitest';
import { yesOrNoKinds } from '../yes-or-no.ts';
import { measureNotes } from './measure-notes.ts';
import { generatedBelow, measuresPage } from './measures-page.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../../docs/measures.md'), 'utf8');
const sectionOf = (kind: MeasureKind) => page.split(`\n### \`${kind}\`\n`)[1]?.split('\n### ')[0] ?? '';

test('docs/measures.md says below its mark what the code says', () => {
  const [handwritten = '', generated, ...more] = page.split(generatedBelow);
  expect(more).toEqual([]);
  expect(handwritten.length).toBeGreaterThan(3_000);
  const remedy = 'run `npm run schemas` and commit what it writes';
  expect(generated === `\n\n${measuresPage()}`, `docs/measures.md is not what the code says; ${remedy}`).toBe(true);
});

describe.each([...measureKinds])('%s', (kind) => {
  test('has a note that says what it means, how it is computed, what it does with the missing, and a case', () => {
    const note = measureNotes[kind];
    expect(note?.kind, `${kind} has no note in measures/notes/`).toBe(kind);
    for (const text of [note?.meaning, note?.formula, note?.source, note?.missing, note?.example]) {
      expect(text).toMatch(/\S.{10}/);
      expect(sectionOf(kind)).toContain(text);
    }
    expect(note?.source, 'the source of a definition has a year').toMatch(/\b(19|20)\d\d\b|Holdfast/);
    expect(note?.example, 'a worked case has numbers').toMatch(/\d/);
    for (const value of note?.values ?? []) expect(sectionOf(kind)).toContain(`| \`${value.kind}\` | `);
  });

  test('has a title, and says of each parameter what it means, here or where all measures are spoken of', () => {
    const { title, description, fields } = measureShape(kind);
    expect([title, description].every((text) => text.length > 3)).toBe(true);
    for (const { path, meaning } of fields) {
      expect(meaning, `${path} of ${kind} has no description in its schema`).not.toBe('');
      expect(page).toContain(`\n| \`${path}\` | `);
    }
  });
});

test('what only says yes or no is known as such, and is among the values of its kind', () => {
  const saysSo = (unit: string) => /^1 yes, 0 no|^0 or 1|yes or no/.test(unit);
  for (const [kind, values] of Object.entries(yesOrNoKinds)) {
    const noted = measureNotes[kind as MeasureKind]?.values ?? [];
    for (const value of values)
      expect(
        noted.map((one) => one.kind),
        `${kind} has no value ${value}`,
      ).toContain(value);
    expect(values).toEqual(expect.arrayContaining(noted.filter(({ unit }) => saysSo(unit)).map((one) => one.kind)));
  }
});

test('the page’s links lead somewhere', () => {
  const headings = new Set(
    [...page.matchAll(/^#+ `?([^`\n]+)`?$/gm)].map(([, heading = '']) => heading.toLowerCase().replaceAll(' ', '-')),
  );
  const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, link]) => link);
  expect(links.length).toBeGreaterThan(measureKinds.length);
  for (const link of links) expect(headings).toContain(link);
});
