// Writes the generated part of docs/measures.md; `npm run schemas` runs it. It stands here because `outcomes` does no I/O.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedBelow, measuresPage } from '../packages/outcomes/dist/measures/notes/measures-page.js';

const page = join(import.meta.dirname, '../docs/measures.md');
const [handwritten] = readFileSync(page, 'utf8').split(generatedBelow);
writeFileSync(page, `${handwritten}${generatedBelow}\n\n${measuresPage()}`);
