import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Protocol, parseProtocol, shortType } from '@holdfast/events';
import { describe, expect, test } from 'vitest';
import { sharedFolder } from '../../../test/shared-data.ts';
import { imported } from '../testing/small-import.ts';
import type { TableEvent } from './events/table-event.ts';
import { openImport } from './table-import.ts';

const examples = join(import.meta.dirname, '../../../schemas/examples/ctn0094');
const mapping = join(examples, 'mapping.yaml');

async function protocols(...texts: readonly string[]): Promise<ReadonlyMap<string, Protocol>> {
  return new Map(
    texts.map((text) => {
      const parsed = parseProtocol(text);
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
      return [parsed.value.trial, parsed.value];
    }),
  );
}
const protocolText = (file: string) => readFile(join(examples, file), 'utf8');

const header =
  'who,visit,what,is_no_note,is_dead,is_no_show,is_no_funding,is_left_study,is_in_jail,is_forgot,is_in_hospital,is_illness,is_moved,is_missing_14_consecutive,is_window,is_unable,is_on_vacation,is_other,when';
const visit = (who: number, label: string, what: string, when: number | '', ...notes: string[]) =>
  [
    who,
    label,
    what,
    ...header
      .split(',')
      .slice(3, -1)
      .map((note) => (notes.includes(note) ? 1 : '')),
    when,
  ].join(',');

/** A third trial, made up, in the tables of the other two. */
const thirdTrial: Readonly<Record<string, string>> = {
  everybody: 'who,project\n1,51\n2,51\n3,27\n',
  site_masked: 'who,site_masked\n1,40\n2,16\n3,16\n',
  randomization:
    'who,treatment,which,when\n1,Inpatient NR-NTX,1,3\n1,Inpatient NR-NTX,2,3\n2,Inpatient BUP,1,4\n2,Inpatient BUP,2,20\n3,Methadone,1,1\n',
  visit: [
    header,
    visit(1, 'WK1', 'visit', 10),
    visit(1, 'WK2', 'no visit', '', 'is_no_show'),
    visit(1, 'WK3', 'MISSING', 24, 'is_in_jail', 'is_no_show'),
    visit(1, 'UNSC', '""', 26, 'is_in_hospital'),
    visit(2, 'WK1', 'final', 11, 'is_left_study'),
    visit(2, 'WK1', 'final', 11, 'is_left_study', 'is_moved'),
    visit(2, 'WK9', 'no visit', 60, 'is_dead'),
    visit(2, 'WK10', 'perhaps', 61),
    visit(3, 'WK1', 'visit', 10),
  ].join('\n'),
  uds: 'who,what,when\n1,Mdma/Hallucinogen,10\n1,Thc,10\n1,Barbiturate,10\n1,Opioid,12\n',
  uds_temp: 'who,was_temp_ok,when\n1,1,10\n2,99,11\n2,0,13\n2,1,\n',
  tlfb: 'who,what,when\n1,THC,-3\n1,Heroin,-3\n1,Crack,-3\n',
  treatment: 'who,amount,when\n1,1,5\n1,1,5\n2,12.5,5\n2,,6\n',
  withdrawal: 'who,withdrawal,when\n1,3,5\n1,severe,6\n9,1,6\n',
};

describe('a third trial needs a protocol of its own and nothing else', async () => {
  const protocol = (await protocolText('ctn-0027.yaml'))
    .replaceAll('CTN-0027', 'CTN-0051')
    .replace(/arms:\n(?: {2}- .*\n)+/, 'arms: [{ id: Inpatient BUP }, { id: Inpatient NR-NTX }]\n')
    .replace(/^sites: .*$/m, 'sites: ["16", "40"]');
  const trials = await protocols(protocol);
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-third-trial-'));
  for (const [table, text] of Object.entries(thirdTrial)) await writeFile(join(directory, `${table}.csv`), text);
  const { events, reconciliation } = await imported({ mapping, directory }, trials);
  await rm(directory, { recursive: true });

  test('its rows become its events', () => {
    expect(
      events.map(
        (event) =>
          `${'subject' in event ? event.subject : ''} ${event.time.slice(0, 10)} ${shortType(event.type)} ${JSON.stringify(event.data)}`,
      ),
    ).toEqual([
      '1 1999-12-29 use-calendar {"complete":false,"days":{"1999-12-29":{"heroin":{},"thc":{}}},"from":"1999-12-29","informant":"participant","interview":"1999-12-29","to":"1999-12-29"}',
      '1 2000-01-01 participant-enrolled {"consentDate":"2000-01-01"}',
      '1 2000-01-04 participant-randomised {"date":"2000-01-04"}',
      '1 2000-01-04 arm-assigned {"arm":"Inpatient NR-NTX"}',
      '1 2000-01-06 dose-given {"drug":"study-drug","given":{"units":1}}',
      '1 2000-01-06 scale-score {"instrument":"withdrawal-severity","total":3}',
      '1 2000-01-11 visit-attended {"visit":"WK1"}',
      '1 2000-01-11 urine-screen {"results":{"mdma-hallucinogen":"positive","thc":"positive"}}',
      '1 2000-01-13 urine-screen {"results":{"opioid":"positive"}}',
      '1 2000-01-25 visit-missed {"reason":"no show, in prison","visit":"WK3"}',
      '1 2000-01-25 controlled-environment {"from":"2000-01-25","kind":"prison","to":"2000-01-25"}',
      '1 2000-01-27 controlled-environment {"from":"2000-01-27","kind":"hospital","to":"2000-01-27"}',
      '2 2000-01-01 participant-enrolled {"consentDate":"2000-01-01"}',
      '2 2000-01-05 participant-randomised {"date":"2000-01-05"}',
      '2 2000-01-05 arm-assigned {"arm":"Inpatient BUP"}',
      '2 2000-01-06 dose-given {"drug":"study-drug","given":{"mg":12.5}}',
      '2 2000-01-12 visit-attended {"visit":"WK1"}',
      '2 2000-01-12 urine-screen {"results":{}}',
      '2 2000-01-12 participant-left {"how":"stopped"}',
      '2 2000-01-21 participant-rerandomised {"date":"2000-01-21","which":2}',
      '2 2000-03-01 visit-missed {"reason":"died","visit":"WK9"}',
      '2 2000-03-01 participant-left {"how":"died"}',
    ]);
    expect(events.find(({ type }) => type === 'org.holdfast.arm-assigned.v1')?.source).toBe(
      '/trials/CTN-0051/randomisation',
    );
    expect(events[0]?.source).toBe('/trials/CTN-0051/sites/40');
  });

  test('what is no event has a reason', () => {
    const reasons = reconciliation.tables.flatMap(({ table, reasons: all }) =>
      all.map(({ reason, rows, line }) => `${table} ${line} ${rows} ${reason}`),
    );
    expect(reasons).toEqual([
      'everybody 4 1 trial CTN-0027 is not published',
      'site_masked 4 1 trial CTN-0027 is not published',
      'randomization 3 1 repeats the first randomisation',
      'randomization 6 1 trial CTN-0027 is not published',
      'visit 3 1 visit without a day',
      'visit 9 1 visit with an unknown disposition',
      'visit 10 1 trial CTN-0027 is not published',
      'uds_temp 4 1 urine sample without result or kept visit',
      'uds_temp 5 1 urine sample without a day',
      'treatment 3 1 repeats line 2',
    ]);
    for (const { read, used, filtered, rejected } of reconciliation.tables)
      expect(used + filtered + rejected).toBe(read);
  });

  test('what cannot be one costs its row', () => {
    expect(
      reconciliation.rejectedRows.map(
        ({ file, line, field, reason }) => `${file} ${line} ${field}: ${reason.split(/;| \(/)[0]}`,
      ),
    ).toEqual([
      'uds.csv 4 data.results.barbiturate: substance "barbiturate" is not in the protocol',
      'tlfb.csv 4 data.days.1999-12-29.crack: substance "crack" is not in the protocol',
      'treatment.csv 5 data.given: says no amount',
      'withdrawal.csv 3 withdrawal: "severe" is no number',
      'withdrawal.csv 4 trial: the mapping finds no trial for this row',
    ]);
  });
});

