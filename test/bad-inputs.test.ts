import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csvRows, holdfast, root, succeed, talliesDigest, temporaryFolder } from './acceptance/holdfast.ts';

/** A bad input, and what its reason must say: where (checked for each kind of input), what is wrong, and what to do. */
type Case = { readonly what: string; readonly says: readonly string[] };

const trial = 'CTN-0030';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
let protocol: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  data = join(folder.path, 'data');
  protocol = await readFile(join(root, 'schemas/examples/ctn0094/ctn-0030.yaml'), 'utf8');
  await succeed(['protocol', 'publish', join(root, 'schemas/examples/ctn0094/ctn-0030.yaml'), '--data', data]);
});
afterAll(() => folder.remove());

const line = (text: string, part: string) => text.slice(0, text.indexOf(part)).split('\n').length;

/** Protocols: a line of the file, changed. */
const badProtocols: readonly (Case & { readonly from: RegExp; readonly to: string })[] = [
  {
    what: 'a tab where YAML wants spaces',
    from: /^ {2}- id: opioid-abstinence/m,
    to: '\t- id: opioid-abstinence',
    says: ['is not YAML', 'mend it there'],
  },
  { what: 'a key written twice', from: /^version: 1$/m, to: 'version: 1\nversion: 2', says: ['is not YAML', 'unique'] },
  {
    what: 'an unknown field',
    from: /^version: 1$/m,
    to: 'version: 1\nsponsor: ACME',
    says: ['sponsor', 'is no field of this; remove it'],
  },
  {
    what: 'a version that is no number',
    from: /^version: 1$/m,
    to: 'version: one',
    says: ['version', 'must be a number'],
  },
  {
    what: 'a trial id with a slash',
    from: /^trial: .*$/m,
    to: 'trial: CTN/0030',
    says: ['trial', 'write it like CTN-0027'],
  },
  {
    what: 'an unknown kind of blinding',
    from: /^blinding: open.*$/m,
    to: 'blinding: triple',
    says: ['blinding', 'must be one of "open", "double"'],
  },
  {
    what: 'a window longer than the horizon',
    from: /^( +)horizon: 168.*$/m,
    to: '$1horizon: 20',
    says: ['windows[1]', 'is longer than the horizon (20); shorten it'],
  },
  {
    what: 'an unknown evidence rule',
    from: /^( +)evidence: urine-only.*$/m,
    to: '$1evidence: hair',
    says: ['evidence', 'must be one of "urine-only"'],
  },
  {
    what: 'an unknown kind of measure',
    from: /^( +)kind: rolling-abstinence.*$/m,
    to: '$1kind: rolling-relapse',
    says: ['kind', 'use rolling-abstinence, continuous-abstinence, first-use, lapse, relapse'],
  },
  {
    what: 'a substance that is not declared',
    from: /^( +)substances: \[opioid\].*$/m,
    to: '$1substances: [fentanyl]',
    says: ['"fentanyl" is not among', 'declare it under substances'],
  },
  { what: 'no trial at all', from: /^trial: .*$/m, to: '', says: ['trial', 'is missing; give a string'] },
  {
    what: 'a time zone that is none',
    from: /^blinding: open.*$/m,
    to: 'blinding: open\ntimeZone: Mars/Olympus',
    says: ['timeZone', 'write it like Europe/London'],
  },
];

const envelope = {
  specversion: '1.0',
  id: 'e-1',
  source: `/trials/${trial}/sites/5`,
  subject: '9001',
  time: '2000-03-02T10:15:00+00:00',
  recordedtime: '2000-03-02T16:40:11+00:00',
};
const screen = { ...envelope, type: 'org.holdfast.urine-screen.v1', data: { results: { opioid: 'negative' } } };
const calendar = {
  from: '2000-03-01',
  to: '2000-03-07',
  complete: true,
  days: {},
  informant: 'participant',
  interview: '2000-03-08',
};
const useCalendar = { ...envelope, type: 'org.holdfast.use-calendar.v1', data: calendar };

