// How long a correction takes in a large trial, from append to committed and published. Builds a trial of EVENTS events (default a
// million), lets the aggregate fold it, then corrects one event after the other while it runs. The aggregate runs in a thread as it
// does in `import`. Usage: node test/bench/correction-bench.mjs [EVENTS] [CORRECTIONS]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAggregate } from '@holdfast/aggregate';
import { canonicalEvent, dateOf, Protocol } from '@holdfast/events';
import { embeddedEventLog } from '@holdfast/log/embedded';
import { storeFolders } from '@holdfast/runtime';
import { publishProtocol, readTrials, topicsOf } from '@holdfast/trials';

const events = Number(process.argv[2] ?? 1_000_000);
const corrections = Number(process.argv[3] ?? 20);
const screens = 166;
const participants = Math.ceil(events / (screens + 3));
const firstDay = 20_500;

const measure = { substances: ['cocaine'], evidence: 'urine-only', windows: [7, 28], horizon: 168 };
const protocol = Protocol.parse({
  format: 'holdfast-protocol/1',
  trial: 'BENCH',
  version: 1,
  title: 'A large trial',
  blinding: 'open',
  clock: 'imported',
  partitions: 4,
  plannedFollowUp: 168,
  arms: [{ id: 'A' }, { id: 'B' }],
  sites: ['S1', 'S2', 'S3', 'S4', 'S5'],
  substances: [{ id: 'cocaine' }, { id: 'opioids' }],
  measures: [
    {
      id: 'abstinent',
      kind: 'rolling-abstinence',
      coverage: { atLeast: 3 },
      policies: ['observed-only', 'missing-is-use'],
      ...measure,
    },
    { id: 'first-use', kind: 'first-use', ...measure },
  ],
});

/** Events of participant `p`: enrolled, randomised, an arm, and almost daily urine screens. */
function* eventsOf(p) {
  const subject = `P-${p}`;
  const source = `/trials/BENCH/sites/S${1 + (p % 5)}`;
  const event = (n, type, day, data) => ({
    specversion: '1.0',
    id: `${p}-${n}`,
    source,
    subject,
    type: `org.holdfast.${type}.v1`,
    time: `${dateOf(day)}T09:00:00+00:00`,
    recordedtime: `${dateOf(day)}T12:00:00+00:00`,
    receivedtime: `${dateOf(day)}T12:00:01Z`,
    data,
  });
  const dayZero = firstDay + (p % 300);
  const site = source.slice(source.lastIndexOf('/') + 1);
  yield event(0, 'participant-enrolled', dayZero - 7, {
    site,
    consentDate: dateOf(dayZero - 7),
    substances: ['cocaine'],
  });
  yield event(1, 'participant-randomised', dayZero, { date: dateOf(dayZero) });
  yield event(2, 'arm-assigned', dayZero, { arm: p % 2 === 0 ? 'A' : 'B' });
  for (let n = 0; n < screens; n += 1)
    yield event(3 + n, 'urine-screen', dayZero + 1 + n, {
      results: { cocaine: (p * 7 + n * 13) % 11 < 3 ? 'positive' : 'negative' },
    });
}

/** Record of one day-turned, as the door writes it to every partition. */
const turned = (day, partition) => ({
  key: '',
  partition,
  value: encoder.encode(
    canonicalEvent(
      {
        specversion: '1.0',
        id: `day-turned-${dateOf(day)}`,
        source: '/trials/BENCH',
        type: 'org.holdfast.day-turned.v1',
        time: `${dateOf(day)}T00:00:00+00:00`,
        recordedtime: `${dateOf(day)}T00:00:00+00:00`,
        data: { date: dateOf(day) },
      },
      undefined,
    ),
  ),
});

const encoder = new TextEncoder();
const seconds = (since) => ((performance.now() - since) / 1000).toFixed(1);
const data = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
const folders = storeFolders(data);
const log = await embeddedEventLog({ dir: folders.log, closedDir: folders.closedLog });
try {
  await publishProtocol(log, protocol);
  const topic = topicsOf(protocol).events.name;
  let started = performance.now();
  let appended = 0;
  let records = [];
  for (let p = 0; p < participants; p += 1) {
    for (const event of eventsOf(p))
      records.push({ key: event.subject, value: encoder.encode(canonicalEvent(event, event.receivedtime)) });
    if (records.length < 20_000 && p < participants - 1) continue;
    await log.append(topic, records);
    appended += records.length;
    records = [];
  }
  const end = firstDay + 300 + 200;
  await log.append(
    topic,
    Array.from({ length: protocol.partitions }, (_, partition) => turned(end, partition)),
  );
  console.log(`${appended} events of ${participants} participants appended in ${seconds(started)} s`);

  started = performance.now();
  const aggregate = startAggregate({
    log,
    keys: new Map(),
    shards: folders.shards,
    batchRecords: 5_000,
    threads: { count: 1, log: { dir: folders.log, closedDir: folders.closedLog } },
  });
  await aggregate.keep((await readTrials(log)).get('BENCH'));
  await aggregate.caughtUp('BENCH', await log.ends(topic));
  console.log(`folded, committed and published in ${seconds(started)} s`);

  const times = [];
  const cpu = process.cpuUsage();
  for (let n = 0; n < corrections; n += 1) {
    const p = Math.floor((n * participants) / corrections);
    const target = [...eventsOf(p)].at(40 + n);
    const correction = {
      ...target,
      id: `correction-${n}`,
      type: 'org.holdfast.correction.v1',
      data: {
        target: { source: target.source, id: target.id },
        reason: 'read again',
        who: 'bench',
        event: {
          type: target.type,
          time: target.time,
          data: { results: { cocaine: target.data.results.cocaine === 'positive' ? 'negative' : 'positive' } },
        },
      },
    };
    const before = performance.now();
    await log.append(topic, [
      { key: correction.subject, value: encoder.encode(canonicalEvent(correction, correction.receivedtime)) },
    ]);
    await aggregate.caughtUp('BENCH', await log.ends(topic));
    times.push(performance.now() - before);
  }
  const used = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const ms = (time) => `${time.toFixed(1)} ms`;
  console.log(
    `${corrections} corrections, append to committed and published: median ${ms(times[times.length >> 1])}, worst ${ms(times.at(-1))}; CPU ${ms((used.user + used.system) / 1000 / corrections)} each`,
  );
  await aggregate.stop();
} finally {
  await log.close();
  rmSync(data, { recursive: true, force: true });
}
