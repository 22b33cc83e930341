import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sharedFolder } from '../shared-data.ts';
import { commandsInTurn, csvRows, root, temporaryFolder } from './holdfast.ts';

const { holdfast, succeed } = commandsInTurn();

const shared = sharedFolder();
const examples = join(root, 'schemas/examples/ctn0094');
const trials = ['CTN-0027', 'CTN-0030'] as const;
const ofUse = ['opioid-first-use', 'opioid-relapse-four-weeks', 'opioid-relapse-two-weeks'] as const;
// Of leaving CTN-0027 no dates are known.
const firstEvents: readonly (readonly [string, string])[] = [
  ...ofUse.flatMap((id) => trials.map((trial) => [id, trial] as const)),
  ['retention', 'CTN-0030'],
];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;

type Row = Readonly<Record<string, string>>;

/** What `survival` answers of first use, or of the measure that is named, as text. */
const answer = async (...args: readonly string[]) => {
  const measure = args.includes('--measure') ? [] : ['--measure', 'opioid-first-use'];
  return (await succeed(['survival', '--data', data, '--format', 'csv', ...measure, ...args])).stdout;
};
const rows = async (...args: readonly string[]): Promise<Row[]> => csvRows(await answer(...args));

const counts = ['at_risk', 'events', 'competing', 'censored'] as const;
const countsOf = (row: Row) => counts.map((column) => Number(row[column]));

/** The counts of parts, added up by day. */
function addedUp(parts: readonly Row[]): Map<string, number[]> {
  const sums = new Map<string, number[]>();
  for (const row of parts) {
    const day = row.day ?? '';
    const held = sums.get(day) ?? counts.map(() => 0);
    sums.set(
      day,
      countsOf(row).map((n, i) => n + (held[i] ?? 0)),
    );
  }
  return sums;
}

/** R's NA is our empty cell; numbers agree to 1e-9. */
function expectNumber(actual: string | undefined, ofR: string | undefined, where: string): void {
  if (ofR === 'NA') expect(actual, where).toBe('');
  else expect(Math.abs(Number(actual === '' ? Number.NaN : actual) - Number(ofR)), where).toBeLessThan(1e-9);
}

