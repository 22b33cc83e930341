import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { jsonSchemaFiles } from './json-schemas.ts';

const schemas = join(import.meta.dirname, '../../../schemas');
const generated = jsonSchemaFiles();
const remedy = 'run `npm run schemas` and commit what it writes';

describe('the JSON Schemas in schemas/', () => {
  test.each([...generated])('%s is what the code says', (path, text) => {
    const file = join(schemas, path);
    expect(existsSync(file), `schemas/${path} is missing; ${remedy}`).toBe(true);
    expect(readFileSync(file, 'utf8'), `schemas/${path} is not what the code says; ${remedy}`).toBe(text);
  });

  test('are no more than the code knows: none of a type or protocol that is gone', () => {
    const folders = [...new Set([...generated.keys()].map((path) => dirname(path)))];
    const present = folders.flatMap((folder) => readdirSync(join(schemas, folder)).map((name) => `${folder}/${name}`));
    expect(
      present.filter((path) => !generated.has(path)),
      'of what is gone: delete these files',
    ).toEqual([]);
  });

  test('stand alone: each is of draft 2020-12 and refers to no other file', () => {
    for (const [path, text] of generated) {
      const schema = JSON.parse(text);
      expect(schema.$schema, path).toBe('https://json-schema.org/draft/2020-12/schema');
      expect(text.includes('"$ref"'), path).toBe(false);
    }
  });

  test('refuse unknown fields, as the code does', () => {
    const looseAt = (schema: unknown, path: string): string[] => {
      if (typeof schema !== 'object' || schema === null) return [];
      const loose = 'properties' in schema && Reflect.get(schema, 'additionalProperties') !== false ? [path] : [];
      return [...loose, ...Object.entries(schema).flatMap(([key, inner]) => looseAt(inner, `${path}/${key}`))];
    };
    for (const [path, text] of generated) expect(looseAt(JSON.parse(text), path)).toEqual([]);
  });
});
