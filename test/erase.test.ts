import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTrialKey } from '@holdfast/access';
import { canonicalJson, dateOf } from '@holdfast/events';
import { openDoor, readRejections } from '@holdfast/ingest';
import { type LogRecord, recordsBetween } from '@holdfast/log';
import type { ObjectStore } from '@holdfast/objects';
import { type AskedReport, analysisSetFiles } from '@holdfast/report';
import { recordsOfSegment } from '@holdfast/shards';
import {
  byArmVerdict,
  type DataCut,
  listCuts,
  type PublishedTrial,
  readCut,
  readTrials,
  topicsOf,
  trialOfCut,
} from '@holdfast/trials';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createCut } from '../services/holdfast/src/create-cut.ts';
import { buildShards } from '../services/holdfast/src/intake.ts';
import { verifyLog } from '../services/holdfast/src/log-chains.ts';
import { eraseBesideTheLog } from '../services/holdfast/src/rewrite/beside-the-log.ts';
import { eraseParticipant, planErasure } from '../services/holdfast/src/rewrite/erase-participant.ts';
import { erasedId, erasuresOfParticipant } from '../services/holdfast/src/rewrite/erasure-record.ts';
import { leavingOf, partIn } from '../services/holdfast/src/rewrite/leaving.ts';
import { namedBy } from '../services/holdfast/src/rewrite/named.ts';
import type { Store } from '../services/holdfast/src/store.ts';
import { holdfast, succeed } from './acceptance/holdfast.ts';
import { all } from './faults/all.ts';
import { start } from './faults/served-trial.ts';
import {
  answersOf,
  beginningOf,
  eventOf,
  firstDay,
  type Happening,
  happen,
  happening,
  inStore,
  named,
  quiet,
  send,
  standing,
  trial,
} from './moving-trial.ts';
import { renderedHere } from './rendered-here.ts';

vi.mock('@holdfast/aggregate', async (original) =>
  (await import('./shards-in-this-thread.ts')).shardsInThisThread(await original()),
);

const erasedOne = 3;
// Long enough that no sealed box has it by chance.
const id = `SUBJECT-${erasedOne}`;
/** What nobody else says. */
const distinctive = 'a kingfisher by the weir';

const everybody = [0, 1, 2, 3, 4, 5, 6];
const optionsFor = (data: string) => ({ data, key: [join(data, '..', 'key')] });

/** Takes in what happens, each at an instant of its own, of everybody or of all but one. */
async function takeIn(
  store: Store,
  { before, after }: { before: readonly Happening[]; after: readonly Happening[] },
  isIn: (who: number) => boolean,
): Promise<void> {
  const { log, trials } = store;
  let at = 0;
  const now = () => new Date(Date.parse('2026-01-01T00:00:00Z') + at * 1_000);
  const door = await openDoor({ log, trials, now });
  const beginAll = async () => {
    for (const who of everybody) {
      at += 1;
      if (isIn(who)) await send(door, beginningOf(who));
    }
  };
  const happenAll = async (all: readonly Happening[]) => {
    for (const one of all) {
      at += 1;
      if (one.what === 'day' || isIn(one.who)) await happen(door, one);
    }
  };
  await beginAll();
  await happenAll(before);
  at += 1;
  if (isIn(erasedOne)) {
    await happen(door, { what: 'rejected', who: erasedOne });
    const target = { source: `/trials/${trial}/sites/S2`, id: 'none' };
    await send(door, [eventOf('retraction', erasedOne, 'k', 3, { target, reason: distinctive, by: 'coordinator' })]);
    const input = { ...eventOf('urine-screen', erasedOne, 'y', 3, {}), source: 'nowhere' };
    await door.keepRejected([
      { trial: undefined, where: 'file:1', problems: [{ path: 'source', message: distinctive }], input },
      { trial: undefined, where: 'file:2', problems: [{ path: 'source', message: 'is none' }], input: { a: 1 } },
    ]);
    const foreign = Buffer.from(JSON.stringify({ note: `${id}: ${distinctive}` }));
    await log.append(topicsOf(named(store).protocol).events.name, [{ key: '', value: foreign, partition: 0 }]);
    const look = Buffer.from(JSON.stringify({ at: '', who: 'somebody', question: `explain --participant ${id}` }));
    await log.append(topicsOf(named(store).protocol).audit.name, [{ key: trial, value: look }]);
  }
  await createCut(store, named(store), { name: 'midway', asOf: undefined, cutOff: undefined });
  await createCut(store, named(store), { name: 'dated', asOf: undefined, cutOff: dateOf(firstDay + 14) });
  await happenAll(after);
  at += 1;
  await door.turnDay(trial, dateOf(firstDay + 60));
  await buildShards(store, named(store));
}

