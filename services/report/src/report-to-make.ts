import { codeDigest, holdfastVersion } from '@holdfast/runtime';
import { type DataCut, trialOfCut } from '@holdfast/trials';
import { foldingCode } from './code-that-runs.ts';
import type { ReportToMake } from './render-report.ts';
import type { ReportStore } from './report-store.ts';
import { type AskedReport, lookFor } from './sight.ts';

/** All that a report needs that is not in the archive: asking for it is a look, if it is closed. `by`: who asked, if that was somebody else. */
export async function reportToMake(
  store: ReportStore,
  cut: DataCut,
  asked: AskedReport,
  by?: string,
): Promise<ReportToMake> {
  const trial = await trialOfCut(store, cut);
  const dummy = asked.dummySeed === undefined ? '' : ' --dummy';
  const asking = by === undefined ? '' : ` (asked by ${by})`;
  const sight = await lookFor(
    store,
    trial,
    asked,
    `report run --kind ${asked.kind}${dummy} --cut ${cut.name}${asking}`,
  );
  const { protocol } = trial;
  const key = sight.unsealed ? store.keys.get(protocol.trial) : undefined;
  const versions = { holdfast: holdfastVersion, ...(await codeDigest()) };
  return { of: { cut, protocol, key, code: await foldingCode() }, asked, sight, versions };
}
