import { cp, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Checked, checkReport, reportAndSet } from '../r/checked-report.ts';
import { rIsThere } from '../r/rscript.ts';
import { csvRows, holdfast, root, succeed, temporaryFolder } from './holdfast.ts';

const trial = 'DEMO-2X2';

/** The demo's trial, smaller, with something of every section of a closed report. */
const more = `
  - id: alcohol-continuous
    kind: continuous-abstinence
    title: No alcohol from day 15 on
    substances: [alcohol]
    evidence: self-report-only
    from: 15
    coverage: { gapAtMost: 31 }
    horizon: 84
    policies: [observed-only, missing-is-use, worst-case, best-case, carry-forward-28]
    controlledDays: ignore
    death: ignore
    population: safety
  - { id: no-heavy-days, kind: no-heavy-days, substances: [alcohol], evidence: self-report-only, heavy: { atLeastGrams: 60 }, over: [{ from: 1, to: 84 }], policies: [observed-only, missing-is-use], horizon: 84 }
  - { id: retention, kind: retention, title: Retention, windows: [28], horizon: 180 }
  - { id: visits-kept, kind: visits, title: Visits kept, horizon: 180 }
  - { id: exposure, kind: exposure, title: Doses and therapy, horizon: 180 }
  - { id: adverse-events, kind: adverse-events, title: Adverse events, horizon: 180 }
  - { id: emergent, kind: adverse-events, title: Treatment-emergent, only: treatment-emergent, population: safety, horizon: 180 }
  - { id: suicidality, kind: suicidality, title: Suicidality, rise: 2, horizon: 180 }
  - { id: infusion-peaks, kind: vital-peaks, title: Peaks, severe: { systolic: 180, diastolic: 110 }, horizon: 180 }
  - { id: depression, kind: scale, title: Depression, instrument: HAM-D-17, at: [{ visit: W04 }, { visit: W12 }] }
  - { id: dissociation, kind: scale, title: Dissociation, instrument: CADSS, at: [{ hoursAfterDose: 0.67, within: 1 }] }
groups:
  - { id: stratum, by: stratum }
populations:
  - { id: safety, title: Safety, requires: dose, arm: actual }
`;

