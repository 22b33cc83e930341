import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTrialKey, opener, publishedKey, type TrialKey } from '@holdfast/access';
import { readHistories } from '@holdfast/aggregate';
import { civilDay, type Protocol } from '@holdfast/events';
import { openDoor, type Verdict } from '@holdfast/ingest';
import type { EventLog } from '@holdfast/log';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { fold } from '@holdfast/outcomes';
import { type Judge, openImport } from '@holdfast/tables';
import { publishKey, publishProtocol, readTrials } from '@holdfast/trials';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inFolder, smallProtocol } from '../../../../packages/tables/testing/small-import.ts';
import { trialIssues } from '../trial-issues.ts';
import { type ChangeCounts, type ListedChange, takeFullExport } from './full-export.ts';

type Accepted = Extract<Verdict, { accepted: true }>;
type Person = { readonly site: string; readonly arm: string; readonly day: number };
type Screen = { readonly who: number; readonly what: string; readonly when: number };
type Tables = { readonly people: ReadonlyMap<number, Person>; readonly screens: readonly Screen[] };

const trial = 'T-0001';
const source = (site: string) => `/trials/${trial}/sites/${site}`;

function filesOf({ people, screens }: Tables): Record<string, string> {
  const lines = (head: string, rows: readonly (readonly (string | number)[])[]) =>
    `${[head, ...rows.map((row) => row.join(','))].join('\n')}\n`;
  const all = [...people];
  return {
    'people.csv': lines(
      'who,trial,site',
      all.map(([who, { site }]) => [who, trial, site]),
    ),
    'arms.csv': lines(
      'who,arm,when',
      all.map(([who, { arm, day }]) => [who, arm, day]),
    ),
    'uds.csv': lines(
      'who,what,when',
      screens.filter(({ who }) => people.has(who)).map(({ who, what, when }) => [who, what, when]),
    ),
  };
}

const arbTables: fc.Arbitrary<Tables> = fc.record({
  people: fc
    .dictionary(
      fc.constantFrom('1', '2', '3'),
      fc.record({
        site: fc.constantFrom('A', 'B'),
        arm: fc.constantFrom('Ketamine', 'Placebo'),
        day: fc.integer({ min: 0, max: 2 }),
      }),
    )
    .map((people) => new Map(Object.entries(people).map(([who, person]) => [Number(who), person]))),
  screens: fc.array(
    fc.record({
      who: fc.integer({ min: 1, max: 3 }),
      what: fc.constantFrom('Opioid', 'Thc'),
      when: fc.integer({ min: 3, max: 9 }),
    }),
    { maxLength: 8 },
  ),
});

type World = {
  readonly log: EventLog;
  readonly protocol: Protocol;
  readonly key: TrialKey | undefined;
  /** Imports tables; answers what a full export counted. */
  take(
    tables: Record<string, string>,
    full: boolean,
  ): Promise<{ counts: readonly ChangeCounts[]; listed: ListedChange[] }>;
  send(...events: readonly object[]): Promise<void>;
  facts(): Promise<unknown>;
  issues(): Promise<readonly string[]>;
  records(): Promise<number>;
};