/** Events: a line of an NDJSON file. */
const badEvents: readonly (Case & { readonly input: object | string })[] = [
  { what: 'no JSON', input: '{"specversion":"1.0",', says: ['is not JSON', 'write one event a line'] },
  { what: 'a number instead of an event', input: '42', says: ['is no event; send a CloudEvents 1.0 JSON object'] },
  { what: 'no type', input: { ...screen, type: undefined }, says: ['type: is missing'] },
  {
    what: 'an unknown type',
    input: { ...screen, type: 'org.holdfast.hair-test.v1' },
    says: ['type: is no event type', 'org.holdfast.urine-screen.v1'],
  },
  {
    what: 'an unknown field in the envelope',
    input: { ...screen, patientname: 'N. N.' },
    says: ['patientname: is no field of this; remove it'],
  },
  {
    what: 'an unknown field in the data',
    input: { ...screen, data: { ...screen.data, birthday: '1970-01-01' } },
    says: ['data.birthday: is no field of this; remove it'],
  },
  {
    what: 'a result that is none',
    input: { ...screen, data: { results: { opioid: 'maybe' } } },
    says: ['data.results.opioid: must be one of "positive", "negative"'],
  },
  {
    what: 'a time without offset',
    input: { ...screen, time: '2000-03-02T10:15:00' },
    says: ['time: not an RFC 3339 time', 'write it like'],
  },
  {
    what: 'a day that is in no calendar',
    input: { ...useCalendar, data: { ...calendar, from: '2000-02-30' } },
    says: ['data.from: not a calendar date; write it like'],
  },
  {
    what: 'a calendar that ends before it begins',
    input: { ...useCalendar, data: { ...calendar, to: '2000-02-20' } },
    says: ['data.to: lies before `from`', 'swap the two'],
  },
  {
    what: 'a day of use outside its calendar',
    input: { ...useCalendar, data: { ...calendar, days: { '2000-04-01': { opioid: {} } } } },
    says: ['data.days.2000-04-01: lies outside', 'widen the calendar or drop the day'],
  },
  {
    what: 'a calendar of the future',
    input: { ...useCalendar, data: { ...calendar, interview: '2000-03-03' } },
    says: ['data.to: lies after `interview`', 'correct one of the two'],
  },
  {
    what: 'a substance that the protocol does not know',
    input: { ...screen, data: { results: { khat: 'positive' } } },
    says: ['data.results.khat: substance "khat" is not in the protocol', 'correct it, or publish'],
  },
  {
    what: 'a site that the protocol does not know',
    input: { ...screen, source: `/trials/${trial}/sites/999` },
    says: ['source: site "999" is not in the protocol'],
  },
  {
    what: 'a trial that is not published',
    input: { ...screen, source: '/trials/NOWHERE/sites/5' },
    says: ['source: trial NOWHERE is not published here; publish its protocol'],
  },
  {
    what: 'an arm from a site',
    input: { ...envelope, type: 'org.holdfast.arm-assigned.v1', data: { arm: 'Outpatient BUP + EMM' } },
    says: ['source: arms come from the randomisation service, never from a site'],
  },
  {
    what: 'an unknown arm',
    input: {
      ...envelope,
      source: `/trials/${trial}/randomisation`,
      type: 'org.holdfast.arm-assigned.v1',
      data: { arm: 'Placebo' },
    },
    says: ['data.arm: is no arm of the protocol', 'write it as there'],
  },
  {
    what: 'a dose of nothing',
    input: { ...envelope, type: 'org.holdfast.dose-given.v1', data: { drug: 'x', given: {} } },
    says: ['data.given: says no amount; give mg'],
  },
  {
    what: 'a correction of nothing in particular',
    input: {
      ...envelope,
      type: 'org.holdfast.correction.v1',
      data: { reason: 'typo', by: 'JD', event: { type: screen.type, time: screen.time, data: screen.data } },
    },
    says: ['data.target: is missing'],
  },
  {
    what: 'a correction within a correction',
    input: {
      ...envelope,
      type: 'org.holdfast.correction.v1',
      data: {
        target: { source: screen.source, id: 'x' },
        reason: 'typo',
        by: 'JD',
        event: { type: 'org.holdfast.correction.v1', time: screen.time, data: {} },
      },
    },
    says: ['data.event.type:', 'cannot be nested'],
  },
  {
    what: 'Holdfast’s own clock, from outside',
    input: {
      specversion: '1.0',
      id: 'd',
      source: `/trials/${trial}/holdfast`,
      type: 'org.holdfast.day-turned.v1',
      time: envelope.time,
      recordedtime: envelope.time,
      data: { date: '2000-03-02' },
    },
    says: ['type: is written by Holdfast alone', 'ingest --replay'],
  },
];

