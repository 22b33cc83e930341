import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler';
import { type Report, type ReportTable, sheetsOf } from '../model.ts';
import type { Fonts } from './fonts.ts';
import { charactersOf, withGlyphsOf } from './glyphs.ts';
import { cutInWords, markOf, shortDigest } from './marks.ts';
import { typstTemplate } from './typst-template.ts';

/** A report that cannot be set in files: a defect of ours, with what is wrong. */
export class ReportNotSet extends Error {
  readonly code = 'HF_REPORT_NOT_SET';
  override readonly name = 'ReportNotSet';
}

/** Labels take the room that they need, unless they are long; numbers share the rest as their texts ask for. */
function widthsOf({ head, body, labels }: ReportTable): (number | 'auto')[] {
  return head.map((heading, i) => {
    const lengths = [heading, ...body.map((row) => row[i] ?? '')].map(({ length }) => length);
    const longest = Math.max(...lengths);
    if (i < labels && longest <= 18) return 'auto';
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    return Math.round(10 * Math.min(40, Math.max(8, mean, i < labels ? 22 : 0))) / 10;
  });
}

/** What every weight of the font has. */
function charactersIn(fonts: readonly Buffer[]): ReadonlySet<number> {
  const [first = new Set<number>(), ...others] = fonts.map(charactersOf);
  return new Set([...first].filter((one) => others.every((other) => other.has(one))));
}

/** A report as PDF with its fonts in it. Its date is that of the cut: equal reports are equal bytes, whenever they are set. */
export function pdfOf(report: Report, { forPdf }: Fonts): Uint8Array {
  const characters = charactersIn(forPdf);
  const compiler = NodeCompiler.create({ workspace: '/', fontArgs: [{ fontBlobs: [...forPdf] }] });
  const { kind, title, trial, trialTitle, notes, cut, isClosed, isDummy } = report;
  const sections = report.sections.map((section) => ({
    ...section,
    items: section.items.map((item) => {
      const { id, is, basis, notes: said } = item;
      const head = { id, is, title: item.title, basis, notes: said };
      return item.is === 'figure'
        ? { ...head, sheets: sheetsOf(item).map(({ name }) => name) }
        : { ...head, head: item.head, body: item.body, labels: item.labels, widths: widthsOf(item) };
    }),
  }));
  const shown = {
    ...{ kind, title, trial, trialTitle, notes, cut, sections, mark: markOf(report) },
    cutInWords: `Made of ${cutInWords(report)}; protocol version ${cut.protocolVersion}, fold version ${report.foldVersion}`,
    digestName: isClosed && !isDummy ? 'Digest of its events' : 'Digest of its open events',
    shortDigest: shortDigest(report),
    footer: `Holdfast · ${cutInWords(report)}`,
  };
  const inFont = (text: string) => Buffer.from(withGlyphsOf(characters, text));
  compiler.mapShadow('/report.json', inFont(JSON.stringify(shown)));
  for (const { items } of report.sections)
    for (const item of items)
      if (item.is === 'figure') for (const { name, svg } of sheetsOf(item)) compiler.mapShadow(`/${name}`, inFont(svg));
  try {
    const compiled = compiler.compile({ mainFileContent: typstTemplate });
    const document = compiled.result;
    if (document === null) {
      const said = compiled.takeDiagnostics()?.shortDiagnostics ?? [];
      throw new ReportNotSet(`the report cannot be set as PDF: ${JSON.stringify(said)}`);
    }
    return compiler.pdf(document, { creationTimestamp: Math.floor(Date.parse(cut.createdAt) / 1000) });
  } finally {
    // What Typst remembers of a report it would remember as long as the process lives.
    compiler.evictCache(0);
  }
}
