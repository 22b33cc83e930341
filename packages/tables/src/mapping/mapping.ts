import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ObservationType, observationTypes, pathText, problemsOf, yamlLine } from '@holdfast/events';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { ImportError, place } from '../import-error.ts';

/** A name that SQL can use without quotes and that leads to no other folder. */
const Name = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, { error: 'is no table name; write it like uds_temp (letters, digits, _)' });
const SqlFile = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\.sql$/, {
  error: 'is no SQL file beside the mapping; write it like urine-screen.sql',
});

export const ColumnType = z.enum(['text', 'integer', 'number', 'date']);
export type ColumnType = z.infer<typeof ColumnType>;

const Table = z
  .strictObject({
    delimiter: z
      .string()
      .regex(/^([ -~]|\t)$/, { error: 'must be one character, such as ";" or "\\t"' })
      .refine((delimiter) => delimiter !== '"', { error: 'cannot be the quote' })
      .default(','),
    nulls: z
      .array(z.string().min(1).max(32))
      .max(16)
      .default([])
      .meta({ description: 'texts that stand for a missing value, such as NA' }),
    columns: z
      .record(z.string().min(1), ColumnType)
      .default({})
      .meta({ description: 'columns that must be there, with their type; a row with another value is rejected' }),
    optional: z.boolean().default(false).meta({ description: 'the file may be absent; the table then has no rows' }),
  })
  .refine((table) => !table.optional || Object.keys(table.columns).length > 0, {
    path: ['columns'],
    error: 'must be declared for an optional table, for its absence leaves no header to read them from',
  });
export type Table = z.infer<typeof Table>;

const MappingFile = z
  .strictObject({
    format: z.literal('holdfast-mapping/1'),
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, { error: 'is no mapping name; write it like ctn0094' }),
    baseDate: z.iso
      .date({ error: 'is no civil date; write it like 2000-01-01' })
      .optional()
      .meta({ description: 'civil date of day 0 of tables that count days' }),
    tables: z.record(
      Name,
      z.preprocess((table) => table ?? {}, Table),
    ),
    views: z
      .record(Name, SqlFile)
      .default({})
      .meta({ description: 'tables made from tables, in this order, for several events to use' }),
    events: z.record(z.string(), SqlFile),
  })
  .superRefine((mapping, context) => {
    const tables = Object.keys(mapping.tables).map((table) => table.toLowerCase());
    for (const view of Object.keys(mapping.views)) {
      if (tables.includes(view.toLowerCase()))
        context.addIssue({
          code: 'custom',
          path: ['views', view],
          message: 'is the name of a table already; choose another',
        });
    }
    for (const type of Object.keys(mapping.events)) {
      if (type in observationTypes) continue;
      context.addIssue({
        code: 'custom',
        path: ['events', type],
        message: `is no type of event that a table can give; use one of ${Object.keys(observationTypes).join(', ')}`,
      });
    }
    for (const part of ['tables', 'events'] as const) {
      if (Object.keys(mapping[part]).length === 0)
        context.addIssue({ code: 'custom', path: [part], message: 'is empty; declare at least one' });
    }
  });

/** A SELECT of the mapping, as its author wrote it. */
export type Query = { readonly name: string; readonly file: string; readonly sql: string };
export type EventQuery = Query & { readonly name: ObservationType };

export type Mapping = {
  readonly name: string;
  readonly baseDate: string | undefined;
  readonly tables: ReadonlyMap<string, Table>;
  readonly views: readonly Query[];
  readonly events: readonly EventQuery[];
};

async function readText(path: string, file: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    throw new ImportError(
      code === 'ENOENT' ? `${file}: there is no such ${what} (${path})` : `${file}: cannot be read (${String(cause)})`,
      { cause },
    );
  }
}

/** Reads `mapping.yaml` and its SQL files. */
export async function readMapping(path: string): Promise<Mapping> {
  const file = basename(path);
  const lines = new LineCounter();
  const document = parseDocument(await readText(path, file, 'mapping'), { lineCounter: lines, uniqueKeys: true });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const message = fault.message.split('\n')[0]?.replace(/ at line .*$/, '');
    throw new ImportError(`${place(file, lines.linePos(fault.pos[0]).line)}: is not YAML (${message}); mend it there`);
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw new ImportError(`${file}: cannot be read (${String(cause)})`, { cause });
  }
  const parsed = MappingFile.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    const problems = problemsOf(parsed.error).map(
      ({ steps, message }) =>
        `${place(file, yamlLine(document.contents, steps, lines))}: ${pathText(steps)}${steps.length > 0 ? ' ' : ''}${message}`,
    );
    throw new ImportError(problems.join('\n'));
  }
  const { name, baseDate, tables, views, events } = parsed.data;
  const query = async <N extends string>([queryName, sqlFile]: readonly [N, string]) => ({
    name: queryName,
    file: sqlFile,
    sql: await readText(join(dirname(path), sqlFile), sqlFile, `SQL file beside ${file}`),
  });
  return {
    name,
    baseDate,
    tables: new Map(Object.entries(tables)),
    views: await Promise.all(Object.entries(views).map(query)),
    events: await Promise.all((Object.entries(events) as [ObservationType, string][]).map(query)),
  };
}