/** Tables as they should be: one participant of site 5, randomised on day 5. */
const goodTables: Readonly<Record<string, string>> = {
  'everybody.csv': 'who,project\n9001,30\n9002,30\n',
  'site_masked.csv': 'who,site_masked\n9001,5\n9002,5\n',
  'randomization.csv': 'who,treatment,which,when\n9001,Outpatient BUP + EMM,1,5\n9002,Outpatient BUP + SMM,1,6\n',
  'visit.csv': `who,visit,what,is_no_note,is_dead,is_no_show,is_no_funding,is_left_study,is_in_jail,is_forgot,is_in_hospital,is_illness,is_moved,is_missing_14_consecutive,is_window,is_unable,is_on_vacation,is_other,when\n9001,WK1,visit,,,,,,,,,,,,,,,,12\n`,
  'uds.csv': 'who,what,when\n9001,Opioid,12\n9001,Cocaine,12\n',
  'uds_temp.csv': 'who,was_temp_ok,when\n9001,1,12\n',
  'tlfb.csv': 'who,what,when\n9001,Opioid,11\n',
  'treatment.csv': 'who,amount,when\n9001,8,5\n',
  'withdrawal.csv': 'who,withdrawal,when\n9001,1,12\n',
};

/** Rows: lines added to a table. The line number is that of the first added one. */
const badRows: readonly (Case & { readonly file: string; readonly row: string; readonly alsoStandsUnder?: string })[] =
  [
    {
      what: 'an arm that the protocol does not know',
      file: 'randomization.csv',
      row: '9003,Placebo,1,5',
      says: ['data.arm', 'is no arm of the protocol'],
      alsoStandsUnder: 'participant-randomised',
    },
    {
      what: 'a substance that the protocol does not know',
      file: 'uds.csv',
      row: '9001,Khat,12',
      says: ['data.results.khat', 'substance "khat" is not in the protocol'],
    },
    { what: 'a day that is no number', file: 'uds.csv', row: '9001,Opioid,soon', says: ['when', 'soon'] },
    {
      what: 'a row that is too short',
      file: 'tlfb.csv',
      row: '9002',
      says: ['1 value where the header has 3', 'complete the row'],
    },
    { what: 'a quote that never ends', file: 'treatment.csv', row: '9001,"8,5', says: ['quot'] },
    {
      what: 'a site that the protocol does not know',
      file: 'site_masked.csv',
      row: '9004,999',
      says: ['site "999" is not in the protocol'],
    },
    { what: 'a participant whom no other table knows', file: 'withdrawal.csv', row: '7777,2,9', says: ['trial'] },
    { what: 'a dose that is no number', file: 'treatment.csv', row: '9001,much,6', says: ['amount', 'much'] },
  ];

