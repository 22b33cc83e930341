import { type EventLog, type LogRecord, type NewRecord, recordsBetween, type TopicSpec } from '@holdfast/log';
import { rejectedTopic } from '@holdfast/trials';
import { z } from 'zod';

/** Where what stays of the rejected inputs that name no trial lies while their topic is made anew. */
const stayingTopic: TopicSpec = { ...rejectedTopic, name: `${rejectedTopic.name}.staying` };
const wholeKey = 'whole';
/** A record of the copy that says what topic it is a copy of, up to where: without one at its end the copy is not whole. */
const Whole = z.strictObject({ copyOf: z.string(), next: z.int() });

const isThere = async (log: EventLog, topic: TopicSpec) => (await log.topics()).some(({ name }) => name === topic.name);

async function recordsOf(
  log: EventLog,
  topic: TopicSpec,
  between: { readonly from?: number; readonly end?: number } = {},
): Promise<readonly LogRecord[]> {
  const all: LogRecord[] = [];
  if (!(await isThere(log, topic))) return all;
  for await (const records of recordsBetween(log, topic.name, 0, between)) all.push(...records);
  return all;
}

const asNew = ({ key, value }: LogRecord): NewRecord => ({ key, value });

function wholeIn({ key, value }: LogRecord): z.infer<typeof Whole> | undefined {
  if (key !== wholeKey) return undefined;
  try {
    return Whole.safeParse(JSON.parse(Buffer.from(value).toString())).data;
  } catch {
    return undefined;
  }
}

type IsOut = (record: LogRecord) => Promise<boolean>;

/** How many of the rejected inputs that name no trial are so. */
export async function countRejectedOfNoTrial(log: EventLog, isSo: IsOut): Promise<number> {
  let count = 0;
  for (const record of await recordsOf(log, rejectedTopic)) if (await isSo(record)) count += 1;
  return count;
}

/** Copies what stays until nothing more comes: a door that was not stopped may be rejecting inputs meanwhile. */
async function copyStaying(log: EventLog, isOut: IsOut, copyOf: string, from: number): Promise<void> {
  for (let next = from; ; ) {
    const [end = 0] = await log.ends(rejectedTopic.name);
    if (end <= next) return;
    const staying: NewRecord[] = [];
    for (const record of await recordsOf(log, rejectedTopic, { from: next, end }))
      if (!(await isOut(record))) staying.push(asNew(record));
    next = end;
    const whole = Buffer.from(JSON.stringify({ copyOf, next } satisfies z.infer<typeof Whole>));
    await log.append(stayingTopic.name, [...staying, { key: wholeKey, value: whole }]);
  }
}

/** Goes on with a copy: completes it, makes the topic anew and fills it. */
async function putInPlace(log: EventLog, isOut: IsOut, { copyOf, next }: z.infer<typeof Whole>): Promise<void> {
  if ((await isThere(log, rejectedTopic)) && (await log.topicId(rejectedTopic.name)) === copyOf) {
    await copyStaying(log, isOut, copyOf, next);
    await log.removeTopic(rejectedTopic.name);
  }
  await log.createTopic(rejectedTopic);
  // What was filled in before it was interrupted comes twice, and is listed once.
  const copied = (await recordsOf(log, stayingTopic)).filter((record) => wholeIn(record) === undefined);
  await log.append(rejectedTopic.name, copied.map(asNew));
  await log.removeTopic(stayingTopic.name);
}

/**
 * Takes some of the rejected inputs that name no trial out of their topic: what stays is copied, the topic is made anew, and filled again. Whoever
 * is killed meanwhile loses none of them, and repeats it.
 */
export async function eraseRejectedOfNoTrial(log: EventLog, isOut: IsOut): Promise<void> {
  const last = (await recordsOf(log, stayingTopic)).at(-1);
  const begun = last && wholeIn(last);
  // A copy that is whole may be that of another erasure, and hold what is to go now: it is put in its place first, then looked through.
  if (begun === undefined) await log.removeTopic(stayingTopic.name);
  else await putInPlace(log, isOut, begun);
  while ((await countRejectedOfNoTrial(log, isOut)) > 0) {
    await log.createTopic(stayingTopic);
    await putInPlace(log, isOut, { copyOf: await log.topicId(rejectedTopic.name), next: 0 });
  }
}
