import { z } from 'zod';
import { type EventType, eventTypes } from './event.ts';
import { type Instrument, instruments, type ScoreRange } from './instruments.ts';
import { type TypeNote, typeNotes } from './types/type-notes.ts';

/** What stands above this line in docs/events.md is written by hand; what stands below, by `eventsPage`. */
export const generatedBelow =
  '<!-- Generated from the schemas by `npm run schemas`: change those, not what stands below. -->';

/** The part of a JSON Schema that a page tells. */
type Schema = {
  readonly type?: string;
  readonly description?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly default?: unknown;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
};

/** A field of a type: where it stands, what it is, whether it must be given, what it means. */
export type Field = {
  readonly path: string;
  readonly is: string;
  readonly required: boolean;
  readonly meaning: string;
  /** What it is where it is left out, as JSON; undefined: nothing. */
  readonly preset: string | undefined;
};

function range({ minimum, maximum, exclusiveMinimum }: Schema): string {
  // What zod bounds by the largest safe number it does not bound at all.
  const [low, high] = [minimum, maximum].map((end) => (Math.abs(end ?? Infinity) > 1e12 ? undefined : end));
  const lower = exclusiveMinimum === undefined ? low : `above ${exclusiveMinimum}`;
  if (lower !== undefined && high !== undefined)
    return exclusiveMinimum === undefined ? `, ${lower} to ${high}` : `, ${lower}, at most ${high}`;
  if (lower !== undefined) return exclusiveMinimum === undefined ? `, at least ${lower}` : `, ${lower}`;
  return high === undefined ? '' : `, at most ${high}`;
}

/** An object by the names of its fields; undefined of what is none. */
function objectOf({ properties = {} }: Schema, but = ''): string | undefined {
  const names = Object.keys(properties).filter((name) => name !== but);
  return names.length === 0 ? undefined : `{ ${names.map((name) => `\`${name}\``).join(', ')} }`;
}

/** Objects that their field `is` tells apart, each with its other fields; undefined of what has no such field. */
function alternativesOf(oneOf: readonly Schema[]): string | undefined {
  const named = oneOf.map((one) => {
    const is = one.properties?.is?.const;
    return is === undefined ? undefined : [`\`${is}\``, ...[objectOf(one, 'is') ?? []].flat()].join(' ');
  });
  return named.includes(undefined) ? undefined : `objects whose \`is\` says which: ${named.join(' · ')}`;
}

function kindOf(schema: Schema): string {
  const { enum: few, items, additionalProperties, anyOf, oneOf, format, maxLength } = schema;
  if (few !== undefined) return few.map((value) => `\`${value}\``).join(' · ');
  if (format === 'date') return 'date';
  if (format === 'date-time') return 'time with offset';
  if (items !== undefined) return `list of ${kindOf(items)}`;
  if (oneOf !== undefined) return alternativesOf(oneOf) ?? '`type`, `time` and `data`';
  if (anyOf !== undefined) return anyOf.map((one) => objectOf(one) ?? kindOf(one)).join(' or ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  switch (schema.type) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `whole number${range(schema)}`;
    case 'number':
      return `number${range(schema)}`;
    case 'object':
      return additionalProperties ? 'object, by name' : 'object';
    default:
      return maxLength === undefined ? 'text' : `text, at most ${maxLength} characters`;
  }
}

/** The fields of a schema and of what it holds, in the order in which they are declared. */
function* fieldsOf(schema: Schema, at = ''): Generator<Field> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const path = `${at}${name}`;
    const required = schema.required?.includes(name) ?? false;
    const preset = field.default === undefined ? undefined : JSON.stringify(field.default);
    yield { path, is: kindOf(field), required, meaning: field.description ?? '', preset };
    yield* innerFields(field, path);
  }
}

function* innerFields(field: Schema, path: string): Generator<Field> {
  yield* fieldsOf(field, `${path}.`);
  if (field.items !== undefined) yield* innerFields(field.items, `${path}[]`);
  const { additionalProperties: each } = field;
  if (!each) return;
  if (each.properties === undefined && !each.additionalProperties)
    yield {
      ...{ path: `${path}.*`, is: kindOf(each), required: false },
      ...{ meaning: each.description ?? 'one of them', preset: undefined },
    };
  yield* innerFields(each, `${path}.*`);
}

/** The fields that a schema asks for, and those of what they hold. */
export function fieldsOfSchema(schema: z.ZodType): Field[] {
  return [...fieldsOf(z.toJSONSchema(schema, { io: 'input' }) as Schema)];
}

