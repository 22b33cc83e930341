// Holdfast as one of the engines that are compared on one workload: events of a trial in a Kafka topic, and the rate of abstinence per arm and
// day. The events there are not Holdfast's, so each is first written as Holdfast's would stand in the log (its cost is in the figures); from then on it
// is the way of every event: decoded, chained, folded, committed with its offset, published as differences that are added up for the answer.
// As there, two threads share the partitions. docs/performance.md says how it is run. It gets KAFKA, TOPIC, STATE, ARMS and N from its harness
// and prints FIRST and ANSWER lines.
import { readFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { keeperOf } from '../../../services/aggregate/dist/shard-keeper.js';

const { Protocol } = await import(new URL('../../../packages/events/dist/index.js', import.meta.url));
const tallies = await import(new URL('../../../packages/tallies/dist/index.js', import.meta.url));
const inLog = (module) => import(new URL(`../../../packages/log/dist/${module}.js`, import.meta.url));
const { connect } = await inLog('kafka/connection');
const { feedOf } = await inLog('kafka/feed');
const { endsOf } = await inLog('kafka/reader');
const { startRun } = await inLog('partition-run');

const { KAFKA, TOPIC, STATE, ARMS } = process.env;
const loaded = Number(process.env.N);
const partitions = 8;
const patienceMs = 30_000;
/** Not one of Holdfast's, which would be refused: so its log is entered below the check. */
const topic = { name: TOPIC, partitions, access: 'open', id: TOPIC };
const lastDay = 168;
const dayMs = 86_400_000;

const protocol = Protocol.parse({
  format: 'holdfast-protocol/1',
  trial: 'T1',
  version: 1,
  title: 'The trial of the comparison',
  blinding: 'open',
  clock: 'imported',
  partitions,
  plannedFollowUp: lastDay,
  arms: ['A', 'B', 'C', 'D'].map((id) => ({ id })),
  sites: Array.from({ length: 8 }, (_, site) => `S${site + 1}`),
  substances: [{ id: 'opioids' }, { id: 'cocaine' }],
  measures: [
    {
      id: 'abstinence',
      kind: 'rolling-abstinence',
      substances: ['opioids'],
      evidence: 'urine-only',
      windows: [28],
      horizon: lastDay,
      coverage: { atLeast: 1 },
      policies: ['observed-only'],
    },
  ],
});

/** Who was randomised when. There days are counted from 0; in Holdfast the day of randomisation is day 0, and days of follow-up begin with 1. */
const participants = new Map(
  readFileSync(ARMS, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .map(([subject, arm, site, first]) => [
      subject,
      { arm, site, day0: new Date(Date.parse(first) - dayMs).toISOString().slice(0, 10) },
    ]),
);

/** An event as the door writes it. */
function recordText(subject, source, id, type, time, recordedtime, data) {
  return `{"data":${data},"id":"${id}","receivedtime":"${recordedtime}","recordedtime":"${recordedtime}","source":"${source}","specversion":"1.0","subject":"${subject}","time":"${time}","type":"org.holdfast.${type}.v1"}`;
}

const sent =
  /^\{"specversion":"1\.0","id":"([^"]+)","source":"([^"]+)","subject":"([^"]+)","type":"org\.holdfast\.([a-z-]+)\.v1","time":"([^"]+)","recordedtime":"([^"]+)","data":/;
const sentCalendar = /^\{"day":"([^"]+)","used":(true|false)[,}]/;
const sentScore = /^\{"scale":"([^"]+)","visit":"[^"]+","score":(\d+)\}$/;
const sentCorrection = /^\{"replaces":"([^"]+)","type":"org\.holdfast\.([a-z-]+)\.v1","data":/;

/** The parts of a text that must look as the comparison makes it. */
function partsOf(form, text) {
  const parts = form.exec(text);
  if (parts === null) throw new Error(`not as the comparison makes it: ${text}`);
  return parts;
}

/** The data of an event, from their text there: no more of it is read than what is said otherwise here. */
function dataOf(type, data, time) {
  switch (type) {
    case 'urine-screen':
      return `{${data.slice(data.indexOf('"results":'))}`;
    case 'scale-score': {
      const [, scale, score] = partsOf(sentScore, data);
      return `{"instrument":"${scale}","total":${score}}`;
    }
    case 'use-calendar': {
      const [, day, used] = partsOf(sentCalendar, data);
      const days = used === 'true' ? `{"${day}":{"opioids":{}}}` : '{}';
      return `{"complete":true,"days":${days},"from":"${day}","informant":"participant","interview":"${time.slice(0, 10)}","to":"${day}"}`;
    }
    default:
      throw new Error(`the comparison makes no ${type}`);
  }
}

const known = new Set();

/** Puts the texts that an event comes to: one, and of whom nothing was known before also that they take part. */
function putTexts(text, put) {
  const parts = partsOf(sent, text);
  const [whole, id, source, subject, type, time, recordedtime] = parts;
  const data = text.slice(whole.length, -1);
  if (!known.has(subject)) {
    known.add(subject);
    const { arm, day0 } = participants.get(subject);
    const at = `${day0}T08:00:00Z`;
    put(
      subject,
      recordText(subject, source, `${subject}-enrolled`, 'participant-enrolled', at, at, `{"consentDate":"${day0}"}`),
    );
    put(
      subject,
      recordText(subject, source, `${subject}-randomised`, 'participant-randomised', at, at, `{"date":"${day0}"}`),
    );
    const service = '/trials/T1/randomisation';
    put(subject, recordText(subject, service, `${subject}-arm`, 'arm-assigned', at, at, `{"arm":"${arm}"}`));
  }
  if (type !== 'correction') {
    put(subject, recordText(subject, source, id, type, time, recordedtime, dataOf(type, data, time)));
    return;
  }
  const [head, replaces, of] = partsOf(sentCorrection, data);
  const corrected = dataOf(of, data.slice(head.length, -1), time);
  const event = `{"data":${corrected},"time":"${time}","type":"org.holdfast.${of}.v1"}`;
  const correction = `{"by":"site","event":${event},"reason":"read again","target":{"id":"${replaces}","source":"${source}"}}`;
  put(subject, recordText(subject, source, id, type, recordedtime, recordedtime, correction));
}

