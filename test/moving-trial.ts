import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTrialKey, opener, serialiseKey } from '@holdfast/access';
import { contentsOf, fromArchive, fromLog, readHistories, selectionTallies } from '@holdfast/aggregate';
import { dateOf, parseProtocol } from '@holdfast/events';
import type { Door } from '@holdfast/ingest';
import type { EventLog } from '@holdfast/log';
import { fold } from '@holdfast/outcomes';
import { cellsOf } from '@holdfast/tallies';
import {
  listCuts,
  type PublishedTrial,
  publishKey,
  publishProtocol,
  readTallies,
  readTrials,
  trialOfCut,
} from '@holdfast/trials';
import fc from 'fast-check';
import { openStore, type Store } from '../services/holdfast/src/store.ts';
import { trialIssues } from '../services/holdfast/src/trial-issues.ts';

/** A small trial whose log is moved. */
export const trial = 'REWRITE-1';
const protocolText = (blinding: string, partitions: number) => `
format: holdfast-protocol/1
trial: ${trial}
version: 1
title: A trial that is moved
blinding: ${blinding}
clock: imported
timeZone: UTC
partitions: ${partitions}
plannedFollowUp: 28
arms: [{ id: A }, { id: B }]
sites: [S1, S2]
substances: [{ id: cocaine }]
measures:
  - { id: abstinence, kind: rolling-abstinence, substances: [cocaine], evidence: urine-only, windows: [7], coverage: { atLeast: 1 }, horizon: 28, policies: [observed-only] }
  - { id: first-use, kind: first-use, substances: [cocaine], evidence: urine-only, windows: [7], horizon: 28 }
`;

export const quiet = () => undefined;
export const firstDay = Math.floor(Date.UTC(2025, 0, 6) / 86_400_000);

export type Happening =
  | { readonly what: 'screen'; readonly who: number; readonly day: number; readonly result: 'positive' | 'negative' }
  | { readonly what: 'correction'; readonly who: number; readonly day: number }
  | { readonly what: 'rejected'; readonly who: number }
  | { readonly what: 'day'; readonly day: number };

export const eventOf = (type: string, who: number, id: string, day: number, data: object, from?: string): object => {
  const time = `${dateOf(firstDay + day)}T10:00:00+00:00`;
  const source = `/trials/${trial}/${from ?? `sites/S${1 + (who % 2)}`}`;
  const subject = `SUBJECT-${who}`;
  return { specversion: '1.0', id, source, subject, type: `org.holdfast.${type}.v1`, time, recordedtime: time, data };
};

export const beginningOf = (who: number): object[] => [
  eventOf('participant-enrolled', who, `e-${who}`, who, { consentDate: dateOf(firstDay + who) }),
  eventOf('participant-randomised', who, `r-${who}`, who, { date: dateOf(firstDay + who) }),
  eventOf('arm-assigned', who, `a-${who}`, who, { arm: who % 2 === 0 ? 'A' : 'B' }, 'randomisation'),
];

function eventsOf(happening: Happening): object[] {
  switch (happening.what) {
    case 'screen': {
      const { who, day, result } = happening;
      return [eventOf('urine-screen', who, `u-${who}-${day}`, who + day, { results: { cocaine: result } })];
    }
    case 'correction': {
      const { who, day } = happening;
      const target = { source: `/trials/${trial}/sites/S${1 + (who % 2)}`, id: `u-${who}-${day}` };
      const event = {
        type: 'org.holdfast.urine-screen.v1',
        time: `${dateOf(firstDay + who + day)}T10:00:00+00:00`,
        data: { results: { cocaine: 'positive' } },
      };
      return [
        eventOf('correction', who, `c-${who}-${day}`, 40, { target, reason: 'mistaken', by: 'coordinator', event }),
      ];
    }
    default:
      return [];
  }
}

export async function send(door: Door, events: readonly object[]): Promise<void> {
  await door.admit(
    events.map((event) => {
      const verdict = door.judge(event);
      if (!verdict.accepted) throw new Error(JSON.stringify(verdict.problems));
      return verdict;
    }),
  );
}

