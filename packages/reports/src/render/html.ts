import { type Basis, type Report, type ReportItem, sheetsOf } from '../model.ts';
import type { Fonts } from './fonts.ts';
import { cutInWords, markOf, shortDigest } from './marks.ts';

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const style = `
body { font: 15px/1.4 'Source Sans 3', sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
header.every { position: sticky; top: 0; background: #fff; border-bottom: 1px solid #999; padding: .3rem 0; display: flex; justify-content: space-between; gap: 1rem; font-size: .85rem; color: #555; }
.mark { color: #b00000; font-weight: 600; }
h1 { font-size: 1.7rem; margin: .6rem 0 0; } h2 { margin-top: 2.2rem; border-bottom: 1px solid #ccc; } h3 { margin: 1.6rem 0 .4rem; font-size: 1.05rem; }
h1, h2, h3, th { font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; } caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .2rem .4rem; } thead th { background: #eef1f4; border-bottom: 1px solid #222; } tbody tr:nth-child(even) { background: #f8f9fa; } tbody th { font-weight: 400; }
.wide { overflow-x: auto; } .says { color: #555; font-size: .8rem; margin: .4rem 0; } svg { display: block; max-width: 100%; height: auto; } code { overflow-wrap: anywhere; }
.left-out { font-style: italic; }
@media print { header.every { position: fixed; top: 0; left: 0; right: 0; } body { max-width: none; margin: 0; padding: 2.6rem 0 0; -webkit-box-decoration-break: clone; box-decoration-break: clone; font-size: 10pt; } figure, svg, tr { break-inside: avoid; } h2, h3 { break-after: avoid; } }
`;

const says = (basis: Basis, notes: readonly string[], cut: string) =>
  [
    `Method: ${basis.method}. Population: ${basis.population}. Estimand: ${basis.estimand}. Mature: ${basis.mature}. ${cut}`,
    ...notes,
  ]
    .map((text) => `<p class="says">${escaped(text)}</p>`)
    .join('\n');

function itemHtml(item: ReportItem, cut: string): string {
  const { id, title, basis, notes } = item;
  if (item.is === 'figure')
    return `<figure id="${id}"><figcaption><h3>${escaped(title)}</h3></figcaption>\n${sheetsOf(item)
      .map(({ svg }) => svg)
      .join('')}${says(basis, notes, cut)}</figure>`;
  const head = item.head.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join('');
  const rows = item.body.map((row) => {
    const cells = row.map((cell, i) =>
      i < item.labels ? `<th scope="row">${escaped(cell)}</th>` : `<td>${escaped(cell)}</td>`,
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<section id="${id}"><div class="wide"><table><caption>${escaped(title)}</caption><thead><tr>${head}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table></div>\n${says(basis, notes, cut)}</section>`;
}

/** A report as one HTML file that needs nothing else: fonts and figures are in it, and no script. */
export function htmlOf(report: Report, { forHtml }: Fonts): Uint8Array {
  const { title, trial, trialTitle, cut, notes, sections, foldVersion, isClosed, isDummy } = report;
  const mark = markOf(report);
  const ofCut = `Cut ${cut.name} (${shortDigest(report)}).`;
  const fonts = forHtml.map(
    ({ weight, bytes }) =>
      `@font-face { font-family: 'Source Sans 3'; font-weight: ${weight}; src: url(data:font/woff2;base64,${bytes.toString('base64')}) format('woff2'); }`,
  );
  const parts = [
    `<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<title>${escaped([mark, title, trial].filter((part) => part !== '').join(' · '))}</title>\n<style>${fonts.join('\n')}${style}</style></head><body>`,
    `<header class="every"><span>${escaped(`${trial} · ${title}`)}</span><span class="mark">${mark}</span><span>${escaped(`cut ${cut.name} · ${shortDigest(report)}`)}</span></header>`,
    `<main><h1>${escaped(title)}</h1><p>${escaped(`${trialTitle} (${trial})`)}</p>`,
    ...(mark === '' ? [] : [`<p class="mark">${mark}</p>`]),
    ...notes.map((note) => `<p>${escaped(note)}</p>`),
    `<p>${escaped(`Made of ${cutInWords(report)}; protocol version ${cut.protocolVersion}, fold version ${foldVersion}. ${isClosed && !isDummy ? 'Digest of its events' : 'Digest of its open events'}`)} <code>${cut.digest}</code>.</p>`,
    `<nav aria-label="Contents"><h2>Contents</h2><ol>${sections.map((section) => `<li><a href="#section-${section.id}">${escaped(section.title)}</a></li>`).join('')}</ol></nav>`,
    ...sections.map((section, i) => {
      const left = section.leftOut.map((line) => `<p class="left-out">${escaped(line)}</p>`).join('\n');
      return `<h2 id="section-${section.id}">${i + 1} ${escaped(section.title)}</h2>\n${left}${section.items.map((item) => itemHtml(item, ofCut)).join('\n')}`;
    }),
    '</main></body></html>\n',
  ];
  return Buffer.from(parts.join('\n'), 'utf8');
}
