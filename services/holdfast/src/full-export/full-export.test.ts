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
  take(tables: Record<string, string>, full: boolean): Promise<{ counts: readonly ChangeCounts[]; listed: ListedChange[] }>;
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
          const refused = new Set<string>();
          const listed: ListedChange[] = [];
          let counts: readonly ChangeCounts[] = [];
          const judge: Judge<Accepted> = (event) => {
            const verdict = door.judge(event);
            if (verdict.accepted) return { ok: true, value: verdict };
            refused.add(event.id);
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
                onEvents: (accepted) => door.admit(accepted),
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
    { numRuns: 25 },
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