describe.skipIf(shared === undefined)('survival of two real trials', () => {
  beforeAll(async () => {
    folder = await temporaryFolder();
    data = join(folder.path, 'store');
    for (const trial of trials)
      await succeed(['protocol', 'publish', join(examples, `${trial.toLowerCase()}.yaml`), '--data', data]);
    await succeed(['import', join(examples, 'mapping.yaml'), join(shared ?? '', 'ctn/data/dev'), '--data', data]);
  }, 300_000);
  afterAll(() => folder.remove());

  test.each(trials)('%s: every row by arm is R’s: counts exactly, survival and limits within 1e-9', async (trial) => {
    const reference = csvRows(await readFile(join(shared ?? '', 'ctn/rates/km_lapse.csv'), 'utf8')).filter(
      (row) => row.trial === trial,
    );
    expect(reference.length).toBeGreaterThan(100);
    const text = await answer('--trial', trial, '--measure', 'opioid-first-use', '--by', 'arm');
    expect(text.split(/\r?\n/)[0]).toBe(
      'trial,measure,arm,site,group,day,at_risk,events,competing,censored,survival,incidence,lower,upper,method',
    );
    const got = csvRows(text);
    expect(got.map(({ arm, day }) => `${arm}|${day}`).sort()).toEqual(
      reference.map(({ arm, day }) => `${arm}|${day}`).sort(),
    );
    for (const ofR of reference) {
      const where = `${ofR.arm}, day ${ofR.day}`;
      const row = got.find(({ arm, day }) => arm === ofR.arm && day === ofR.day) ?? {};
      expect([row.at_risk, row.events, row.competing, row.censored], where).toEqual([
        ofR.at_risk,
        ofR.events,
        '0',
        ofR.censored,
      ]);
      expectNumber(row.survival, ofR.survival, where);
      expectNumber(row.lower, ofR.lower_loglog, where);
      expectNumber(row.upper, ofR.upper_loglog, where);
      expect(Number(row.incidence), where).toBeCloseTo(1 - Number(row.survival), 12);
      expect([row.trial, row.measure, row.site, row.group, row.method]).toEqual([
        trial,
        'opioid-first-use',
        '',
        '',
        'kaplan-meier',
      ]);
    }
  });

  describe.each(firstEvents)('%s of %s', (measure, trial) => {
    test('arms, and arms and sites, add up to the whole', async () => {
      const whole = await rows('--trial', trial, '--measure', measure);
      const days = whole.map(({ day }) => day).join(',');
      for (const by of ['arm', 'site', 'arm,site'])
        expect(addedUp(await rows('--trial', trial, '--measure', measure, '--by', by, '--day', days))).toEqual(
          addedUp(whole),
        );
    });

    test('at risk on day 0 is everybody randomised, and each has one end', async () => {
      const participants = csvRows(await readFile(join(shared ?? '', 'ctn/rates/time_to_lapse.csv'), 'utf8')).filter(
        (row) => row.trial === trial,
      );
      const whole = await rows('--trial', trial, '--measure', measure);
      expect(whole[0]).toMatchObject({ day: '0', at_risk: `${participants.length}` });
      const ended = whole.map(countsOf).reduce((sum, [, ...ends]) => sum + ends.reduce((a, b) => a + b, 0), 0);
      expect(ended).toBe(participants.length);
      expect(whole.some(({ events }) => Number(events) > 0)).toBe(true);
    });
  });

  /** Days of a table since each participant's first randomisation in the trial. */
  async function daysOf(trial: string, table: string, isCounted: (row: Row) => boolean): Promise<number[][]> {
    const read = async (name: string) =>
      csvRows(await readFile(join(shared ?? '', 'ctn/data/dev', `${name}.csv`), 'utf8')) as Row[];
    const inTrial = new Set(
      (await read('everybody')).flatMap(({ who, project }) => (`CTN-00${project}` === trial ? [who] : [])),
    );
    const days = new Map<string | undefined, { zero: number; found: number[] }>();
    for (const { who, which, when } of await read('randomization'))
      if (which === '1' && inTrial.has(who) && when !== '') days.set(who, { zero: Number(when), found: [] });
    for (const row of await read(table)) {
      const of = days.get(row.who);
      if (of !== undefined && row.when !== '' && isCounted(row)) of.found.push(Number(row.when) - of.zero);
    }
    return [...days.values()].map(({ found }) => found.toSorted((a, b) => a - b));
  }

  const eventsByDay = async (...selectors: readonly string[]) =>
    (await rows(...selectors)).flatMap(({ day, events }) => Array<number>(Number(events)).fill(Number(day)));
  const inOrder = (days: readonly number[]) => days.toSorted((a, b) => a - b);

  test.each(trials)('%s: two weeks of use in a row are those of the table of urines', async (trial) => {
    const positives = await daysOf(trial, 'uds', ({ what }) => what === 'Opioid');
    const onsets = positives.flatMap((days) => {
      const first = days.find((day) => {
        if (day < 1) return false;
        const nextWeek = 7 * Math.ceil(day / 7) + 1;
        return nextWeek + 6 <= 168 && days.some((other) => other >= nextWeek && other <= nextWeek + 6);
      });
      return first ?? [];
    });
    expect(onsets.length).toBeGreaterThan(50);
    expect(await eventsByDay('--trial', trial, '--measure', 'opioid-relapse-two-weeks')).toEqual(inOrder(onsets));
  });

  test('CTN-0030: who left, and when, is what the notes of visits say', async () => {
    const left = await daysOf('CTN-0030', 'visit', ({ is_left_study }) => is_left_study === '1');
    const first = left.flatMap(([day]) => (day !== undefined && day <= 168 ? [Math.max(1, day)] : []));
    expect(first.length).toBeGreaterThan(10);
    expect(await eventsByDay('--trial', 'CTN-0030', '--measure', 'retention')).toEqual(inOrder(first));
  });

  test('on a study day that is asked for, the curve stands as on the last day on which anything happened', async () => {
    const selectors = ['--trial', 'CTN-0027', '--by', 'arm'];
    const curve = (await rows(...selectors)).filter(({ arm }) => arm === 'Methadone');
    const got = (await rows(...selectors, '--day', '0,1,2,84,85')).filter(({ arm }) => arm === 'Methadone');
    expect(got.map(({ day }) => day)).toEqual(['0', '1', '2', '84', '85']);
    for (const row of got) {
      const last = curve.filter(({ day }) => Number(day) <= Number(row.day)).at(-1);
      for (const column of ['survival', 'incidence', 'lower', 'upper']) expect(row[column]).toBe(last?.[column]);
      const next = curve.find(({ day }) => Number(day) >= Number(row.day));
      expect(row.at_risk).toBe(next?.at_risk);
      if (last?.day !== row.day) expect([row.events, row.competing, row.censored]).toEqual(['0', '0', '0']);
    }
  });

  test('what survival cannot be of is refused, with what it can be of', async () => {
    const refused = async (...args: readonly string[]) => {
      const { code, stderr } = await holdfast(['survival', '--data', data, '--trial', 'CTN-0030', ...args]);
      expect(code).not.toBe(0);
      return stderr;
    };
    expect(await refused('--measure', 'opioid-abstinence')).toContain('use opioid-first-use');
    expect(await refused('--measure', 'nothing')).toContain('opioid-first-use');
    expect(await refused('--missing', 'observed-only')).toContain('--missing is for proportions only');
    expect(await refused('--day', 'x')).toContain('--day x is no study day');
    expect(await refused('--by', 'sex')).toContain('--by sex is not known');
  });
});
