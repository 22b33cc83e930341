// What a protocol of many measures costs: batches of 1,000 events of as many participants, from append to committed and published,
// under a protocol with one measure and under one with 20 measures of 3 windows and 3 policies each, one after the other in one run.
// Twice: in a running trial, where the day turns and batches tell of the days just past (urine screens of the day and calendars of the
// week before take turns); and where all days are mature, so that whatever comes changes windows up to the horizon. Prints the mean
// times of a batch and their ratio. Usage: node test/bench/measures-bench.mjs [PARTICIPANTS] [BATCHES]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAggregate } from '@holdfast/aggregate';
import { canonicalEvent, dateOf, Protocol } from '@holdfast/events';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { storeFolders } from '@holdfast/runtime';
import { publishProtocol, readTrials, topicsOf } from '@holdfast/trials';

const participants = Number(process.argv[2] ?? 2_000);
const batches = Number(process.argv[3] ?? 20);
const perBatch = 1_000;
const visitsBefore = 24;
const firstDay = 20_500;
const partitions = 4;
const encoder = new TextEncoder();

const look = (evidence, substances) => ({ evidence, substances, horizon: 168 });
const looks = [
  look('urine-only', ['cocaine']),
  look('urine-only', ['opioids']),
  look('any-positive', ['cocaine', 'opioids']),
  look('self-report-only', ['cocaine']),
  look('confirmed-by-urine', ['cocaine']),
];
const windows = [7, 28, 84];
const policies = ['observed-only', 'missing-is-use', 'carry-forward-28'];
const rolling = (id, of, more = {}) => ({
  id,
  kind: 'rolling-abstinence',
  windows,
  policies,
  coverage: { atLeast: 1 },
  ...of,
  ...more,
});
const many = looks.flatMap((of, i) => [
  rolling(`rolling-${i}`, of),
  rolling(`decisive-${i}`, of, { decisivePositive: true, coverage: { atLeast: 3 } }),
  { id: `continuous-${i}`, kind: 'continuous-abstinence', policies, coverage: { gapAtMost: 14 }, ...of },
  { id: `first-${i}`, kind: 'first-use', windows, ...of },
]);

const protocolOf = (measures) =>
  Protocol.parse({
    format: 'holdfast-protocol/1',
    trial: 'BENCH',
    version: 1,
    title: 'Batches of a running trial',
    blinding: 'open',
    clock: 'imported',
    partitions,
    plannedFollowUp: 168,
    arms: [{ id: 'A' }, { id: 'B' }],
    sites: ['S1', 'S2', 'S3', 'S4', 'S5'],
    substances: [{ id: 'cocaine' }, { id: 'opioids' }],
    measures,
  });

function event(p, n, type, day, data) {
  const at = dateOf(day);
  return {
    specversion: '1.0',
    id: `${p}-${n}`,
    source: `/trials/BENCH/sites/S${1 + (p % 5)}`,
    subject: `P-${p}`,
    type: `org.holdfast.${type}.v1`,
    time: `${at}T09:00:00+00:00`,
    recordedtime: `${at}T12:00:00+00:00`,
    receivedtime: `${at}T12:00:01Z`,
    data,
  };
}

const isPositive = (p, n) => (p * 7 + n * 13) % 11 < 3;

/** A visit every three days: a urine screen, and every other time a calendar of the days since. */
function visit(p, n) {
  const day = firstDay + 3 * (n + 1);
  if (n % 2 === 0) {
    const result = (k) => (isPositive(p, n + k) ? 'positive' : 'negative');
    return event(p, n, 'urine-screen', day, { results: { cocaine: result(0), opioids: result(5) } });
  }
  const days = isPositive(p, n) ? { [dateOf(day - 2)]: { cocaine: {} } } : {};
  return event(p, n, 'use-calendar', day, {
    from: dateOf(day - 6),
    to: dateOf(day - 1),
    complete: true,
    days,
    informant: 'participant',
    interview: dateOf(day),
  });
}

function* historyOf(p) {
  yield event(p, 'enrolled', 'participant-enrolled', firstDay - 7, { consentDate: dateOf(firstDay - 7) });
  yield event(p, 'randomised', 'participant-randomised', firstDay, { date: dateOf(firstDay) });
  yield event(p, 'arm', 'arm-assigned', firstDay, { arm: p % 2 === 0 ? 'A' : 'B' });
  for (let n = 0; n < visitsBefore; n += 1) yield visit(p, n);
}

const record = (one) => ({ key: one.subject, value: encoder.encode(canonicalEvent(one, one.receivedtime)) });
const turned = (day) => {
  const at = `${dateOf(day)}T00:00:00+00:00`;
  const head = {
    specversion: '1.0',
    id: `day-turned-${dateOf(day)}`,
    source: '/trials/BENCH',
    time: at,
    recordedtime: at,
  };
  const text = canonicalEvent({ ...head, type: 'org.holdfast.day-turned.v1', data: { date: dateOf(day) } }, undefined);
  return Array.from({ length: partitions }, (_, partition) => ({ key: '', partition, value: encoder.encode(text) }));
};

/** Milliseconds of each batch under a protocol; the clock turns on with the batches, or stands beyond all days. */
async function timesUnder(measures, clock) {
  const protocol = protocolOf(measures);
  const data = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const folders = storeFolders(data);
  const log = await embeddedEventLog({ dir: folders.log, closedDir: folders.closedLog });
  try {
    await publishProtocol(log, protocol);
    const topic = topicsOf(protocol).events.name;
    for (let p = 0; p < participants; p += 500) {
      const some = Array.from({ length: Math.min(500, participants - p) }, (_, i) => p + i);
      await log.append(
        topic,
        some.flatMap((one) => [...historyOf(one)].map(record)),
      );
    }
    const visitOf = (b) => visitsBefore + Math.floor((b * perBatch) / participants);
    const dayOf = (n) => firstDay + 3 * (n + 1);
    await log.append(topic, turned(clock === 'beyond' ? firstDay + 200 : dayOf(visitsBefore - 1)));
    const aggregate = startAggregate({
      log,
      keys: new Map(),
      shards: folders.shards,
      batchRecords: 5_000,
      threads: { count: 1, log: { dir: folders.log, closedDir: folders.closedLog } },
    });
    await aggregate.keep((await readTrials(log)).get('BENCH'));
    await aggregate.caughtUp('BENCH', await log.ends(topic));
    const times = [];
    for (let b = 0; b < batches; b += 1) {
      const records = Array.from({ length: perBatch }, (_, i) => {
        const p = (b * perBatch + i) % participants;
        return record(visit(p, visitOf(b)));
      });
      if (clock === 'turning') {
        await log.append(topic, turned(dayOf(visitOf(b))));
        await aggregate.caughtUp('BENCH', await log.ends(topic));
      }
      const before = performance.now();
      await log.append(topic, records);
      await aggregate.caughtUp('BENCH', await log.ends(topic));
      times.push(performance.now() - before);
    }
    await aggregate.stop();
    return times;
  } finally {
    await log.close();
    rmSync(data, { recursive: true, force: true });
  }
}

const mean = (times) => times.reduce((sum, time) => sum + time, 0) / times.length;
for (const [clock, what] of [
  ['turning', 'a running trial'],
  ['beyond', 'all days mature'],
]) {
  const one = mean(await timesUnder([rolling('rolling', looks[2])], clock));
  const all = mean(await timesUnder(many, clock));
  console.log(
    `${what}: one measure ${one.toFixed(0)} ms, ${many.length} measures ${all.toFixed(0)} ms, ratio ${(all / one).toFixed(2)} (means of ${batches} batches of ${perBatch} events)`,
  );
}
