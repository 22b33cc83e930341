import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTrialKey, isClosed, publishedKey, serialiseKey, type TrialKey } from '@holdfast/access';
import { startAggregate } from '@holdfast/aggregate';
import { dateOf, type HoldfastEvent, type PatternRule, type Protocol, parseProtocol } from '@holdfast/events';
import { openDoor } from '@holdfast/ingest';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { storeFolders } from '@holdfast/runtime';
import { recordsOfSegment } from '@holdfast/shards';
import { type EnteredEvent, ofSize, type Scenario, simulateTrial } from '@holdfast/simulate';
import { publishKey, publishProtocol, readTrials } from '@holdfast/trials';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandsInTurn, holdfast, loggedEvents, root, talliesDigest, temporaryFolder } from './acceptance/holdfast.ts';
import { otherContents, scenarioNamed } from './simulated-trial.ts';

const trial = 'DEMO-2X2';
const blindedCommands = [
  ['rates', '--measure', 'alcohol-abstinence', '--by', 'site', '--format', 'csv'],
  ['rates', '--measure', 'alcohol-first-use', '--format', 'json'],
  ['rates', '--measure', 'alcohol-abstinence', '--day', '28'],
  ['rates', '--measure', 'alcohol-abstinence', '--by', 'stratum', '--format', 'csv'],
  ['rates', '--measure', 'alcohol-abstinence', '--by', 'group', '--missing', 'all', '--format', 'csv'],
  ['rates', '--measure', 'alcohol-abstinence', '--missing', 'all', '--axis', 'calendar', '--format', 'csv'],
  ['rates', '--measure', 'alcohol-first-use', '--by', 'site,stratum', '--axis', 'calendar', '--format', 'csv'],
  ['rates', '--measure', 'relapse', '--format', 'csv'],
  ['survival', '--measure', 'alcohol-first-use', '--by', 'site', '--format', 'csv'],
  ['survival', '--measure', 'relapse', '--by', 'stratum', '--format', 'csv'],
  ['endpoints', '--by', 'stratum', '--format', 'csv'],
  ['endpoints', '--measure', 'drinking-days', '--by', 'site', '--missing', 'all', '--format', 'csv'],
  ['facts', '--measure', 'relapse', '--format', 'csv'],
  ['facts', '--measure', 'drinking-days', '--format', 'csv'],
  ['facts', '--measure', 'alcohol-first-use', '--format', 'csv'],
  ['facts', '--measure', 'alcohol-abstinence', '--format', 'csv'],
  ['patterns', '--format', 'csv'],
  ['patterns', '--weeks', '--format', 'json'],
  ['issues', '--format', 'csv'],
  ['issues', '--all', '--format', 'json'],
  ['rejected', '--counts', '--format', 'csv'],
  ['safety', '--format', 'csv'],
  ['safety', '--measure', 'adverse-events', '--by', 'site', '--format', 'json'],
  ['sites', '--format', 'csv'],
  ['sites', '--cut-off', '2026-06-01', '--format', 'json'],
  ['protocol', 'list'],
  ['verify', '--format', 'csv'],
];

/** What nobody is told without the key: numbers by arm or by what arms are made of, and measures that look at doses. */
const refusedCommands = [
  ['rates', '--measure', 'alcohol-abstinence', '--by', 'arm'],
  ['rates', '--measure', 'alcohol-abstinence', '--by', 'drug'],
  ['rates', '--measure', 'alcohol-first-use', '--by', 'site,therapy', '--axis', 'calendar'],
  ['rates', '--measure', 'alcohol-abstinence', '--tipping'],
  ['survival', '--measure', 'relapse', '--by', 'arm'],
  ['survival', '--measure', 'relapse', '--by', 'therapy'],
  ['endpoints', '--by', 'drug'],
  ['endpoints', '--measure', 'drinking-days', '--by', 'arm'],
  ['safety', '--measure', 'adverse-events', '--by', 'arm'],
  ['safety', '--measure', 'peaks'],
  ...['dosed-abstinence', 'as-treated-abstinence'].flatMap((measure) => [
    ['rates', '--measure', measure, '--missing', 'all'],
    ['rates', '--measure', measure, '--by', 'stratum', '--axis', 'calendar'],
    ['facts', '--measure', measure],
  ]),
  ...['exposure', 'depression-after-dose'].flatMap((measure) => [
    ['endpoints', '--measure', measure],
    ['facts', '--measure', measure],
  ]),
];