/** What is the same in two stores of the same events, though boxes and offsets differ. */
async function sameOf(store: Store, isDouble: boolean): Promise<unknown> {
  const { cuts, ...answers } = (await answersOf(store, await standing(store.log))) as Record<string, unknown>;
  const contents = (cuts as Record<string, unknown>[]).map((one) => {
    if (!('marks' in one) && !('heads' in one)) return one;
    const { events, openDigest, digest, clock } = one;
    return { events, openDigest, clock, ...(isDouble ? {} : { digest }) };
  });
  return { ...answers, contents };
}

/** All files of a folder, as bytes; archive segments also as their text, for they are compressed. */
async function bytesIn(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    found.set(path, bytes.toString('latin1'));
    if (path.endsWith('.parquet')) found.set(`${path}:`, JSON.stringify(await recordsOfSegment(bytes)));
  }
  return found;
}

const naming = (files: ReadonlyMap<string, string>, text: RegExp | string) =>
  [...files].filter(([, bytes]) => (typeof text === 'string' ? bytes.includes(text) : text.test(bytes)));
const idAlone = new RegExp(`${id}(?![0-9])`);

test('without an erased participant a store is one that never had the events; no byte of them is left in its files', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('open' as const, 'double' as const),
      fc.integer({ min: 1, max: 3 }),
      fc.array(happening, { minLength: 6, maxLength: 14 }),
      fc.array(happening, { maxLength: 4 }),
      async (blinding, partitions, before, after) => {
        const happened = { before, after };
        const isDouble = blinding === 'double';
        const made = await createTrialKey(trial);
        let never: unknown;
        await inStore({ blinding, partitions, made }, (opened) =>
          opened(async (store) => {
            await takeIn(store, happened, (who) => who !== erasedOne);
            never = await sameOf(store, isDouble);
          }),
        );
        await inStore({ blinding, partitions, made }, async (opened, data) => {
          const cutsBefore = await opened(async (store) => {
            await takeIn(store, happened, () => true);
            const { found } = await planErasure(store, named(store), id);
            expect(found.map(({ what }) => what)).toEqual(
              expect.arrayContaining(['events in the log, open', 'rejected inputs', 'rejected inputs of no trial']),
            );
            return listCuts(store.objects, trial);
          });
          expect(naming(await bytesIn(data), idAlone)).not.toEqual([]);
          const erased = await eraseParticipant(
            optionsFor(data),
            { trial, participant: id, reason: 'request 17' },
            quiet,
          );
          expect(erased).toMatchObject({ trial, edition: 2, cameMeanwhile: 0, stillNaming: [] });
          const files = await bytesIn(data);
          for (const text of [idAlone, distinctive]) expect(naming(files, text).map(([path]) => path)).toEqual([]);
          await opened(async (store) => {
            const now = await standing(store.log);
            expect(now.rewrite).toBeUndefined();
            expect(await sameOf(store, isDouble)).toEqual(never);
            const verified = await verifyLog({ ...store, trials: await readTrials(store.log) }, trial);
            expect(verified.map(({ verdict }) => verdict)).toEqual(verified.map(() => 'intact'));
            const cuts = await listCuts(store.objects, trial);
            expect(cuts.map(({ rewritten }) => rewritten?.map((one) => one.before))).toEqual(
              cutsBefore.map(({ events, openDigest }) => [{ events, openDigest }]),
            );
            const [erasure, ...more] = await erasuresOfParticipant(store, now, id);
            expect(more).toEqual([]);
            expect(erasure).toMatchObject({
              reason: 'request 17',
              state: 'erased',
              beside: { step: { cuts: [{}, {}] } },
            });
            expect(erasure?.leftOut?.events).toBeGreaterThan(3);
            expect(await erasuresOfParticipant(store, now, 'SUBJECT-4')).toEqual([]);
          });
          await expect(
            eraseParticipant(optionsFor(data), { trial, participant: id, reason: 'again' }, quiet),
          ).rejects.toThrow(/nothing in REWRITE-1 is of participant SUBJECT-3: erased at/);
        });
      },
    ),
    { numRuns: all ? 30 : 2, endOnFailure: true },
  );
}, 600_000);

