import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiFile } from './openapi.ts';

writeFileSync(join(import.meta.dirname, '../../../../schemas/openapi.json'), openApiFile());