const participants = 24;

/** Measures of safety: open ones, and one that looks at doses. */
const ofSafety: Protocol['measures'] = [
  { id: 'adverse-events', kind: 'adverse-events', only: 'all', horizon: 180 },
  { id: 'suicidality', kind: 'suicidality', rise: 2, horizon: 180 },
  { id: 'peaks', kind: 'vital-peaks', severe: { systolic: 180, diastolic: 110 }, horizon: 180 },
];

const ofUse = {
  substances: ['alcohol'],
  evidence: 'any-positive' as const,
  horizon: 180,
  controlledDays: 'exclude' as const,
  death: 'exclude' as const,
};

/** Measures of use that are open: what participants did, told in calendars and urine. */
const ofDays: Protocol['measures'] = [
  {
    ...ofUse,
    id: 'drinking-days',
    kind: 'days-of-use',
    counts: 'use',
    over: [
      { from: 1, to: 28 },
      { from: 1, to: 84 },
    ],
    policies: ['observed-only', 'worst-case', 'best-case'],
  },
  {
    ...ofUse,
    id: 'relapse',
    kind: 'relapse',
    windows: [28],
    from: 1,
    patterns: [{ is: 'weeks-in-a-row', weeks: 2, missing: 'free' }, { is: 'leaving' }],
  },
];

const abstinentOf = (id: string, population: string): Protocol['measures'][number] => ({
  ...ofUse,
  id,
  kind: 'rolling-abstinence',
  windows: [28],
  coverage: { atLeast: 21 },
  decisivePositive: false,
  policies: ['observed-only'],
  population,
});

/** Measures that are closed: in whom they count, in which arm, or when, is told by doses. */
const ofDoses: Protocol['measures'] = [
  abstinentOf('dosed-abstinence', 'dosed'),
  abstinentOf('as-treated-abstinence', 'as-treated'),
  { id: 'exposure', kind: 'exposure', horizon: 180 },
  {
    id: 'depression-after-dose',
    kind: 'scale',
    instrument: 'PHQ-9',
    at: [{ hoursAfterDose: 24, within: 12 }],
  },
];

const given = (arm: Protocol['arms'][number]) => `${arm.factors?.drug} infusion`;

/** A pattern rule that is the same in every arm, and so open. */
const weekly: PatternRule = {
  id: 'weekly',
  default: true,
  first: [{ anchor: 'consent', day: -7 }],
  last: [{ anchor: 'consent', day: 90 }],
  weekOne: [
    { anchor: 'randomisation', day: 1 },
    { anchor: 'consent', day: 0 },
  ],
  phaseTwo: [],
  substances: ['alcohol'],
  studyDrugs: 'count',
  negative: ['kept-visit', 'tested'],
  emptyBeforeWeekOne: 'unscheduled',
  neverRandomised: 'as-randomised',
};

/** Each store is asked by a process that has never seen the other. */
const ofBefore = commandsInTurn();
const ofAfter = commandsInTurn();

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let protocol: Protocol;
let scenario: Scenario;
let key: TrialKey;

beforeAll(async () => {
  folder = await temporaryFolder();
  const parsed = parseProtocol(await readFile(join(root, 'schemas/examples/demo/demo-2x2.yaml'), 'utf8'));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { value } = parsed;
  protocol = {
    ...value,
    plannedParticipants: participants,
    arms: value.arms.map((arm) => ({ ...arm, gives: [given(arm)] })),
    groups: [{ id: 'stratum', by: 'stratum' }],
    populations: [
      { id: 'dosed', requires: 'dose', arm: 'planned' },
      { id: 'as-treated', requires: 'randomisation', arm: 'actual' },
    ],
    measures: [...value.measures, ...ofSafety, ...ofDays, ...ofDoses],
    patterns: [weekly],
  };
  const demo = await scenarioNamed('demo', value);
  // Every event is taken in, so that both stores have the same.
  scenario = {
    ...ofSize(demo, participants),
    seed: 7,
    firstDay: '2026-03-02',
    faults: { ...demo.faults, rejected: 0 },
  };
  key = (await createTrialKey(trial)).key;
  await writeFile(join(folder.path, 'key'), serialiseKey(key));
});
afterAll(() => folder.remove());

