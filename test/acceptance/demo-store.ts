import { join } from 'node:path';
import { holdfast, root, succeed } from './holdfast.ts';

/** A store with the demo's trial in it, as `demo` leaves it, but taken in from a file: that is quicker than day by day. */
export async function demoStore(folder: string): Promise<{ readonly data: string; readonly key: string }> {
  const [data, key, events] = [join(folder, 'store'), join(folder, 'demo.key'), join(folder, 'demo.ndjson')];
  await succeed(['protocol', 'publish', join(root, 'schemas/examples/demo/demo-2x2.yaml'), '--data', data]);
  await succeed(['keys', 'create', '--trial', 'DEMO-2X2', '--out', key, '--data', data]);
  await succeed(['simulate', '--scenario', 'demo', '--out', events]);
  const { code, stderr } = await holdfast(['ingest', events, '--data', data, '--key', key]);
  // Some of it is wrong on purpose, and all else is taken in.
  if (code !== 1 || !stderr.includes('all accepted ones are committed'))
    throw new Error(`ingest: exit ${code}: ${stderr}`);
  return { data, key };
}
