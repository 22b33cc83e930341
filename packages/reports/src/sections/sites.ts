import { conductBasis } from '../basis.ts';
import { count, decimal } from '../in-words.ts';
import type { ReportItem } from '../model.ts';
import { rowsOf } from '../raw-rows.ts';
import { siteColumns, siteRow } from '../rows/index.ts';
import type { Section } from './section.ts';

/** Data flow of the sites, of open events alone. */
export const sites: Section = {
  id: 'sites',
  title: 'Data flow of the sites',
  items({ protocol, sites: figures }) {
    const raw = { columns: siteColumns, rows: figures.map((one) => siteRow(protocol.trial, one)) };
    const table: ReportItem = {
      ...{ is: 'table', id: 'sites', title: 'Recruitment, retention, visits, delay of entry and issues', raw },
      basis: conductBasis('everybody randomised; open events alone', 'counts; delays are days from event to record'),
      notes: ['Visits: kept of due (late); delay of entry: median, and 9 of 10 within.'],
      head: ['Site', 'Randomised', 'Left', 'Visits', 'Days known', 'Last event', 'Delay, days', 'Issues'],
      body: rowsOf(raw).map((row) => [
        row.site === undefined ? 'All sites' : String(row.site),
        count(row.randomised),
        count(row.left),
        row.visits_due === undefined
          ? '–'
          : `${count(row.visits_kept)} of ${count(row.visits_due)} (${count(row.visits_late)})`,
        count(row.evidence_days),
        count(row.last_event),
        `${decimal(row.median_entry_days, 1)}, ${decimal(row.p90_entry_days, 1)}`,
        count(row.issues),
      ]),
      labels: 1,
    };
    return { items: [table], leftOut: [] };
  },
};
