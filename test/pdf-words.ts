import { execFileSync, spawnSync } from 'node:child_process';

/**
 * Whether there is what reads PDFs. If not, that is said on standard error, so that a skipped test is seen to be skipped; with
 * `HOLDFAST_REQUIRE_SHARED=1`, which demands everything real, its absence is an error instead.
 */
export function popplerIsThere(): boolean {
  if (spawnSync('pdftotext', ['-v']).status === 0) return true;
  const missing = 'there is no pdftotext to read PDFs with (on Debian `apt-get install poppler-utils`)';
  if (process.env.HOLDFAST_REQUIRE_SHARED === '1') throw new Error(missing);
  console.warn(`SKIPPED: ${missing}: the tests that need it do not run`);
  return false;
}

/** A word where it stands: points from the top of its page. */
export type PdfWord = { readonly page: number; readonly word: string; readonly top: number; readonly bottom: number };

export function pdfWords(pdf: Uint8Array): PdfWord[] {
  const [, ...pages] = execFileSync('pdftotext', ['-bbox', '-', '-'], {
    ...{ input: pdf, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'], maxBuffer: 64 * 1024 * 1024 },
  }).split('<page ');
  return pages.flatMap((page, i) =>
    [...page.matchAll(/yMin="([-\d.]+)" xMax="[-\d.]+" yMax="([-\d.]+)">([^<]*)</g)].map(
      ([, top, bottom, word = '']) => ({ page: i + 1, word, top: Number(top), bottom: Number(bottom) }),
    ),
  );
}

const mm = 72 / 25.4;
/** Whether it stands where a page of a report has what it is of: below its header and above its footer. */
export const isInside = ({ top, bottom }: PdfWord): boolean => top >= 23 * mm && bottom <= (297 - 20) * mm;
