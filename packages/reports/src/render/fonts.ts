import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

const file = (name: string): Buffer => readFileSync(require.resolve(name));

/** The fonts of a report (Source Sans 3, under the SIL Open Font Licence): whole for PDF, Latin letters alone for HTML. */
export type Fonts = {
  readonly forPdf: readonly Buffer[];
  readonly forHtml: readonly { readonly weight: number; readonly bytes: Buffer }[];
  readonly sha256: string;
};

const pdfFonts = [
  '400Regular/SourceSans3_400Regular.ttf',
  '400Regular_Italic/SourceSans3_400Regular_Italic.ttf',
  '600SemiBold/SourceSans3_600SemiBold.ttf',
];

export function readFonts(): Fonts {
  const forPdf = pdfFonts.map((name) => file(`@expo-google-fonts/source-sans-3/${name}`));
  const forHtml = [400, 600].map((weight) => ({
    weight,
    bytes: file(`@fontsource/source-sans-3/files/source-sans-3-latin-${weight}-normal.woff2`),
  }));
  const digest = createHash('sha256');
  for (const bytes of [...forPdf, ...forHtml.map((one) => one.bytes)]) digest.update(bytes);
  return { forPdf, forHtml, sha256: digest.digest('hex') };
}
