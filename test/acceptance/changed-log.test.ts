import { embeddedEventLog } from '@holdfast/log/embedded';
import { storeFolders } from '@holdfast/runtime';
import { cellsOf, encodeTallyRecord, inParts } from '@holdfast/tallies';
import { readTallies, readTrials, topicsOf } from '@holdfast/trials';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoStore } from './demo-store.ts';
import { csvRows, holdfast, succeed, temporaryFolder } from './holdfast.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
let key: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  ({ data, key } = await demoStore(folder.path));
}, 120_000);
afterAll(() => folder.remove());

/** Partition 0 claims the numbers that it has, but of a log whose last record read otherwise. */
async function claimAnotherLog(): Promise<void> {
  const { log: dir, closedLog: closedDir } = storeFolders(data);
  const log = await embeddedEventLog({ dir, closedDir });
  const [published] = (await readTrials(log)).values();
  if (published === undefined) throw new Error('the demo published no trial');
  const { protocol } = published;
  const { tallies, positions, chains } = await readTallies(log, protocol, 'closed');
  const [position, chain = ''] = [positions[0], chains[0]];
  if (position === undefined) throw new Error('the demo claimed nothing');
  const claim = {
    kind: 'claim',
    owner: 'before the change',
    sequence: 1,
    ...position,
    chain: chain.replaceAll(/./g, (digit) => (digit === '0' ? '1' : '0')),
    cells: cellsOf(tallies),
  } as const;
  const records = inParts(claim).map((part) => ({ key: '0', value: encodeTallyRecord(part), partition: 0 }));
  await log.append(topicsOf(protocol).closedTallies.name, records);
  await log.close();
}

const verdicts = async () =>
  csvRows((await holdfast(['verify', '--data', data, '--format', 'csv'])).stdout).map(({ verdict }) => verdict);

test('replay compares a log with the recorded chains first, and leaves both alone if they differ', async () => {
  const replayed = await succeed(['replay', '--data', data, '--key', key]);
  expect(replayed.stdout).toContain('equal, bit for bit');
  expect(await verdicts()).toEqual(['intact', 'intact']);
  await claimAnotherLog();
  const refused = await holdfast(['replay', '--data', data, '--key', key]);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain('the log was changed after it was folded: DEMO-2X2 partition 0');
  expect(await verdicts()).toEqual(['CHANGED', 'intact']);
}, 120_000);