describe.skipIf(!rIsThere())('an analysis set, and the script that derives a closed report from it', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let data: string;
  let key: string;
  let made: Checked;

  beforeAll(async () => {
    folder = await temporaryFolder();
    [data, key] = [join(folder.path, 'store'), join(folder.path, 'demo.key')];
    const text = await readFile(join(root, 'schemas/examples/demo/demo-2x2.yaml'), 'utf8');
    const [file, events] = [join(folder.path, 'demo.yaml'), join(folder.path, 'demo.ndjson')];
    const small = text
      .replace('plannedParticipants: 280', 'plannedParticipants: 60')
      .replaceAll(/drug: (ketamine|saline), therapy: ([a-z-]+) } }/g, 'drug: $1, therapy: $2 }, gives: [$1] }');
    await writeFile(file, small + more);
    await succeed(['protocol', 'publish', file, '--data', data]);
    await succeed(['keys', 'create', '--trial', trial, '--out', key, '--data', data]);
    await succeed(['simulate', '--scenario', 'demo', '--protocol', file, '--participants', '60', '--out', events]);
    // Some of it is wrong on purpose.
    const { stderr } = await holdfast(['ingest', events, '--data', data, '--key', key]);
    expect(stderr).toContain('all accepted ones are committed');
    await succeed(['cut', 'create', '--name', 'checked', '--data', data]);
    made = await reportAndSet(data, trial, folder.path, { cut: 'checked', key });
  }, 300_000);
  afterAll(() => folder.remove());

  test('R finds no difference in any table of the report, and no table is left out', async () => {
    const { code, said } = await checkReport(made);
    expect(said).toMatch(/^from each day of use, also for each participant: .*\balcohol-abstinence\b/m);
    expect(said).toMatch(/^summed up from what Holdfast says of each participant, .*: .*\bheavy-drinking-relapse\b/m);
    expect(said).toMatch(/^3\d tables checked, 0 with differences, 0 not covered, 0 not in the report$/m);
    expect(code).toBe(0);
  }, 180_000);

  test('a wrong cell, a missing row, columns that are gone, a table of no known kind and a wrong day of use are found and named', async () => {
    const [report, set] = [join(folder.path, 'planted'), join(folder.path, 'planted-set')];
    await cp(made.report, report, { recursive: true });
    await cp(made.set, set, { recursive: true });
    const change = async (name: string, changed: (text: string) => string, within = report) => {
      const before = await readFile(join(within, name), 'utf8');
      const after = changed(before);
      expect(after).not.toBe(before);
      await writeFile(join(within, name), after);
    };
    await change('ADUSE.csv', (text) => text.replace(',40,abstinent,Y,N', ',40,use,Y,N'), set);
    await change('abstinence-rates-alcohol-abstinence-28.csv', (text) =>
      text.replace(/,wilson,(\d+),/, ',wilson,9$1,'),
    );
    await change('safety-adverse-events.csv', (text) => text.split('\n').toSpliced(7, 1).join('\n'));
    await cp(join(report, 'flow.csv'), join(report, 'flow-of-somebody-else.csv'));
    await change('survival-retention.csv', () => 'trial,measure,arm,site,group,day\n');
    const { code, said } = await checkReport({ report, set });
    expect(code).toBe(1);
    expect(said).toMatch(/abstinence-rates-alcohol-abstinence-28 .* 1 differences\n {4}due of .* is 9\d+, R has \d+\n/);
    expect(said).toMatch(/safety-adverse-events .* 1 differences\n {4}row .* is not there\n/);
    expect(said).toContain('flow-of-somebody-else: not covered by this script');
    expect(said).toMatch(/survival-retention .* \d+ differences\n {4}row .* is not there\n/);
    expect(said).toMatch(/from ADUSE: observed-only .* [1-9]\d* differences\n {4}.* day \d+ is 1, R has 0\n/);
    expect(said).toMatch(/ 1 not covered, 0 not in the report$/m);
  }, 180_000);

  test('a participant who comes twice, a row that does, and a row of nobody are refused, whatever the report says', async () => {
    for (const [name, wrong, said] of [
      ['ADSL', (row: string) => row, /ADSL\.csv has two rows of the same USUBJID/],
      ['ADUSE', (row: string) => row, /ADUSE\.csv has two rows of the same USUBJID, USECD, ADY/],
      ['ADTTE', (row: string) => row.replace(/^([^,]*),[^,]*/, '$1,NOBODY'), /rows of NOBODY, who is not in ADSL\.csv/],
    ] as const) {
      const set = join(folder.path, `wrong-${name}`);
      await cp(made.set, set, { recursive: true });
      const [head = '', first = '', ...rows] = (await readFile(join(set, `${name}.csv`), 'utf8')).split('\n');
      await writeFile(join(set, `${name}.csv`), [head, first, wrong(first), ...rows].join('\n'));
      expect(await checkReport({ ...made, set })).toMatchObject({ code: 1, said: expect.stringMatching(said) });
    }
  }, 120_000);

  test('with arms it is its owner’s alone, and a look on record; without the key it is of open events, without arms', async () => {
    const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    expect([await mode(made.set), await mode(join(made.set, 'ADSL.csv'))]).toEqual(['700', '600']);
    const open = join(folder.path, 'open');
    const { stderr } = await succeed(['cut', 'export', 'checked', '--data', data, '--out', open]);
    expect(stderr).toContain('open events alone, without arms');
    const columns = async (set: string) => Object.keys(csvRows(await readFile(join(set, 'ADSL.csv'), 'utf8'))[0] ?? {});
    expect(await columns(made.set)).toEqual(expect.arrayContaining(['TRT01P', 'TRT01A', 'FAC1P', 'DOSEFL', 'POP1FL']));
    expect(await columns(open)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^TRT|^FAC|^DOSE|^POP/)]));
    const kept = csvRows(await readFile(join(open, 'MEASURES.csv'), 'utf8')).map(({ PARAMCD }) => PARAMCD);
    expect(kept).toContain('alcohol-abstinence');
    expect(kept).not.toContain('exposure');
    expect(await checkReport({ ...made, set: open })).toMatchObject({
      code: 1,
      said: expect.stringContaining('of open events alone, without arms'),
    });
  }, 180_000);
});