async function reportOf(store: Store, asked: AskedReport): Promise<string> {
  const cut = await readCut(store.objects, trial, 'midway');
  if (cut === undefined) throw new Error('there is no cut');
  const files = await renderedHere(store, cut, asked);
  const html = files.find(({ name }) => name.endsWith('.html'));
  return Buffer.from(html?.bytes ?? []).toString('utf8');
}

test('what a report service folds of a cut while it is replaced does not stay', async () => {
  await inStore({ blinding: 'open', partitions: 1 }, (opened) =>
    opened(async (store) => {
      await takeIn(store, { before: [], after: [] }, (who) => who === erasedOne || who === 1);
      const fold = `folds/${trial}/midway`;
      const { objects } = store;
      const besideAService: ObjectStore = {
        ...objects,
        async remove(key) {
          await objects.remove(key);
          const isSegment = key.endsWith('.parquet');
          if (isSegment && (await objects.head(fold)) === undefined) await objects.put(fold, Buffer.from(id));
        },
      };
      const them = namedBy(id, []);
      const keys = new Map();
      const sought = {
        ...{ named: them, leaving: leavingOf(them, trial, keys) },
        partOf: (record: LogRecord) => partIn(record, them, trial, keys),
      };
      let segments = 0;
      await eraseBesideTheLog({ ...store, objects: besideAService }, named(store), 2, sought, async ({ archive }) => {
        segments = archive.segments;
      });
      expect(segments).toBeGreaterThan(0);
      expect(await objects.head(fold)).toBeUndefined();
    }),
  );
});

