import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { canonicalJson } from '@holdfast/events';
import { type RawTable, type Report, type ReportSlot, sheetsOf } from '../model.ts';
import { csvOf } from './csv.ts';
import { readFonts } from './fonts.ts';
import { htmlOf } from './html.ts';
import { pdfOf, ReportNotSet } from './pdf.ts';

/** A file of a report; its name is unique in it. */
export type ReportFile = { readonly name: string; readonly bytes: Uint8Array; readonly sha256: string };

export type RenderOptions = {
  /** The Parquet file of a table: a function of what it is given. */
  readonly parquet: (table: RawTable) => Promise<Uint8Array>;
  /** What is told of the code that ran: it is part of the manifest. */
  readonly versions: Readonly<Record<string, string | number | null>>;
  /** What chance was drawn from, if anything was. */
  readonly seeds: Readonly<Record<string, string>>;
  /** The slot that it was due at, if it was. */
  readonly slot?: ReportSlot | undefined;
};

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const require = createRequire(import.meta.url);

function versionOf(library: string): string {
  const { version } = require(`${library}/package.json`) as { version: string };
  return version;
}

/**
 * Renders a report: PDF, HTML, every table and figure as CSV and Parquet, figures as SVG, and the manifest, which names all of them
 * with their SHA-256. No clock, no chance: the same report gives the same bytes.
 */
export async function reportFiles(
  report: Report,
  { parquet, versions, seeds, slot }: RenderOptions,
): Promise<readonly ReportFile[]> {
  const fonts = readFonts();
  const files: ReportFile[] = [];
  const prefix = report.isDummy ? 'DUMMY-' : '';
  const add = (own: string, bytes: Uint8Array) => {
    const name = `${prefix}${own}`;
    if (files.some((file) => file.name === name))
      throw new ReportNotSet(`a defect of Holdfast: two tables or figures of the report would be the file ${name}`);
    files.push({ name, bytes, sha256: sha256Of(bytes) });
  };
  add(`${report.kind}.pdf`, pdfOf(report, fonts));
  add(`${report.kind}.html`, htmlOf(report, fonts));
  for (const { items } of report.sections) {
    for (const item of items) {
      add(`${item.id}.csv`, csvOf(item.raw));
      add(`${item.id}.parquet`, await parquet(item.raw));
      if (item.is === 'figure') for (const { name, svg } of sheetsOf(item)) add(name, Buffer.from(svg, 'utf8'));
    }
  }
  const { kind, title, trial, site, cut, isClosed, isDummy, foldVersion } = report;
  const manifest = {
    format: 'holdfast-report/1',
    ...{ kind, title, trial, site: site ?? null, cut, isClosed, isDummy, seeds },
    ...(slot === undefined ? {} : { slot }),
    versions: {
      ...versions,
      fold: foldVersion,
      protocol: cut.protocolVersion,
      fonts: fonts.sha256,
      typst: versionOf('@myriaddreamin/typst-ts-node-compiler'),
    },
    files: files.map(({ name, bytes, sha256 }) => ({ name, size: bytes.length, sha256 })),
  };
  const bytes = Buffer.from(`${canonicalJson(manifest)}\n`, 'utf8');
  return [...files, { name: `${prefix}manifest.json`, bytes, sha256: sha256Of(bytes) }];
}
