import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HoldfastEvent, type Protocol, parseProtocol } from '@holdfast/events';
import type { Reconciliation } from '../src/reconciliation.ts';
import { openImport } from '../src/table-import.ts';

export const protocolText = `
format: holdfast-protocol/1
trial: T-0001
version: 1
title: A small trial
blinding: open
clock: imported
plannedFollowUp: 84
arms: [{ id: Ketamine }, { id: Placebo }]
sites: [A, B]
substances: [{ id: opioid }, { id: cocaine }, { id: thc }]
measures:
  - { id: abstinence, kind: rolling-abstinence, substances: [opioid], evidence: urine-only, windows: [7], horizon: 84, policies: [observed-only] }
`;

export function smallProtocol(): Protocol {
  const parsed = parseProtocol(protocolText);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

export const mappingText = `format: holdfast-mapping/1
name: small
baseDate: 2000-01-01
tables:
  people: { columns: { who: text, trial: text, site: text } }
  arms: { columns: { who: text, arm: text, when: integer } }
  uds: { columns: { who: text, what: text, when: integer } }
events:
  participant-enrolled: enrolled.sql
  participant-randomised: randomised.sql
  arm-assigned: arm.sql
  urine-screen: screen.sql
`;

/** People in two sites, arms, and urine screens that group several rows of a day: all that the rules of the import speak of. */
export const sqlTexts: Readonly<Record<string, string>> = {
  'enrolled.sql': `select trial, site, who as subject, 'enrolled' as key, civil_date(0) as day, {'consentDate': civil_date(0)} as data,
  [{'tab': 'people', 'line': line}] as lines from people`,
  'randomised.sql': `select trial, site, who as subject, 'randomised' as key, civil_date("when") as day, {'date': civil_date("when")} as data,
  [{'tab': 'arms', 'line': a.line}] as lines, case when "when" is null then 'no day' end as filtered
from arms a left join people using (who)`,
  'arm.sql': `select trial, 'randomisation' as source, who as subject, 'arm' as key, civil_date("when") as day, {'arm': arm} as data,
  [{'tab': 'arms', 'line': a.line}] as lines
from arms a left join people using (who) where "when" is not null`,
  'screen.sql': `select trial, site, who as subject, "when"::VARCHAR as key, civil_date("when") as day,
  {'results': json_group_object(substance_id(what), 'positive')} as data,
  list({'tab': 'uds', 'line': u.line, 'part': 'results.' || substance_id(what)}) as lines
from uds u left join people using (who) group by trial, site, who, "when"`,
};

export const tableTexts: Readonly<Record<string, string | Uint8Array>> = {
  'people.csv': 'who,trial,site\n1,T-0001,A\n2,T-0001,B\n',
  'arms.csv': 'who,arm,when\n1,Ketamine,3\n2,Placebo,4\n',
  'uds.csv': 'who,what,when\n1,Opioid,5\n1,Thc,5\n2,Cocaine,6\n',
};

export type SmallFiles = {
  readonly mapping?: string;
  readonly sql?: Readonly<Record<string, string>>;
  /** Undefined takes a table away. */
  readonly tables?: Readonly<Record<string, string | Uint8Array | undefined>>;
};

/** Writes mapping and tables into a folder of their own and hands it to `use`. */
export async function inFolder<T>(
  files: SmallFiles,
  use: (folder: { mapping: string; directory: string }) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-tables-test-'));
  try {
    const mapping = join(directory, 'mapping.yaml');
    await writeFile(mapping, files.mapping ?? mappingText);
    for (const [name, text] of Object.entries({ ...sqlTexts, ...files.sql, ...tableTexts, ...files.tables })) {
      if (text !== undefined) await writeFile(join(directory, name), text);
    }
    return await use({ mapping, directory });
  } finally {
    await rm(directory, { recursive: true });
  }
}

export type Imported = {
  readonly total: number;
  readonly events: readonly HoldfastEvent[];
  readonly reconciliation: Reconciliation;
};

/** Imports with schema and protocol as the judge. */
export async function imported(
  options: { mapping: string; directory: string },
  trials: ReadonlyMap<string, Protocol> = new Map([['T-0001', smallProtocol()]]),
): Promise<Imported> {
  const tables = await openImport({ ...options, trials });
  try {
    const events: HoldfastEvent[] = [];
    for await (const batch of tables.events()) events.push(...batch);
    return { total: tables.total, events, reconciliation: tables.reconciliation() };
  } finally {
    await tables.close();
  }
}

export function smallImport(files: SmallFiles = {}, trials?: ReadonlyMap<string, Protocol>): Promise<Imported> {
  return inFolder(files, (folder) => imported(folder, trials));
}

/** The message with which an import refuses to begin. */
export async function refusalOf(files: SmallFiles): Promise<string> {
  try {
    await smallImport(files);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'HF_IMPORT') return error.message;
    throw error;
  }
  throw new Error('the import was not refused');
}