/** The fields of a type’s data. */
export function fieldsOfType(type: EventType): Field[] {
  return fieldsOfSchema(eventTypes[type]);
}

/** JSON as people write it: in one line what fits, else a field a line; long texts (boxes) cut short. */
function printed(value: unknown, indent = ''): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 60)}…` : value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const list = Array.isArray(value);
  const within = `${indent}  `;
  const parts = Object.entries(value).map(([name, field]) => {
    const text = printed(field, within);
    return list ? text : `${JSON.stringify(name)}: ${text}`;
  });
  const [open, close] = list ? ['[', ']'] : ['{', '}'];
  const line = list ? `[${parts.join(', ')}]` : `{ ${parts.join(', ')} }`;
  if (parts.length === 0) return `${open}${close}`;
  if (line.length + indent.length <= 110 && !line.includes('\n')) return line;
  return `${open}\n${parts.map((part) => `${within}${part}`).join(',\n')}\n${indent}${close}`;
}

const cell = (text: string) => text.replaceAll('|', '\\|');
const row = (...cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;

function closedness({ closed }: TypeNote): string {
  if (closed === undefined) return '';
  return closed === 'always' ? 'closed' : `closed if it has \`${closed.ifGiven}\``;
}

/** A type’s description without its last word on closedness, which the page says in a place of its own. */
function saying(type: EventType): string {
  return (eventTypes[type].meta()?.description ?? '').replace(/ Closed[^.]*\.$/, '');
}

function section(type: EventType, note: TypeNote, example: object): string {
  const fields = fieldsOfType(type);
  const closed = closedness(note);
  return [
    `### \`${type}\``,
    '',
    `**${eventTypes[type].meta()?.title}.** ${saying(type)}`,
    '',
    `*What it changes:* ${note.changes}${closed === '' ? '' : ` In a double-blind trial it is **${closed}**.`}`,
    '',
    '```json',
    printed(example),
    '```',
    '',
    row('field of `data`', '', 'is', 'means'),
    '|---|---|---|---|',
    ...fields.map(({ path, is, required, meaning }) => row(`\`${path}\``, required ? 'required' : '', is, meaning)),
    '',
  ].join('\n');
}

const span = ({ low, high }: ScoreRange) => `${low} to ${high}`;

function itemsText({ items }: Instrument): string {
  if (items === undefined) return '';
  if ('count' in items) return `${items.count} of ${span(items)}`;
  return Object.entries(items.named)
    .map(([item, of]) => `\`${item}\` ${span(of)}`)
    .join(', ');
}

function instrumentTable(): string {
  return [
    row('`instrument`', '', 'total', 'items', 'higher is', 'response', 'remission', 'after'),
    '|---|---|---|---|---|---|---|---|',
    ...[...instruments].map(([id, instrument]) => {
      const { title, total, higher, response, remission, source } = instrument;
      const fall = response === undefined ? '' : `fall of ${100 * response.fall} %`;
      const atMost = remission === undefined ? '' : `at most ${remission.atMost}`;
      const range = total === undefined ? 'none' : span(total);
      return row(`\`${id}\``, title, range, itemsText(instrument), higher, fall, atMost, source);
    }),
    '',
  ].join('\n');
}

/** The generated part of docs/events.md, from an example of each type’s data. */
export function eventsPage(examples: ReadonlyMap<string, object>): string {
  const groups = Object.entries(typeNotes).map(([group, notes]) => ({
    group,
    types: Object.entries(notes).filter(([type]) => type in eventTypes) as [EventType, TypeNote][],
  }));
  const overview = groups.flatMap(({ types }) =>
    types.map(([type, note]) => row(`[\`${type}\`](#${type})`, saying(type), closedness(note))),
  );
  return [
    '## All types',
    '',
    row('type (`org.holdfast.….v1`)', 'says', ''),
    '|---|---|---|',
    ...overview,
    '',
    'In the tables below, `*` stands for a name: of a substance, a day, an item. The examples are the `data` of one participant’s events.',
    '',
    ...groups.flatMap(({ group, types }) => [
      `## ${group}`,
      '',
      ...types.map(([type, note]) => section(type, note, examples.get(type) ?? {})),
    ]),
    '## Instruments',
    '',
    'Every trial may use these; its protocol may declare others under `instruments`, and replace what is said here. A total or item',
    'outside its range is refused. Items differ in range in some instruments; the widest stands here. Response and remission are of the',
    'total: its fall since baseline, and its value.',
    '',
    instrumentTable(),
  ].join('\n');
}
