// Writes the generated part of docs/settings.md; `npm run schemas` runs it. It stands here because a setting is no reason to write files.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedBelow, settingsTable } from '../packages/runtime/dist/settings-page.js';

const page = join(import.meta.dirname, '../docs/settings.md');
const [handwritten] = readFileSync(page, 'utf8').split(generatedBelow);
writeFileSync(page, `${handwritten}${generatedBelow}\n\n${settingsTable()}`);