async function inWorld<T>(blinding: 'open' | 'double', use: (world: World) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-full-'));
  const log = await embeddedEventLog({ dir: join(folder, 'log'), closedDir: join(folder, 'closed') });
  const protocol: Protocol = { ...smallProtocol(), blinding };
  const key = blinding === 'double' ? (await createTrialKey(trial)).key : undefined;
  let at = Date.parse('2026-01-01T00:00:00Z');
  try {
    await publishProtocol(log, protocol);
    if (key !== undefined) await publishKey(log, publishedKey(key));
    const trials = await readTrials(log);
    const keys = new Map(key === undefined ? [] : [[trial, key]]);
    const door = await openDoor({ log, trials, now: () => new Date(at) });
    const sealing = () => (key === undefined ? undefined : opener(key));
    await use({
      log,
      protocol,
      key,
      take: (tables, full) =>
        inFolder({ tables }, async ({ mapping, directory }) => {
          at += 60_000;
          const opened = await openImport({ mapping, directory, trials: new Map([[trial, protocol]]) });
          const refused = new Map<string, string>();
          const listed: ListedChange[] = [];
          let counts: readonly ChangeCounts[] = [];
          const judge: Judge<Accepted> = (event) => {
            const verdict = door.judge(event);
            if (verdict.accepted) return { ok: true, value: verdict };
            refused.set(event.id, event.subject);
            return { ok: false, problems: verdict.problems };
          };
          try {
            if (full) {
              counts = await takeFullExport({
                store: { log, trials, keys },
                tables: opened,
                door,
                at: new Date(at),
                allowMassRetraction: true,
                judge,
                refused,
                onEvents: async (accepted) => {
                  await door.admit(accepted);
                },
                onChange: (change) => listed.push(change),
              });
            } else for await (const batch of opened.events(judge)) await door.admit(batch);
          } finally {
            await opened.close();
          }
          return { counts, listed };
        }),
      async send(...events) {
        at += 60_000;
        const time = new Date(at).toISOString();
        const verdicts = events.map((event) =>
          door.judge({ specversion: '1.0', time, recordedtime: time, source: source('A'), ...event }),
        );
        expect(verdicts.filter(({ accepted }) => !accepted)).toEqual([]);
        await door.admit(verdicts.flatMap((verdict) => (verdict.accepted ? [verdict] : [])));
      },
      async facts() {
        const { histories } = await readHistories(log, protocol, { opener: sealing() });
        const all = histories.map(({ history }) => fold(protocol, history, civilDay('2000-06-01')));
        return all
          .filter(({ open, closed }) => open.site !== undefined || closed.arm !== undefined)
          .map(({ open: { issues: _, ...open }, closed: { issues: __, ...closed } }) => ({ open, closed }));
      },
      async issues() {
        const { issues } = await trialIssues(log, protocol, { opener: sealing(), held: 5 });
        return issues.map(({ participant, issue, type }) => `${participant} ${issue} ${type}`);
      },
      async records() {
        return (await log.ends(`${trial}.events`)).reduce((sum, end) => sum + end, 0);
      },
    });
    return undefined as T;
  } finally {
    await log.close();
    await rm(folder, { recursive: true });
  }
}

async function factsOf(tables: Tables, blinding: 'open' | 'double'): Promise<unknown> {
  let facts: unknown;
  await inWorld(blinding, async (world) => {
    await world.take(filesOf(tables), false);
    facts = await world.facts();
  });
  return facts;
}

test('A, then B as a full export, gives the facts of B alone; then A again gives those of A; repeating adds nothing', async () => {
  await fc.assert(
    fc.asyncProperty(arbTables, arbTables, fc.constantFrom('open', 'double'), async (a, b, blinding) => {
      const [alone, before] = [await factsOf(b, blinding), await factsOf(a, blinding)];
      await inWorld(blinding, async (world) => {
        await world.take(filesOf(a), false);
        await world.take(filesOf(b), true);
        expect(await world.facts()).toEqual(alone);
        const records = await world.records();
        const { counts } = await world.take(filesOf(b), true);
        expect(await world.records()).toBe(records);
        for (const { counts: of } of counts) expect({ ...of, unchanged: 0 }).toEqual(none);
        await world.take(filesOf(a), true);
        expect(await world.facts()).toEqual(before);
        await world.take(filesOf(b), true);
        expect(await world.facts()).toEqual(alone);
        expect(await world.issues()).toEqual([]);
      });
    }),
    { numRuns: 15 },
  );
}, 300_000);

const none = { new: 0, changed: 0, gone: 0, back: 0, unchanged: 0, kept: 0 };

const base: Tables = {
  people: new Map([
    [1, { site: 'A', arm: 'Ketamine', day: 0 }],
    [2, { site: 'A', arm: 'Placebo', day: 1 }],
  ]),
  screens: [
    { who: 1, what: 'Opioid', when: 3 },
    { who: 1, what: 'Thc', when: 3 },
    { who: 2, what: 'Opioid', when: 5 },
  ],
};
const screensOf = (counts: readonly ChangeCounts[]) => counts.find(({ type }) => type === 'urine-screen')?.counts;

test('what somebody corrected by hand stays while its row is unchanged, and gives way, noted, when the row changes', () =>
  inWorld('open', async (world) => {
    await world.take(filesOf(base), false);
    const { histories } = await readHistories(world.log, world.protocol, { opener: undefined });
    const screen = histories
      .flatMap(({ history }) => history.open)
      .find(({ type, day }) => type === 'urine-screen' && day === civilDay('2000-01-06'));
    const target = { source: screen?.source, id: screen?.id };
    await world.send({
      id: 'by-hand',
      subject: '2',
      type: 'org.holdfast.correction.v1',
      data: {
        target,
        reason: 'read again',
        by: 'DM',
        event: {
          type: 'org.holdfast.urine-screen.v1',
          time: '2000-01-06T09:00:00+00:00',
          data: { results: { opioid: 'negative' } },
        },
      },
    });
    const byHand = await world.facts();
    const unchanged = await world.take(filesOf(base), true);
    expect(screensOf(unchanged.counts)).toEqual({ ...none, unchanged: 2 });
    expect(await world.facts()).toEqual(byHand);
    const changed = { ...base, screens: [...base.screens, { who: 2, what: 'Thc', when: 5 }] };
    const { counts, listed } = await world.take(filesOf(changed), true);
    expect(screensOf(counts)).toEqual({ ...none, changed: 1, unchanged: 1 });
    expect(listed.map(({ note }) => note)).toEqual([expect.stringContaining('corrected it by hand')]);
    expect(await world.facts()).toEqual(await factsOf(changed, 'open'));
    expect(await world.issues()).toEqual([]);
  }));