describe('bad inputs', () => {
  test(`${badProtocols.length + badEvents.length + badRows.length} kinds are tried`, () => {
    expect(badProtocols.length + badEvents.length + badRows.length).toBeGreaterThanOrEqual(40);
  });

  test.each(badProtocols)(
    'a protocol with $what is refused, with file, line, field and remedy',
    async ({ from, to, says }) => {
      const text = protocol.replace(from, to);
      expect(text).not.toBe(protocol);
      const file = join(folder.path, 'bad.yaml');
      await writeFile(file, text);
      const { code, stderr } = await holdfast(['protocol', 'publish', file, '--data', join(folder.path, 'never')]);
      expect(code).toBe(1);
      const reasons = stderr.split('\n').filter((said) => said.startsWith(`${file}: line `));
      const reason = reasons.find((said) => says.every((part) => said.includes(part)));
      expect(reason, stderr).toBeDefined();
      const changed = to === '' ? undefined : (to.trim().split('\n').at(-1) ?? '').replace('$1', '');
      if (changed !== undefined && reasons.length === 1 && !says.join().includes('windows')) {
        expect(Number(/: line (\d+)/.exec(reason ?? '')?.[1])).toBe(line(text, changed));
      }
    },
  );

  test('every bad event is rejected with file, line, field and remedy, and changes no tally', async () => {
    const file = join(folder.path, 'bad.ndjson');
    await writeFile(
      file,
      badEvents.map(({ input }) => `${typeof input === 'string' ? input : JSON.stringify(input)}\n`).join(''),
    );
    const before = await talliesDigest(data, trial);
    const { code, stderr } = await holdfast(['ingest', file, '--data', data]);
    expect(code).toBe(1);
    for (const [index, { what, says }] of badEvents.entries()) {
      const reasons = stderr.split('\n').filter((said) => said.startsWith(`${file}:${index + 1}: `));
      expect(
        reasons.some((reason) => says.every((part) => reason.includes(part))),
        `${what}: ${reasons.join('; ')}`,
      ).toBe(true);
    }
    expect(stderr).toContain(`0 events accepted, ${badEvents.length} rejected`);
    expect(await talliesDigest(data, trial)).toBe(before);
  });

  test.each(badRows)(
    '$what rejects its row of $file, with file, line, field and remedy, and not its neighbours',
    async ({ file, row, says, alsoStandsUnder }) => {
      const tables = join(folder.path, 'tables');
      await mkdir(tables, { recursive: true });
      for (const [name, text] of Object.entries(goodTables))
        await writeFile(join(tables, name), name === file ? `${text}${row}\n` : text);
      const everybody = `${goodTables['everybody.csv']}9003,30\n${file === 'site_masked.csv' ? '9004,30\n' : ''}`;
      if (file !== 'everybody.csv') await writeFile(join(tables, 'everybody.csv'), everybody);
      const sites = `${goodTables['site_masked.csv']}9003,5\n`;
      await writeFile(join(tables, 'site_masked.csv'), file === 'site_masked.csv' ? `${sites}${row}\n` : sites);
      const written = await readFile(join(tables, file), 'utf8');
      const rejected = join(folder.path, 'rejected.csv');
      const mapping = join(root, 'schemas/examples/ctn0094/mapping.yaml');
      const { code, stdout, stderr } = await holdfast([
        'import',
        mapping,
        tables,
        '--data',
        data,
        '--dry-run',
        '--strict',
        '--rejected',
        rejected,
        '--format',
        'csv',
      ]);
      expect(code, stderr).toBe(1);
      const at = line(written, row);
      const reasons = csvRows(await readFile(rejected, 'utf8')).filter(
        (said) => said.file === file && said.line === String(at),
      );
      const said = reasons.map(({ field, reason }) => `${field}: ${reason}`);
      expect(
        said.some((reason) => says.every((part) => reason.includes(part))),
        `${said.join('; ')} | ${stderr}`,
      ).toBe(true);
      expect(stderr).toContain(`${file}:${at}: `);
      const [total] = csvRows(stdout).filter((counts) => counts.table === file && counts.read !== '');
      // A row that another event stands on counts as used there, and is listed as rejected here.
      const rejectedRows = alsoStandsUnder === undefined ? 1 : 0;
      expect(Number(total?.rejected)).toBe(rejectedRows);
      expect(Number(total?.used)).toBe(Number(total?.read) - rejectedRows);
    },
  );
});
