import { z } from 'zod';
import { eventSchemas } from './event.ts';

function addNames(schema: unknown, names: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [key, inner] of Object.entries(schema)) {
    if (key === 'properties' && typeof inner === 'object' && inner !== null)
      for (const name of Object.keys(inner)) names.add(name);
    addNames(inner, names);
  }
}

let all: ReadonlySet<string> | undefined;

/** The names of all fields that any event type has, at any depth: what is not among them was invented by a sender. */
export function fieldNames(): ReadonlySet<string> {
  if (all === undefined) {
    const names = new Set<string>();
    for (const schema of Object.values(eventSchemas)) addNames(z.toJSONSchema(schema, { io: 'input' }), names);
    all = names;
  }
  return all;
}
