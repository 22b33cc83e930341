import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { eventsPage, generatedBelow } from './events-page.ts';
import { jsonSchemaFiles } from './json-schemas.ts';

const root = join(import.meta.dirname, '../../..');
for (const [path, text] of jsonSchemaFiles()) {
  const file = join(root, 'schemas', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const folder = join(root, 'schemas/examples/events');
const examples = readdirSync(folder).map((name): [string, object] => [
  basename(name, '.json'),
  JSON.parse(readFileSync(join(folder, name), 'utf8')).data,
]);
const page = join(root, 'docs/events.md');
const [handwritten] = readFileSync(page, 'utf8').split(generatedBelow);
writeFileSync(page, `${handwritten}${generatedBelow}\n\n${eventsPage(new Map(examples))}`);
