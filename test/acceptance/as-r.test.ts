import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Protocol, parseProtocol } from '@holdfast/events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkReport, reportAndSet } from '../r/checked-report.ts';
import { rIsThere, rscript } from '../r/rscript.ts';
import { sharedFolder } from '../shared-data.ts';
import { commandsInTurn, csvRows, root, temporaryFolder } from './holdfast.ts';
import { madeTrial } from './made-trial.ts';

const { succeed } = commandsInTurn();

/** Values and first events that the tables of the real trials can tell, besides those of the example protocols. */
const further = `
  - id: days-positive
    kind: days-of-use
    counts: use
    substances: [opioid]
    evidence: urine-only
    over: [{ from: 1, to: 84 }, { from: 85, to: 168 }]
    policies: [observed-only, missing-is-use, best-case]
    horizon: 168
    controlledDays: ignore
    death: ignore
  - { id: withdrawal, kind: scale, instrument: withdrawal-severity, at: [{ day: 28, within: 14 }, { day: 84, within: 14 }] }
`;

const script = join(dirname(fileURLToPath(import.meta.url)), '../r/facts.R');
const near = (said: string | undefined, r: string | undefined) => {
  const [ours, theirs] = [said, r].map((text) =>
    text === undefined || ['', 'NA', 'NaN'].includes(text) ? undefined : Number(text),
  );
  if (ours === undefined || theirs === undefined) return expect(ours).toBe(theirs);
  expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(theirs)));
};

type Row = Readonly<Record<string, string>>;

/** Holds what `endpoints` and `survival` add up from tallies against what R makes of the facts of each participant. */
async function compare(
  data: string,
  { trial, measures }: Pick<Protocol, 'trial' | 'measures'>,
  folder: string,
): Promise<{ values: number; days: number }> {
  const ask = async (...args: string[]): Promise<Row[]> =>
    csvRows((await succeed([...args, '--data', data, '--trial', trial, '--format', 'csv'])).stdout);
  let values = 0;
  let days = 0;
  for (const { id, kind } of measures) {
    if (kind.endsWith('abstinence') || kind === 'lapse') continue;
    const facts = await succeed(['facts', '--data', data, '--trial', trial, '--measure', id, '--format', 'csv']);
    const file = join(folder, 'facts.csv');
    await writeFile(file, facts.stdout);
    const theirs = csvRows(rscript(script, file));
    const isFirstEvent = theirs.some(({ what }) => what === 'survival');
    const ours = isFirstEvent
      ? [...(await ask('survival', '--measure', id)), ...(await ask('survival', '--measure', id, '--by', 'arm'))]
      : [...(await ask('endpoints', '--measure', id)), ...(await ask('endpoints', '--measure', id, '--by', 'arm'))];
    expect(theirs.length, id).toBeGreaterThan(0);
    for (const r of theirs) {
      const said = ours.find((row) =>
        isFirstEvent
          ? row.arm === r.arm && row.day === r.day
          : row.arm === r.arm &&
            (row.item === '' ? row.kind : `${row.kind} ${row.item}`) === r.kind &&
            row.missing === r.missing,
      );
      if (r.kind?.split(' ')[0] === 'due') {
        // How many have come due stands beside the values of the same item.
        const [, item = ''] = r.kind.split(/ (.*)/);
        const beside = ours.find((row) => row.arm === r.arm && row.item === item);
        if (beside !== undefined) expect(beside.due).toBe(r.day);
        continue;
      }
      expect(said, JSON.stringify(r)).toBeDefined();
      if (isFirstEvent) {
        days += 1;
        near(said?.survival, r.a);
        expect([said?.at_risk, said?.events]).toEqual([r.d, r.e]);
        // Before the first event nothing varies: we leave the limits empty where R says 1.
        if (said?.lower !== '') near(said?.lower, r.b);
        if (said?.upper !== '') near(said?.upper, r.c);
      } else {
        values += 1;
        expect(said?.n, JSON.stringify(r)).toBe(r.day);
        for (const [column, letter] of [
          ['mean', 'a'],
          ['sd', 'b'],
          ['lower_quartile', 'c'],
          ['median', 'd'],
          ['upper_quartile', 'e'],
        ] as const)
          near(said?.[column], r[letter]);
      }
    }
  }
  return { values, days };
}

/** Holds every table of the trials' closed reports against what R makes of their analysis sets. */
async function expectReportsAsR(data: string, trials: readonly string[], folder: string): Promise<void> {
  const cut = 'checked';
  for (const trial of trials) await succeed(['cut', 'create', '--trial', trial, '--name', cut, '--data', data]);
  const checks = trials.map(async (trial) => checkReport(await reportAndSet(data, trial, folder, { cut })));
  for (const { code, said } of await Promise.all(checks)) {
    expect(said).toMatch(/^[12]\d tables checked, 0 with differences, 0 not covered, 0 not in the report$/m);
    expect(code).toBe(0);
  }
}

const shared = sharedFolder();

describe.skipIf(!rIsThere())('what merged tallies say is what R makes of the participants’ facts, to 1e-9', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  test.skipIf(shared === undefined)(
    'two real trials',
    async () => {
      const data = join(folder.path, 'real');
      const protocols: Protocol[] = [];
      for (const trial of ['ctn-0027', 'ctn-0030']) {
        const yaml = await readFile(join(root, `schemas/examples/ctn0094/${trial}.yaml`), 'utf8');
        const file = join(folder.path, `${trial}.yaml`);
        const text = yaml.replace(/\n# \(5\)/, `${further}\n# (5)`);
        await writeFile(file, text);
        await succeed(['protocol', 'publish', file, '--data', data]);
        const parsed = parseProtocol(text);
        if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
        protocols.push(parsed.value);
      }
      const mapping = join(root, 'schemas/examples/ctn0094/mapping.yaml');
      await succeed(['import', mapping, join(shared ?? '', 'ctn/data/dev'), '--data', data]);
      for (const protocol of protocols) {
        const { values, days } = await compare(data, protocol, folder.path);
        expect(values).toBeGreaterThan(15);
        expect(days).toBeGreaterThan(100);
      }
      const trials = protocols.map(({ trial }) => trial);
      await expectReportsAsR(data, trials, folder.path);
    },
    600_000,
  );

  test('a made trial with scores, amounts, adverse events and leaving', async () => {
    const data = join(folder.path, 'made');
    const protocol = await madeTrial(data, folder.path);
    const { values, days } = await compare(data, protocol, folder.path);
    expect(values).toBeGreaterThan(40);
    expect(days).toBeGreaterThan(60);
    await expectReportsAsR(data, [protocol.trial], folder.path);
  }, 300_000);
});