const dayTurned = recordText(
  '',
  '/trials/T1/holdfast',
  'turned',
  'day-turned',
  '2028-01-01T00:00:00Z',
  '2028-01-01T00:00:00Z',
  '{"date":"2028-01-01"}',
).replace('"subject":"",', '');

/** For each partition the memory that its records stand in until they are taken in. */
const memory = Array.from({ length: partitions }, () => Buffer.alloc(0));

/** Messages as records of Holdfast's log, good until the next ones of the partition; beginning with a day that turns if `turns`. */
function recordsOf(messages, partition, turns) {
  let bytes = memory[partition];
  let length = 0;
  const records = [];
  // Byte by byte what was read: whatever the characters are, none is looked at twice.
  const putAt = (offset) => (key, text) => {
    if (length + text.length > bytes.length) {
      bytes = Buffer.allocUnsafeSlow(2 * Math.max(bytes.length, text.length));
      memory[partition] = bytes;
      length = 0;
    }
    const end = length + bytes.latin1Write(text, length);
    records.push({ partition, offset, key, value: bytes.subarray(length, end) });
    length = end;
  };
  if (turns) putAt(messages[0].offset)('', dayTurned);
  for (const { offset, value } of messages) putTexts(value.latin1Slice(0, value.length), putAt(offset));
  return records;
}

/** Folds its share of the partitions in this thread; says what it publishes, and how far it is. */
async function foldShare({ share, of }) {
  const connection = connect({ brokers: [KAFKA], clientId: 'holdfast', requestTimeout: patienceMs });
  const ends = await endsOf(connection, topic, patienceMs);
  /** How many records each partition of a topic has. */
  const appended = new Map();
  const log = {
    ends: async () => ends,
    topicId: async () => topic.id,
    async append(topic, records) {
      if (topic === 'T1.tallies.closed')
        for (const { partition, value } of records) parentPort.postMessage({ partition, value });
      return records.map(({ partition }) => {
        const offset = appended.get(`${topic} ${partition}`) ?? 0;
        appended.set(`${topic} ${partition}`, offset + 1);
        return offset;
      });
    },
  };
  const isMine = (partition) => partition % of === share;
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const keeper = keeperOf({ log, protocol, key: undefined, shards: STATE, anew: false });
  const turned = new Set();
  let isFirst = true;
  const member = {
    ...keeper,
    async batch(partition, messages) {
      if (isFirst) parentPort.postMessage({ first: Date.now() });
      isFirst = false;
      // All days have passed: so the answer has those days in it that the comparison asks for.
      const records = recordsOf(messages, partition, !turned.has(partition));
      turned.add(partition);
      await keeper.batch(partition, records);
      parentPort.postMessage({ read: messages.length });
    },
  };
  // What a group's member does with the partitions that it is given; here each thread knows its own.
  const most = { records: 30_000, bytes: 16 * 1024 * 1024 };
  const feed = feedOf(connection, topic, most, patienceMs, async () => undefined);
  const next = (partition) => (from, stop) => feed.next(partition, from, stop);
  const onError = (error) => {
    throw error;
  };
  for (const partition of all.filter(isMine)) startRun({ topic, partition, member, next: next(partition), onError });
}

/** What readers hold of the shards, as they would from the topic of tallies. */
const shards = Array.from({ length: partitions }, () => new Map());

function answer() {
  const views = tallies.viewsOf(shards, tallies.standingGeneration(shards));
  const all = tallies.totalOf(views.map(({ tallies: held }) => held ?? tallies.noTallies));
  const question = { measure: 'abstinence', window: 28, policy: 'observed-only' };
  const curve = (arm) => {
    const days = tallies.abstinenceCurve(all, question, { from: 1, to: lastDay }, { arms: new Set([arm]) });
    const counted = (of) => days.map((day) => (day.day < 28 ? 0 : of(day)));
    return { assessable: counted((day) => day.assessable), abstinent: counted((day) => day.abstinent) };
  };
  return Object.fromEntries(['A', 'B', 'C', 'D'].map((arm) => [arm, curve(arm)]));
}

if (isMainThread) {
  let read = 0;
  let isFirst = true;
  const of = 2;
  for (let share = 0; share < of; share += 1) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { share, of } });
    worker.on('message', (told) => {
      if (told.value !== undefined)
        tallies.takeInto(shards[told.partition], tallies.decodeTallyRecord(Buffer.from(told.value)));
      if (told.first !== undefined && isFirst) console.log(`FIRST ${told.first}`);
      if (told.first !== undefined) isFirst = false;
      if (told.read === undefined) return;
      read += told.read;
      if (read >= loaded && (read - loaded) % 1000 === 0)
        console.log(`ANSWER ${JSON.stringify({ n: read, t: Date.now(), answer: answer() })}`);
    });
  }
} else await foldShare(workerData);
