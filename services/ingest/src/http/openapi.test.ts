import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openApi, openApiFile } from './openapi.ts';
import { refusals } from './refusal.ts';

const root = join(import.meta.dirname, '../../../..');

/** Every `$ref` of a document. */
function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === '$ref' && typeof inner === 'string' ? [inner] : refsIn(inner),
  );
}

describe('schemas/openapi.json', () => {
  test('is what the code says', () => {
    const remedy = 'schemas/openapi.json is not what the code says; run `npm run schemas` and commit what it writes';
    expect(readFileSync(join(root, 'schemas/openapi.json'), 'utf8'), remedy).toBe(openApiFile());
  });

  test('refers to nothing that is not there', () => {
    const document = openApi();
    const refs = refsIn(document);
    expect(refs).toContain('events/urine-screen.v1.json');
    for (const ref of refs) {
      const [file, pointer = ''] = ref.split('#');
      if (file !== '') expect(existsSync(join(root, 'schemas', file as string)), ref).toBe(true);
      const steps = pointer.split('/').slice(1);
      const found = steps.reduce<unknown>((at, step) => Object(at)[step], document);
      expect(found, ref).toBeDefined();
    }
  });
});

describe('docs/send-events.md', () => {
  const page = readFileSync(join(root, 'docs/send-events.md'), 'utf8');

  test.each(Object.entries(refusals))('says what %s is', (code, { status }) => {
    expect(page).toMatch(new RegExp(`\\| ${status} \\| \`${code}\` \\|`));
  });
});