const shared = sharedFolder();

describe.skipIf(shared === undefined)('the two real trials', () => {
  const directory = join(shared ?? '', 'ctn/data/dev');

  test('give these events, and every row is accounted for', async () => {
    const trials = await protocols(await protocolText('ctn-0027.yaml'), await protocolText('ctn-0030.yaml'));
    const tables = await openImport({ mapping, directory, trials });
    const counts = new Map<string, number>();
    let opioidPositive = 0;
    let last = '';
    let outOfOrder = 0;
    for await (const batch of tables.events((event: TableEvent, trial) => ({ ok: true, value: { event, trial } }))) {
      for (const { event, trial } of batch) {
        const type = event.type.slice('org.holdfast.'.length, -'.v1'.length);
        counts.set(type, (counts.get(type) ?? 0) + 1);
        if (
          event.type === 'org.holdfast.urine-screen.v1' &&
          (event.data as { results: Record<string, string> }).results.opioid === 'positive'
        )
          opioidPositive++;
        const place = `${trial} ${event.subject} ${event.time}`;
        if (place < last) outOfOrder++;
        last = place;
      }
    }
    const { tables: rows, rejectedRows } = tables.reconciliation();
    await tables.close();
    expect(Object.fromEntries([...counts].sort())).toEqual({
      'arm-assigned': 1922,
      'controlled-environment': 134,
      'dose-given': 186_435,
      'participant-enrolled': 2788,
      'participant-left': 136,
      'participant-randomised': 1922,
      'participant-rerandomised': 360,
      'scale-score': 9701,
      'urine-screen': 27_547,
      'use-calendar': 127_245,
      'visit-attended': 33_312,
      'visit-missed': 158,
    });
    expect(outOfOrder).toBe(0);
    expect(opioidPositive).toBe(8957 + 3428);
    expect(rejectedRows).toEqual([]);
    expect(rows.map(({ table, read, used, filtered }) => [table, read, used, filtered])).toEqual([
      ['everybody', 2788, 2788, 0],
      ['site_masked', 2788, 2788, 0],
      ['randomization', 3551, 2282, 1269],
      ['visit', 38_611, 33_470, 5141],
      ['uds', 36_130, 36_130, 0],
      ['uds_temp', 27_935, 27_544, 391],
      ['tlfb', 162_122, 162_122, 0],
      ['treatment', 186_435, 186_435, 0],
      ['withdrawal', 9701, 9701, 0],
    ]);
    expect(rows.find(({ table }) => table === 'visit')?.reasons).toContainEqual({
      reason: 'repeats line 7360',
      rows: 1,
      line: 7361,
    });
  });

  test('pass schema and protocol, and the other trial is counted', async () => {
    const { events, total, reconciliation } = await imported(
      { mapping, directory },
      await protocols(await protocolText('ctn-0030.yaml')),
    );
    expect(events.length).toBe(total);
    expect(reconciliation.rejectedRows).toEqual([]);
    expect(reconciliation.tables[0]).toEqual({
      table: 'everybody',
      file: 'everybody.csv',
      read: 2788,
      used: 868,
      filtered: 1920,
      reasons: [{ reason: 'trial CTN-0027 is not published', rows: 1920, line: 2 }],
      rejected: 0,
    });
  });
});