/** A store that has taken in these events, with the days turned to the trial's end. */
async function storeOf(name: string, entered: readonly EnteredEvent[]): Promise<string> {
  const data = join(folder.path, name);
  const { log: dir, closedLog: closedDir, shards } = storeFolders(data);
  const log = await embeddedEventLog({ dir, closedDir });
  try {
    await publishProtocol(log, protocol);
    await publishKey(log, publishedKey(key));
    const trials = await readTrials(log);
    const published = trials.get(trial);
    if (published === undefined) throw new Error('not published');
    const door = await openDoor({ log, trials, now: () => new Date('2027-06-01T00:00:00Z') });
    const verdicts = entered.map(({ event }) => door.judge(event));
    await door.admit(verdicts.flatMap((verdict) => (verdict.accepted ? [verdict] : [])));
    expect(verdicts.every(({ accepted }) => accepted)).toBe(true);
    await door.turnDay(trial, dateOf((entered.at(-1)?.day ?? 0) + 400));
    const aggregate = startAggregate({ log, keys: new Map([[trial, key]]), shards, batchRecords: 1_000 });
    await aggregate.keep(published);
    await aggregate.caughtUp(trial, await log.ends(`${trial}.events`));
    await aggregate.stop();
  } finally {
    await log.close();
  }
  return data;
}

const closed = ({ event }: EnteredEvent) => isClosed(event.type, event.data, protocol.closed);

/** With what happens to participants: after each dose their blood pressure is taken, and every other feels sick. */
function withSafety(entered: readonly EnteredEvent[]): EnteredEvent[] {
  return entered.flatMap((one, i): EnteredEvent[] => {
    const { day, event } = one;
    if (event.type !== 'org.holdfast.dose-given.v1') return [one];
    const said = (type: 'vital-signs' | 'adverse-event', data: object) =>
      ({ day, event: { ...event, id: `${type}-${i}`, type: `org.holdfast.${type}.v1`, data } }) as EnteredEvent;
    const taken = said('vital-signs', {
      bloodPressure: { systolic: 120 + (i % 70), diastolic: 80 },
      heartRate: 70,
      minutesAfterDose: 40,
    });
    const sick = said('adverse-event', {
      ae: `AE-${i}`,
      term: 'nausea',
      onset: dateOf(day),
      severity: 'mild',
      seriousness: [],
      relatedness: 'possible',
      outcome: 'recovered',
    });
    return i % 2 === 0 ? [one, taken] : [one, taken, sick];
  });
}

/** The same open events, while each sealed box holds what `contents` says. */
function withContents(
  entered: readonly EnteredEvent[],
  contents: (event: HoldfastEvent, index: number) => HoldfastEvent['data'],
): EnteredEvent[] {
  let index = 0;
  return entered.map((one) => {
    if (!closed(one)) return one;
    index += 1;
    return { day: one.day, event: { ...one.event, data: contents(one.event, index) } as HoldfastEvent };
  });
}

/** A log record as anybody can see it who has no key: all but what the box is made of. */
function outsideTheBox(record: string): string {
  const event = JSON.parse(record) as { type: string; data: { box?: string } };
  if (event.type !== 'org.holdfast.sealed.v1') return record;
  return JSON.stringify({ ...event, data: { length: event.data.box?.length } });
}

