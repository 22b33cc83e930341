import { CutName, canonicalJson, sha256 } from '@holdfast/events';
import type { Job, NewJob } from '@holdfast/jobs';
import { reportKinds } from '@holdfast/reports';
import type { DataCut, PublishedTrial } from '@holdfast/trials';
import { z } from 'zod';
import { type AskedReport, isClosedReport, type Shown, sideOf } from './sight.ts';

const flag = z.union([z.literal(0), z.literal(1)]);

/** What a job of kind `report` is told: ids alone. */
const reportData = z.strictObject({
  trial: z.string(),
  cut: CutName,
  report: z.enum(reportKinds),
  site: z.string().optional(),
  dummy: flag,
  /** That it is made is not for blinded people. */
  closed: flag,
  /** The account of who asked for it; nobody if it is made by itself. */
  by: z.string().optional(),
});
export type ReportJobData = z.infer<typeof reportData>;

const foldData = z.strictObject({
  trial: z.string(),
  cut: CutName,
  partition: z.int().min(0),
  side: z.enum(['open', 'closed', 'dummy']),
  closed: flag,
});

export const reportDataOf = ({ data }: Job): ReportJobData => reportData.parse(data);
export const foldDataOf = ({ data }: Job) => foldData.parse(data);

/** Letters of an id that a job's id can have. */
const plain = (text: string) => text.replaceAll(/[^A-Za-z0-9-]/g, '-').slice(0, 48);

export type ReportJobOptions = {
  readonly by?: string | undefined;
  /** The code that will make it: other code may make another report. */
  readonly code: string;
  /** Which time it is made: one that completed may be gone from the store since. */
  readonly nth?: number;
};

/**
 * The job that makes a report, with a child for each partition of its cut; asked for twice it is one job, as long as the report may show
 * the same: what was made while a trial ran is not handed out for what may be seen once it is over.
 */
export function reportJob(
  protocol: PublishedTrial['protocol'],
  cut: DataCut,
  asked: AskedReport,
  shown: Shown,
  { by, code, nth = 1 }: ReportJobOptions,
): NewJob {
  const { kind, site, dummySeed } = asked;
  const { trial, name, createdAt, openDigest } = cut;
  const [dummy, closed] = [dummySeed === undefined ? 0 : 1, isClosedReport(protocol, asked) ? 1 : 0];
  const sight = { conductByArm: shown.conductByArm, withheld: [...shown.withheld.keys()].sort() };
  const what = { trial, name, createdAt, openDigest, kind, site: site ?? null, dummy, sight, code, nth };
  const words = [...(dummy === 1 ? ['DUMMY'] : []), kind, ...(site === undefined ? [] : [site]), name].map(plain);
  const side = sideOf(protocol, asked).is;
  // An account is told if it can stand in a queue.
  const asking = by === undefined || !/^[\x21-\x7e]{1,64}$/.test(by) ? {} : { by };
  return {
    id: `${words.join('-')}-${sha256(canonicalJson(what)).slice(0, 12)}`,
    kind: 'report',
    data: { trial, cut: name, report: kind, ...(site === undefined ? {} : { site }), dummy, closed, ...asking },
    children: cut.marks.map((_, partition) => ({
      name: `fold-${partition}`,
      kind: 'fold',
      data: { trial, cut: name, partition, side, closed },
    })),
  };
}

/** Whether a job may be shown to whoever holds these keys: that a closed report is made, and when, is not for blinded people. */
export function mayShowJob({ data }: Job, keys: ReadonlyMap<string, unknown>): boolean {
  return data.closed !== 1 || keys.has(String(data.trial));
}
