import { dateOf } from '@holdfast/events';
import { foldVersion } from '@holdfast/outcomes';
import { buildReport } from '@holdfast/reports';
import { type ReportFile, reportFiles } from '@holdfast/reports/render';
import { parquetOf } from '@holdfast/shards';
import type { CutOfReport, Shelves } from './cut-of-report.ts';
import { type CutPart, clockAt, cutPart } from './cut-parts.ts';
import { reportSource } from './report-source.ts';
import type { AskedReport, Sight } from './sight.ts';

/** All that a report is a function of. Plain data: a thread can be told it. */
export type ReportToMake = {
  readonly of: CutOfReport;
  readonly asked: AskedReport;
  readonly sight: Sight;
  /** What is told of the code that renders. */
  readonly versions: Readonly<Record<string, string | null>>;
};

/** Renders a report of a cut: a function of the cut, of what is asked, and of the code. */
export async function renderReport(
  shelves: Shelves,
  { of, asked, sight, versions }: ReportToMake,
  step: (text: string) => void,
): Promise<readonly ReportFile[]> {
  const { name, createdAt, asOf, cutOff, protocol, digest, openDigest, marks, code, rewritten } = of.cut;
  const rewrittenAt = rewritten?.at(-1)?.at;
  const parts: CutPart[] = [];
  for (const partition of marks.keys()) {
    step(`folding partition ${partition + 1} of ${marks.length} …`);
    parts.push(await cutPart(shelves, of, sight.side, partition));
  }
  const isDummy = asked.dummySeed !== undefined;
  step('writing …');
  const clock = clockAt(of.protocol, of.cut);
  const report = buildReport(
    {
      ...{ kind: asked.kind, site: asked.site, isDummy, foldVersion },
      cut: {
        ...{ name, createdAt, asOf, cutOff, protocolVersion: protocol.version },
        clock: clock === undefined ? null : dateOf(clock),
        ...(rewrittenAt === undefined ? {} : { rewrittenAt }),
        digest: of.protocol.blinding === 'open' || sight.side.is === 'closed' ? digest : openDigest,
      },
    },
    reportSource(of, asked, sight, parts),
  );
  step('rendering …');
  return reportFiles(report, {
    parquet: parquetOf,
    versions: { ...versions, cutLockfile: code.lockfile },
    seeds: asked.dummySeed === undefined ? {} : { arms: asked.dummySeed },
    slot: asked.slot,
  });
}
