import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { jsonSchemaFiles } from './json-schemas.ts';

const schemas = join(import.meta.dirname, '../../../schemas');
for (const [path, text] of jsonSchemaFiles()) {
  const file = join(schemas, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
