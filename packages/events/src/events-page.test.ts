import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type EventType, eventTypes } from './event.ts';
import { eventsPage, fieldsOfType, generatedBelow } from './events-page.ts';
import { typeNotes } from './types/type-notes.ts';

const root = join(import.meta.dirname, '../../..');
const folder = join(root, 'schemas/examples/events');
const examples = new Map(
  readdirSync(folder).map((name): [string, object] => [
    basename(name, '.json'),
    JSON.parse(readFileSync(join(folder, name), 'utf8')).data,
  ]),
);
const page = readFileSync(join(root, 'docs/events.md'), 'utf8');
const types = Object.keys(eventTypes) as EventType[];

test('docs/events.md says below its mark what the code says', () => {
  const [handwritten = '', generated, ...more] = page.split(generatedBelow);
  expect(more).toEqual([]);
  expect(handwritten.length).toBeGreaterThan(1_000);
  const remedy = 'run `npm run schemas` and commit what it writes';
  expect(generated === `\n\n${eventsPage(examples)}`, `docs/events.md is not what the code says; ${remedy}`).toBe(true);
});

test('what a type changes is said once of each type', () => {
  const noted = Object.values(typeNotes).flatMap((notes) => Object.keys(notes));
  expect(new Set(noted).size).toBe(noted.length);
  expect(types.filter((type) => !noted.includes(type))).toEqual([]);
});

describe.each(types)('%s', (type) => {
  test('has a title, a description and a section of its own, with every field and its meaning', () => {
    expect(eventTypes[type].meta()).toMatchObject({ title: expect.any(String), description: expect.any(String) });
    const [, section = ''] = page.split(`\n### \`${type}\`\n`);
    for (const { path, meaning } of fieldsOfType(type)) {
      expect(meaning, `${path} has no description`).not.toBe('');
      expect(section.split('\n### ')[0]).toContain(`\n| \`${path}\` |`);
    }
  });
});

test('the page’s links lead somewhere', () => {
  const headings = new Set([...page.matchAll(/^#+ `?([^`\n]+)`?$/gm)].map(([, heading]) => heading));
  const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, link]) => link);
  expect(links.length).toBeGreaterThan(types.length - 1);
  for (const link of links) expect(headings).toContain(link);
});
