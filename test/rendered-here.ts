import { openObjects } from '@holdfast/objects';
import { type AskedReport, type ReportStore, reportToMake } from '@holdfast/report';
import { renderReport } from '@holdfast/report/render';
import type { ReportFile } from '@holdfast/reports/render';
import type { DataCut } from '@holdfast/trials';

/** Renders a report of a cut in this thread, as a thread of the report service would. */
export async function renderedHere(
  store: ReportStore,
  cut: DataCut,
  asked: AskedReport,
): Promise<readonly ReportFile[]> {
  const toMake = await reportToMake(store, cut, asked);
  const closedObjects = await openObjects(store.places.closedObjects);
  return renderReport({ objects: store.objects, closedObjects }, toMake, () => undefined);
}