test('a number is looked for where it is an id, and nowhere else', async () => {
  await inStore({ blinding: 'double', partitions: 1 }, async (opened, data) => {
    const numbered = (event: object, more: object = {}) => ({ ...event, subject: '11', ...more });
    const rejected = (input: object, of?: string) => ({
      ...{ trial: of, where: `file:${JSON.stringify(input).length}`, input },
      problems: [{ path: 'data', message: 'of site 11' }],
    });
    const elsewhere = '/trials/ANOTHER/sites/S1';
    const another = numbered(eventOf('urine-screen', 1, 'z', 3, {}), { source: elsewhere });
    const kept = Buffer.from('<svg width="11"><text>11</text></svg>');
    const drop = join(data, '..', 'drop');
    await mkdir(drop);
    const receipt = '{"name":"11.ndjson","accepted":11,"rejections":[{"where":"11"}]}';
    await writeFile(join(drop, 'receipt.json'), receipt);
    const audited = async ({ log }: Store, published: PublishedTrial) => {
      const questions: unknown[] = [];
      for await (const records of recordsBetween(log, topicsOf(published.protocol).audit.name, 0))
        for (const { value } of records) questions.push(JSON.parse(Buffer.from(value).toString()).question);
      return questions.filter((question) => question !== undefined);
    };
    await opened(async (store) => {
      const { log, trials, objects } = store;
      const door = await openDoor({ log, trials, now: () => new Date('2026-01-01T00:00:00Z') });
      for (const who of [0, 1, 2]) await send(door, beginningOf(who));
      await send(
        door,
        beginningOf(3).map((event) => numbered(event)),
      );
      await door.keepRejected([
        rejected(numbered(eventOf('urine-screen', 3, 'x', 3, {})), trial),
        rejected(eventOf('urine-screen', 1, 'v', 3, { results: { cocaine: '11' } }), trial),
        rejected({ ...eventOf('urine-screen', 3, 'n', 3, {}), subject: 11, source: 'site 1' }),
        rejected(another),
      ]);
      await door.turnDay(trial, dateOf(firstDay + 60));
      const asked = ['rates --day 11', 'explain --participant 11 --day 11'];
      const looks = asked.map((question) => Buffer.from(JSON.stringify({ at: '', who: 'somebody', question })));
      const { audit } = topicsOf(named(store).protocol);
      await log.append(
        audit.name,
        looks.map((value) => ({ key: trial, value })),
      );
      await objects.put(`reports/${trial}/one/report.html`, kept);
      await buildShards(store, named(store));
      const { protocol } = named(store);
      const planned = { ...named(store), protocol: { ...protocol, plannedParticipants: 4 } };
      expect(await byArmVerdict(store, planned)).toMatchObject({ allowed: true });
      await expect(planErasure({ ...store, keys: new Map() }, named(store), '11')).rejects.toThrow(/with its key/);
      await expect(planErasure(store, named(store), 'S1')).rejects.toThrow(/nothing in REWRITE-1 is of participant S1/);
    });
    vi.stubEnv('HOLDFAST_DROP', drop);
    const asked = { trial, participant: '11', reason: 'request 18' };
    const erased = await eraseParticipant(optionsFor(data), asked, quiet).finally(() => {
      vi.unstubAllEnvs();
    });
    expect(erased).toMatchObject({ stillNaming: undefined, reports: [], leftOut: { events: 3, rejected: 1 } });
    expect(await readFile(join(drop, 'receipt.json'), 'utf8')).toBe(receipt);
    await opened(async (store) => {
      const now = await standing(store.log);
      expect(await audited(store, now)).toEqual(['rates --day 11', 'explain --participant [erased] --day 11']);
      expect(Buffer.from((await store.objects.get(`reports/${trial}/one/report.html`)) ?? [])).toEqual(kept);
      expect((await readRejections(store.log, now.protocol)).map(({ of }) => of.subject)).toEqual(['SUBJECT-1']);
      expect((await readRejections(store.log, undefined)).map(({ of }) => of.source)).toEqual([elsewhere]);

      // It was over, and is so without one of those who were planned.
      const planned = { ...now, protocol: { ...now.protocol, plannedParticipants: 4 } };
      expect(await byArmVerdict(store, planned)).toMatchObject({ allowed: true });
      const { erasedRandomised: _, ...uncounted } = planned;
      expect(await byArmVerdict(store, uncounted)).toMatchObject({ allowed: false });

      // What the audit log tells of is over when the registry says so.
      const stateWith = async (rewrite: PublishedTrial['rewrite']) =>
        (await erasuresOfParticipant(store, { ...now, ...(rewrite && { rewrite }) }, '11')).map(({ state }) => state);
      const former = { edition: 1, partitions: 1 };
      const underWay = { edition: 2, partitions: 1, begunAt: '', erases: true, former };
      const copied = { events: [0], rejected: [0], audit: [0] };
      expect(await stateWith(undefined)).toEqual(['erased']);
      expect(await stateWith({ ...underWay, copied })).toEqual(['under way']);
      const begun = { step: 'begun', edition: 3, erased: await erasedId(trial, '11'), reason: 'request 19' };
      const value = Buffer.from(JSON.stringify({ at: '', who: '', rewrite: begun }));
      await store.log.append(topicsOf(now.protocol).audit.name, [{ key: trial, value }]);
      expect(await stateWith({ ...underWay, edition: 3, copied: undefined })).toEqual(['erased', 'begun']);
      expect(await stateWith(undefined)).toEqual(['erased']);
    });
  });
});

/** Crash points of the process: its commits, what it puts and removes, and the files that take the place of others. */
const few = ['before-sync:14', 'before-cut:2', 'after-removal:2', 'before-rename:2'];
const kinds = [
  'before-sync',
  'after-cut',
  'before-cut',
  'before-removal',
  'after-removal',
  'before-rename',
  'after-rename',
];