describe('a blinded answer is a function of the open events alone', () => {
  test('arms and doses exchanged at will: log outside the boxes, open tallies and every blinded output stay the same, byte by byte', async () => {
    const entered = withSafety(simulateTrial(protocol, scenario));
    expect(entered.filter(closed).length).toBeGreaterThan(80);
    const before = await storeOf('before', entered);
    const exchanged = withContents(entered, (event, index) => otherContents(event, index, protocol, given));
    const after = await storeOf('after', exchanged);
    expect((await loggedEvents(after, trial)).map(outsideTheBox)).toEqual(
      (await loggedEvents(before, trial)).map(outsideTheBox),
    );
    expect(await talliesDigest(after, trial, 'open')).toBe(await talliesDigest(before, trial, 'open'));
    expect(await talliesDigest(after, trial, 'closed')).not.toBe(await talliesDigest(before, trial, 'closed'));
    const participant = entered.flatMap(({ event }) => ('subject' in event ? [event.subject] : []))[0] ?? '';
    const asked = [
      ...blindedCommands,
      ['explain', '--measure', 'alcohol-abstinence', '--participant', participant, '--day', '84'],
      ['explain', '--measure', 'alcohol-first-use', '--participant', participant, '--day', '84', '--format', 'json'],
      ['explain', '--measure', 'drinking-days', '--participant', participant, '--format', 'json'],
    ];
    for (const command of asked) {
      const answer = await ofBefore.holdfast([...command, '--data', before]);
      expect(answer, command.join(' ')).toMatchObject({ code: 0, stdout: expect.stringMatching(/\S/) });
      expect(await ofAfter.holdfast([...command, '--data', after]), command.join(' ')).toEqual(answer);
    }
    // As whoever asks once is answered.
    const once = [...(blindedCommands[0] ?? []), '--data', after];
    expect(await holdfast(once)).toEqual(await ofAfter.holdfast(once));
  }, 240_000);

  test('without the key numbers by arm or factor, and measures that look at doses, are refused in the same words whatever the boxes hold', async () => {
    const [before, after] = [join(folder.path, 'before'), join(folder.path, 'after')];
    const participant = (await loggedEvents(before, trial)).flatMap((record) => {
      const { subject } = JSON.parse(record) as { subject?: string };
      return subject === undefined ? [] : [subject];
    })[0];
    const explained = ['dosed-abstinence', 'as-treated-abstinence', 'exposure', 'depression-after-dose'].map(
      (measure) => ['explain', '--measure', measure, '--participant', participant ?? '', '--day', '84'],
    );
    for (const command of [...refusedCommands, ...explained]) {
      const refused = await ofBefore.holdfast([...command, '--data', before]);
      expect(refused, command.join(' ')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('key') });
      expect(await ofAfter.holdfast([...command, '--data', after]), command.join(' ')).toEqual(refused);
    }
    const once = [...(refusedCommands[0] ?? []), '--data', after];
    expect(await holdfast(once)).toEqual(await ofAfter.holdfast(once));
    // What is refused is there: with the key it is answered.
    const opened = await holdfast([
      ...['endpoints', '--measure', 'exposure', '--format', 'csv'],
      ...['--key', join(folder.path, 'key'), '--data', before],
    ]);
    expect(opened).toMatchObject({ code: 0, stdout: expect.stringContaining('exposure,sessions') });
  }, 240_000);

  test('data cuts made without the key: what is printed of them stays the same, byte by byte, but for when they were made', async () => {
    const [before, after] = [join(folder.path, 'before'), join(folder.path, 'after')];
    const blinded = [
      ['cut', 'create', '--name', 'one'],
      ['cut', 'create', '--name', 'two', '--cut-off', '2026-08-01', '--format', 'json'],
      ['cut', 'list', '--format', 'csv'],
      ['cut', 'diff', 'two', 'one', '--format', 'csv'],
      ['rates', '--measure', 'alcohol-abstinence', '--by', 'site', '--cut', 'one', '--format', 'csv'],
      ['rates', '--measure', 'alcohol-abstinence', '--by', 'arm', '--cut', 'one'],
      ['rates', '--measure', 'alcohol-first-use', '--as-of', '2027-06-01', '--cut-off', '2026-08-01'],
    ];
    const timeless = (text: string) => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
    for (const command of blinded) {
      const printed = [];
      for (const [data, of] of [
        [before, ofBefore],
        [after, ofAfter],
      ] as const) {
        const { code, stdout, stderr } = await of.holdfast([...command, '--data', data]);
        printed.push({ code, stdout: timeless(stdout), stderr: timeless(stderr) });
      }
      expect(printed[1], command.join(' ')).toEqual(printed[0]);
      expect(printed[0]?.code, command.join(' ')).toBe(command.includes('arm') ? 1 : 0);
    }
    const args = ['rates', '--measure', 'alcohol-abstinence', '--by', 'site', '--format', 'csv', '--data', before];
    expect((await holdfast([...args, '--cut', 'one'])).stdout).toBe((await ofBefore.holdfast(args)).stdout);
  }, 120_000);

  test('no arm, drug or amount stands in clear anywhere in the store', async () => {
    const data = join(folder.path, 'before');
    const files = (await readdir(data, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
    const secrets = ['mgPerKg', 'minutesAfterDose', ...protocol.arms.map(({ id }) => id)];
    for (const file of files) {
      const stored = await readFile(join(file.parentPath, file.name));
      const bytes = file.name.endsWith('.parquet')
        ? Buffer.from((await recordsOfSegment(stored)).map(({ record }) => record).join('\n'))
        : stored;
      // The protocol itself, which names all arms, is published on an open topic; no event may.
      const inEvents = file.parentPath.includes('closed') ? secrets : ['mgPerKg', 'minutesAfterDose', '{"arm":'];
      for (const secret of inEvents) expect(bytes.includes(secret), `${secret} in ${file.name}`).toBe(false);
    }
  });

  test('the key opens numbers by arm, and each look is on record', async () => {
    const data = join(folder.path, 'before');
    const args = [
      'rates',
      '--measure',
      'alcohol-abstinence',
      '--day',
      '84',
      '--by',
      'arm',
      '--format',
      'csv',
      '--data',
      data,
    ];
    const refused = await holdfast(args);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('double-blind');
    const shown = await holdfast([...args, '--key', join(folder.path, 'key')]);
    expect(shown.code).toBe(0);
    for (const { id } of protocol.arms) expect(shown.stdout).toContain(id);
    const cut = await holdfast([...args, '--key', join(folder.path, 'key'), '--cut', 'one']);
    expect(cut).toMatchObject({ code: 0, stdout: shown.stdout });
    const { log: dir, closedLog: closedDir } = storeFolders(data);
    const log = await embeddedEventLog({ dir, closedDir, readOnly: true });
    const looks = await log.read(`${trial}.audit`, 0, 0, { records: 10, bytes: 100_000 });
    await log.close();
    expect(looks.map(({ value }) => JSON.parse(new TextDecoder().decode(value)).question)).toContain(
      'rates --measure alcohol-abstinence --by arm',
    );
  });

  test('the door’s verdict never depends on which arm or dose it is', async () => {
    const { log: dir, closedLog: closedDir } = storeFolders(join(folder.path, 'before'));
    const log = await embeddedEventLog({ dir, closedDir });
    const now = () => new Date('2026-07-01T08:00:00Z');
    const door = await openDoor({ log, trials: await readTrials(log), now });
    const envelope = {
      specversion: '1.0',
      id: '1',
      source: `/trials/${trial}/randomisation`,
      subject: 'GB-01-1',
      time: '2026-03-02T10:00:00Z',
      recordedtime: '2026-03-02T10:00:00Z',
    };
    const arm = fc.constantFrom(...protocol.arms.map(({ id }) => id));
    fc.assert(
      fc.property(arm, fc.double({ min: 0, max: 5, noNaN: true }), (name, mgPerKg) => {
        expect(door.judge({ ...envelope, type: 'org.holdfast.arm-assigned.v1', data: { arm: name } }).accepted).toBe(
          true,
        );
        expect(
          door.judge({ ...envelope, type: 'org.holdfast.dose-given.v1', data: { drug: 'x', given: { mgPerKg } } })
            .accepted,
        ).toBe(true);
      }),
    );
    await log.close();
  });
});