export async function happen(door: Door, happening: Happening): Promise<void> {
  if (happening.what === 'day') return door.turnDay(trial, dateOf(firstDay + happening.day));
  if (happening.what !== 'rejected') return send(door, eventsOf(happening));
  const input = eventOf('urine-screen', happening.who, `x-${happening.who}`, 3, { results: {} });
  await door.keepRejected([
    {
      trial,
      where: `file:${happening.who}`,
      problems: [{ path: 'data', message: 'is empty' }],
      input,
      mapping: undefined,
    },
  ] as unknown as Parameters<Door['keepRejected']>[0]);
}

export type CreatedKey = Awaited<ReturnType<typeof createTrialKey>>;

/** A store in which a trial is published, in a folder that goes with the test; opened anew as often as it is asked for. */
export async function inStore(
  { blinding, partitions, made }: { blinding: 'open' | 'double'; partitions: number; made?: CreatedKey },
  use: (opened: <T>(work: (store: Store) => Promise<T>) => Promise<T>, data: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hf-rewrite-'));
  const options = { data: join(folder, 'store'), key: [join(folder, 'key')] };
  const { key, published } = made ?? (await createTrialKey(trial));
  await writeFile(join(folder, 'key'), serialiseKey(key), { mode: 0o600 });
  const parsed = parseProtocol(protocolText(blinding, partitions));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  try {
    await openStore({ ...options, key: [] }, 'create', async ({ log }) => {
      await publishProtocol(log, parsed.value);
      await publishKey(log, published);
    });
    await use((work) => openStore(options, 'write', work), options.data);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export const named = ({ trials }: Pick<Store, 'trials'>): PublishedTrial => {
  const found = trials.get(trial);
  if (found === undefined) throw new Error('not published');
  return found;
};
export const standing = async (log: EventLog): Promise<PublishedTrial> => named({ trials: await readTrials(log) });

/** All that anybody may be told of a trial, but for where its records lie. */
export async function answersOf(store: Store, published: PublishedTrial): Promise<unknown> {
  const { log, objects, keys } = store;
  const { protocol } = published;
  const key = keys.get(trial);
  const sealing = protocol.blinding === 'double' && key !== undefined ? opener(key) : undefined;
  const read = await readHistories(log, protocol, { opener: sealing });
  const { issues } = await trialIssues(log, protocol, { opener: sealing });
  const past = await selectionTallies({
    source: await fromLog(log, protocol),
    protocol,
    selection: { asOf: dateOf(Math.floor(Date.now() / 86_400_000)), cutOff: dateOf(firstDay + 14) },
    newest: dateOf(firstDay + 20),
    key,
  });
  const cuts = [];
  for (const cut of await listCuts(objects, trial)) {
    const source = fromArchive(objects, cut);
    const then = (await trialOfCut(store, cut)).protocol;
    const selection = { asOf: undefined, cutOff: undefined };
    const { tallies } = await selectionTallies({ source, protocol: then, selection, newest: cut.clock, key });
    cuts.push(cut, await contentsOf(source, then, selection), cellsOf(tallies));
  }
  return {
    closed: cellsOf((await readTallies(log, protocol, 'closed')).tallies),
    open: cellsOf((await readTallies(log, protocol, 'open')).tallies),
    facts: read.histories.map(({ history, clock }) => fold(protocol, history, clock)),
    clock: read.clock,
    issues: issues.map((issue) => JSON.stringify(issue)).sort(),
    past: cellsOf(past.tallies),
    cuts,
  };
}

const someone = fc.integer({ min: 0, max: 6 });
export const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('screen' as const),
      who: someone,
      day: fc.constantFrom(7, 14, 21, 28),
      result: fc.constantFrom('positive' as const, 'negative' as const),
    }),
  },
  fc.record({ what: fc.constant('correction' as const), who: someone, day: fc.constantFrom(7, 14) }),
  fc.record({ what: fc.constant('rejected' as const), who: someone }),
  fc.record({ what: fc.constant('day' as const), day: fc.integer({ min: 0, max: 60 }) }),
);
