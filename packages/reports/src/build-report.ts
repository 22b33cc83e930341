import { stamped } from '@holdfast/figures';
import type { Report, ReportCut, ReportFigure, ReportItem, ReportKind } from './model.ts';
import type { ReportSource } from './report-source.ts';
import { templates } from './templates.ts';

/** What a report is of, besides its numbers. */
export type ReportRequest = {
  readonly kind: ReportKind;
  readonly cut: ReportCut;
  readonly foldVersion: number;
  readonly isDummy: boolean;
  readonly site: string | undefined;
};

function ofRehearsal({ svg, moreSheets = [], ...item }: ReportFigure): ReportFigure {
  const [first = '', ...more] = [svg, ...moreSheets].map((sheet) => stamped(sheet, 'DUMMY'));
  return { ...item, svg: first, moreSheets: more };
}

/** Builds a report: a function of what it is given, which is a function of the cut. */
export function buildReport({ kind, cut, foldVersion, isDummy, site }: ReportRequest, source: ReportSource): Report {
  const { protocol } = source;
  const template = templates[kind];
  const isClosed = template.byArm && protocol.blinding === 'double' && !isDummy;
  return {
    ...{ kind, trial: protocol.trial, trialTitle: protocol.title, isClosed, isDummy, site, cut, foldVersion },
    title: site === undefined ? template.title : `${template.title}: ${site}`,
    notes: [
      ...(isClosed ? ['Numbers by arm: for the board and the independent statistician alone.'] : []),
      ...(source.unreadable === 0
        ? []
        : [
            `${source.unreadable} sealed events could not be opened and count nowhere: \`holdfast issues\` says which, and why.`,
          ]),
      ...(isDummy
        ? [
            'REHEARSAL: arms were dealt out by a seeded permutation of the participants, whatever they were truly given. No number by arm means anything.',
          ]
        : []),
      ...(source.hidesSmallCells
        ? [
            `${isDummy ? 'From' : 'All arms together, from'} open events alone; of outcomes and safety, cells of fewer than 5 participants (also of fewer than 5 who are not in it) are not shown${isDummy ? ' in a rehearsal' : ''}, nor are quantiles beyond which fewer than 5 lie, so no lowest or highest value. Two exceptions: how many are missing is shown, and a step of a curve of first events may be one participant.`,
          ]
        : []),
    ],
    sections: template.sections.map((section) => {
      const { items, leftOut } = section.items(source);
      const isEmpty = (item: ReportItem) => item.is === 'table' && item.body.length === 0;
      const empty = items.filter(isEmpty).map(({ title }) => `${title}: nobody has such a value yet.`);
      return {
        ...{ id: section.id, title: section.title, leftOut: [...leftOut, ...empty] },
        items: items
          .filter((item) => !isEmpty(item))
          .map((item) => (isDummy && item.is === 'figure' ? ofRehearsal(item) : item)),
      };
    }),
  };
}
