// Writes the generated part of docs/published-endpoints.md; `npm run schemas` runs it. It stands here because `outcomes` does no I/O.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endpointsPage, generatedBelow } from '../packages/outcomes/dist/endpoints/endpoints-page.js';

const page = join(import.meta.dirname, '../docs/published-endpoints.md');
const [handwritten] = readFileSync(page, 'utf8').split(generatedBelow);
writeFileSync(page, `${handwritten}${generatedBelow}\n\n${endpointsPage()}`);