test('what somebody took back by hand stays so', () =>
  inWorld('double', async (world) => {
    await world.take(filesOf(base), false);
    const { histories } = await readHistories(world.log, world.protocol, {
      opener: world.key && opener(world.key),
    });
    const arm = histories.flatMap(({ history }) => history.sealed).find(({ type }) => type === 'arm-assigned');
    const target = { source: arm?.source, id: arm?.id };
    const subject = '1';
    await world.send({
      id: 'by-hand',
      subject,
      type: 'org.holdfast.retraction.v1',
      data: { target, reason: 'wrong list', by: 'DM' },
    });
    const byHand = await world.facts();
    expect(JSON.stringify(byHand)).not.toContain('Ketamine');
    await world.take(filesOf(base), true);
    const people = new Map([...base.people, [1, { site: 'A', arm: 'Placebo', day: 0 }]] as const);
    const { listed } = await world.take(filesOf({ ...base, people }), true);
    expect(listed).toEqual([expect.objectContaining({ participant: '1', type: 'arm-assigned', change: 'kept' })]);
    expect(await world.facts()).toEqual(byHand);
    expect(await world.issues()).toEqual(['1 no-arm participant-randomised']);
  }));

test('a row that cannot be read, or is refused, takes nothing back', () =>
  inWorld('open', async (world) => {
    const files = filesOf(base);
    await world.take(files, false);
    const before = await world.facts();
    const records = await world.records();
    // Participant 2's only screen has a day that is none; participant 1's lost a row, which may be the unreadable one.
    const unreadable = await world.take({ ...files, 'uds.csv': 'who,what,when\n1,Opioid,3\n2,Opioid,five\n' }, true);
    expect(screensOf(unreadable.counts)).toEqual({ ...none, kept: 2 });
    expect(unreadable.listed.map(({ note }) => note)).toEqual(
      Array(2).fill(expect.stringContaining('uds.csv has lines')),
    );
    // A substance that the protocol does not know costs its part of the event only: what stood is kept whole.
    const refused = await world.take(
      { ...files, 'uds.csv': 'who,what,when\n1,Opioid,3\n1,Weed,3\n2,Weed,5\n1,Cocaine,8\n' },
      true,
    );
    expect(screensOf(refused.counts)).toEqual({ ...none, new: 1, kept: 2 });
    expect(await world.records()).toBe(records + 1);
    const after = (await world.take({ ...files }, true)).counts;
    expect(screensOf(after)).toEqual({ ...none, gone: 1, unchanged: 2 });
    expect(await world.facts()).toEqual(before);
  }));

test('a participant who lost a row in the table that names the trial keeps all events', () =>
  inWorld('open', async (world) => {
    const files = filesOf(base);
    await world.take(files, false);
    const records = await world.records();
    const { counts } = await world.take({ ...files, 'people.csv': 'who,trial,site\n1,T-0001,A\n' }, true);
    // The row of `people` is gone, so is the enrolment; the rows of arms and screens are refused, and hold theirs.
    expect(Object.fromEntries(counts.map(({ type, counts: of }) => [type, [of.gone, of.kept]]))).toEqual({
      'participant-enrolled': [1, 0],
      'participant-randomised': [0, 1],
      'arm-assigned': [0, 1],
      'urine-screen': [0, 1],
    });
    expect(await world.records()).toBe(records + 1);
  }));

test('an event of another sender is never taken back, whatever its id looks like', () =>
  inWorld('open', async (world) => {
    await world.take(filesOf(base), false);
    const data = { results: { thc: 'negative' } };
    const id = '0123456789abcdef0123456789abcdef';
    await world.send({ id, subject: '1', type: 'org.holdfast.urine-screen.v1', data });
    const before = await world.records();
    await world.take(filesOf(base), true);
    expect(await world.records()).toBe(before);
  }));