test(
  'killed at any point it is repeated, and comes to the same',
  async () => {
    await inStore({ blinding: 'open', partitions: 2 }, async (opened, data) => {
      const happened = [7, 14, 21].flatMap((day) =>
        [1, 2, 3].map((who) => ({ what: 'screen', who, day, result: 'positive' }) as const),
      );
      /** What a report says of the cut that it is of. */
      const reported = (store: Store) => reportOf(store, { kind: 'status', site: undefined, dummySeed: undefined });
      await opened(async (store) => {
        await takeIn(store, { before: happened, after: happened }, () => true);
        expect(await reported(store)).not.toContain('rewritten');
      });
      const undisturbed = `${data}-undisturbed`;
      await cp(data, undisturbed, { recursive: true, verbatimSymlinks: true });
      const erase = (folder: string) => [
        ...['rewrite', '--trial', trial, '--erase', id, '--reason', 'request 17', '--yes', '--data', folder],
      ];
      await succeed(erase(undisturbed));

      const refused = await holdfast(erase(data).filter((word) => word !== 'request 17' && word !== '--reason'));
      expect(refused.stderr).toContain('--erase needs --reason');
      /** Whether it was killed at that point, and not done before. */
      const isKilledAt = async (point: string, folder: string): Promise<boolean> => {
        const erasing = start(erase(folder), { inject: 'crash-points.mjs', variables: { CRASH_AT: point } });
        const how = await erasing.ended;
        if (how !== 'SIGKILL') expect(erasing.logged()).toContain('erased (edition');
        return how === 'SIGKILL';
      };
      const isLeft = async (folder: string) => {
        const files = await bytesIn(folder);
        return [idAlone, distinctive].flatMap((text) => naming(files, text).map(([path]) => path));
      };
      let killed = 0;
      for (const kind of all ? kinds : []) {
        for (let n = 1; ; n += 1) {
          const folder = `${data}-${kind}-${n}`;
          await cp(data, folder, { recursive: true, verbatimSymlinks: true });
          const isKilled = await isKilledAt(`${kind}:${n}`, folder);
          if (isKilled)
            expect((await holdfast(erase(folder))).stdout + kind, `${kind}:${n}`).toContain('erased (edition');
          expect(await isLeft(folder), `${kind}:${n}`).toEqual([]);
          await rm(folder, { recursive: true });
          if (!isKilled) break;
          killed += 1;
        }
      }
      for (const point of few) {
        expect(await isKilledAt(point, data), point).toBe(true);
        killed += 1;
      }
      console.log(`erasure: killed ${killed} times`);
      const drop = `${data}-drop`;
      const delivery = join(drop, 'done', '20260101T000000000Z-0123456789abcdef');
      await mkdir(join(delivery, 'delivered'), { recursive: true });
      await writeFile(join(delivery, 'receipt.json'), JSON.stringify({ name: `${id}.ndjson`, accepted: 1 }));
      await writeFile(join(delivery, 'delivered', `${id}.ndjson`), '{}');
      await succeed(erase(data), { HOLDFAST_DROP: drop });
      expect(await readFile(join(delivery, 'receipt.json'), 'utf8')).toBe(
        '{\n "name": "[erased].ndjson",\n "accepted": 1\n}\n',
      );
      expect(await readdir(join(delivery, 'delivered'))).toEqual([`${id}.ndjson`]);
      expect(await isLeft(data)).toEqual([]);
      await opened(async (store) => {
        expect((await standing(store.log)).rewrite).toBeUndefined();
        const [cut] = await listCuts(store.objects, trial);
        if (cut === undefined) throw new Error('there is no cut');
        const exported = await analysisSetFiles(store, await trialOfCut(store, cut), cut, true, quiet);
        const textOf = (file: string) =>
          Buffer.from(exported.find(({ name }) => name === file)?.bytes ?? []).toString();
        expect(JSON.parse(textOf('define.json')).cut.rewritten).toEqual(cut.rewritten);
        expect(textOf('TS.csv')).toContain(`REWRITTEN,${cut.rewritten?.[0]?.at}`);
        expect(await reported(store)).toMatch(/rewritten \d{4}-\d\d-\d\d to erase a participant/);
        const said = await sameOf(store, false);
        const cuts = await listCuts(store.objects, trial);
        const alike = (cut: DataCut) => {
          const { segments, rewritten, ...rest } = cut;
          return canonicalJson({ ...rest, segments: segments.map(({ sha256 }) => sha256), n: rewritten?.length });
        };
        const { openStore } = await import('../services/holdfast/src/store.ts');
        await openStore(optionsFor(undisturbed), 'read', async (other) => {
          expect(said).toEqual(await sameOf(other, false));
          expect(cuts.map(alike)).toEqual((await listCuts(other.objects, trial)).map(alike));
          const looks = async (one: Store) => {
            const { name } = topicsOf((await standing(one.log)).protocol).audit;
            const questions: unknown[] = [];
            for await (const records of recordsBetween(one.log, name, 0))
              for (const { value } of records) questions.push(JSON.parse(Buffer.from(value).toString()).question);
            return questions.filter((question) => question !== undefined);
          };
          expect(await looks(store)).toEqual(['explain --participant [erased]']);
          expect(await looks(other)).toEqual(await looks(store));
        });
      });
    });
  },
  all ? 3_600_000 : 600_000,
);
