import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { succeed } from '../acceptance/holdfast.ts';

/** The closed report and the analysis set of a cut, written out. */
export type Checked = { readonly report: string; readonly set: string };

export async function reportAndSet(
  data: string,
  trial: string,
  folder: string,
  { cut, key }: { readonly cut: string; readonly key?: string },
): Promise<Checked> {
  const [report, set] = [join(folder, `${trial}-report`), join(folder, `${trial}-set`)];
  const of = ['--trial', trial, '--data', data, ...(key === undefined ? [] : ['--key', key])];
  await Promise.all([
    succeed(['report', 'run', '--kind', 'dsmb-closed', '--cut', cut, '--out', report, ...of]),
    succeed(['cut', 'export', cut, '--out', set, ...of]),
  ]);
  return { report, set };
}

const run = promisify(execFile);

/** What the script that lies in an analysis set says of a report. */
export async function checkReport({ report, set }: Checked): Promise<{ readonly code: number; readonly said: string }> {
  try {
    const { stdout, stderr } = await run('Rscript', ['--vanilla', join(set, 'check-report.R'), set, report]);
    return { code: 0, said: `${stdout}${stderr}` };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, said: `${stdout}${stderr}` };
  }
}
