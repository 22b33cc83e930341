import { z } from 'zod';
import { eventSchemas } from './event.ts';
import { Protocol } from './protocol/protocol.ts';

/** Every generated schema file: its path under `schemas/` and its text. */
export function jsonSchemaFiles(): Map<string, string> {
  const text = (schema: z.ZodType) =>
    `${JSON.stringify(z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' }), null, 2)}\n`;
  return new Map([
    ...Object.entries(eventSchemas).map(([type, schema]): [string, string] => [`events/${type}.v1.json`, text(schema)]),
    ['protocol/holdfast-protocol.1.json', text(Protocol)],
  ]);
}
