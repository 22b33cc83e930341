import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseProtocol } from '@holdfast/events';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { publishProtocol } from '@holdfast/trials';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoStore } from './acceptance/demo-store.ts';
import { commandsInTurn, csvRows, temporaryFolder } from './acceptance/holdfast.ts';

const { holdfast, succeed } = commandsInTurn();

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());
const demoProtocol = new URL('../schemas/examples/demo/demo-2x2.yaml', import.meta.url);

/** The demo's protocol as an amendment: each version has a further measure. */
async function amended(version: number): Promise<string> {
  const text = await readFile(demoProtocol, 'utf8');
  const further = Array.from(
    { length: version - 1 },
    (_, i) => `
  - id: alcohol-by-urine-v${i + 2}
    kind: rolling-abstinence
    substances: [alcohol]
    evidence: urine-only
    windows: [28]
    coverage: { atLeast: 1 }
    horizon: 180
    policies: [observed-only]
`,
  );
  return text.replace('version: 1', `version: ${version}`) + further.join('');
}

describe('an amendment of a double-blind trial, published without its key', () => {
  let data: string;
  let key: string;
  let file: string;
  const ask = (...words: string[]) => succeed([...words, '--data', data]);
  beforeAll(async () => {
    file = join(folder.path, 'v2.yaml');
    await writeFile(file, await amended(2));
    ({ data, key } = await demoStore(folder.path));
    const { stderr } = await ask('protocol', 'publish', file);
    expect(stderr).toContain('the version before it answers until');
  });

  test('leaves rates and survival to the version before, which is named', async () => {
    for (const words of [
      ['rates', '--measure', 'alcohol-abstinence', '--day', '84'],
      ['survival', '--measure', 'alcohol-first-use', '--day', '84'],
    ]) {
      const { stdout, stderr } = await ask(...words, '--format', 'csv');
      expect(csvRows(stdout)).toHaveLength(words[0] === 'rates' ? 2 : 1);
      expect(stderr).toContain('the tallies still stand on version 1');
      expect(stderr).toContain('holdfast replay --trial DEMO-2X2 --key FILE');
    }
  });

  test('keeps arms from facts and explain even with the key, and both still answer', async () => {
    const participant = ['--participant', 'GB-01-0007', '--format', 'csv'];
    const facts = await ask('facts', '--measure', 'alcohol-first-use', ...participant, '--key', key);
    expect(csvRows(facts.stdout).map(({ arm }) => arm)).toEqual(['']);
    await ask('explain', '--measure', 'alcohol-first-use', '--day', '84', ...participant, '--key', key);
    const byArm = await holdfast([
      'rates',
      '--measure',
      'alcohol-abstinence',
      '--by',
      'arm',
      '--data',
      data,
      '--key',
      key,
    ]);
    expect(byArm).toMatchObject({ code: 1, stdout: '' });
  });

  test('is folded by publishing it again with the key, once', async () => {
    const again = await ask('protocol', 'publish', file, '--key', key);
    expect(again.stderr).toContain('rates are now by version 2');
    const rates = await ask('rates', '--measure', 'alcohol-by-urine-v2', '--day', '84', '--format', 'csv');
    expect(Number(csvRows(rates.stdout)[0]?.assessable)).toBeGreaterThan(0);
    const third = await ask('protocol', 'publish', file, '--key', key);
    expect(third.stderr).not.toContain('rates are now');
  });

  test('broken off between its record and its fold, it is finished by whoever repeats it', async () => {
    const text = await amended(3);
    const protocol = parseProtocol(text);
    if (!protocol.ok) throw new Error(JSON.stringify(protocol.problems));
    const log = await embeddedEventLog({ dir: join(data, 'log'), closedDir: join(data, 'closed', 'log') });
    await publishProtocol(log, protocol.value);
    await log.close();
    const three = join(folder.path, 'v3.yaml');
    await writeFile(three, text);
    const repeated = await ask('protocol', 'publish', three, '--key', key);
    expect(repeated.stderr).toContain('already published');
    expect(repeated.stderr).toContain('rates are now by version 3');
  });
});

test('nobody can ask what will have been known on a day to come, nor pin it', async () => {
  const data = join(folder.path, 'store');
  for (const words of [
    ['rates', '--measure', 'alcohol-abstinence'],
    ['survival', '--measure', 'alcohol-first-use'],
    ['cut', 'create', '--name', 'future'],
  ]) {
    const refused = await holdfast([...words, '--as-of', '2199-01-01', '--data', data]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /--as-of 2199-01-01 is still to come: DEMO-2X2 knows no later day than \d{4}-\d\d-\d\d;/,
    );
  }
  expect(csvRows((await succeed(['cut', 'list', '--format', 'csv', '--data', data])).stdout)).toEqual([]);
});

test('of a participant whom nobody knows there is no empty list of issues', async () => {
  const data = join(folder.path, 'store');
  const refused = await holdfast(['issues', '--participant', 'NOBODY', '--data', data]);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain('no event of participant NOBODY is in DEMO-2X2; look at the id');
  expect((await succeed(['issues', '--participant', 'GB-01-0004', '--data', data])).stdout).toContain('no rows');
});
