import type { ReportToMake } from './render-report.ts';
import type { ReportThreads } from './report-threads.ts';

/** Makes a report and keeps it; answers its id. Partitions of its cut that were not folded before are folded first, beside each other. */
export async function makeReport(
  threads: ReportThreads,
  toMake: ReportToMake,
  signal: AbortSignal,
  step: (text: string) => void,
): Promise<string> {
  const { of, sight } = toMake;
  const partitions = [...of.cut.marks.keys()];
  let folded = 0;
  const say = () => step(`folding: ${folded} of ${partitions.length} partitions …`);
  say();
  const fold = async (partition: number) => {
    await threads.fold(of, sight.side, partition, signal);
    folded += 1;
    say();
  };
  await Promise.all(partitions.map(fold));
  return threads.render(toMake, signal, step);
}
