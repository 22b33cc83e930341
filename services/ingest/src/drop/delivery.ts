import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '@holdfast/events';
import { LogError } from '@holdfast/log';
import { ImportError, openImport, type Reconciliation } from '@holdfast/tables';
import type { Appended } from '../appended.ts';
import { NoTrialKey } from '../door.ts';
import { type EventInput, eventInputsIn } from '../event-files.ts';
import { type ImportedClock, importedClock } from '../imported-clock.ts';
import type { HungDoor } from '../live-door.ts';
import { problemsInClear } from '../rejections.ts';
import { type Inlet, takeEvents } from '../take-events.ts';
import { appending, judgeOf, rejectedRowsAsCsv } from '../take-tables.ts';
import { digestOf, hashed, hasMapping, isUnchanged, type Lying, lyingAt, mappingFile } from './delivered.ts';
import { codeOf } from './error-code.ts';
import { isPassing } from './passing.ts';
import { mostBytesOfRejections, mostRejectionsInReceipt, type Receipt, writeReceipt } from './receipt.ts';
import { triesBegun } from './tries.ts';
import { deliveredIn, linesToMendFile, rejectedRowsFile, removeLeft } from './working.ts';

/** An array must be parsed whole, and beside the HTTP door nothing may take the process for long. */
const largestArray = 32_000_000;

/** A delivery as it lies in `working`: a folder with what was delivered in it. */
export type Claimed = {
  readonly folder: string;
  /** When it was claimed, as the folder is called. */
  readonly delivery: string;
};

/** The delivery cannot be taken in as a whole, and will never be able to be: the message says why and what to do. */
class Unusable extends Error {}

/** Work was stopped in the middle, or what was delivered was still being written: later, all of it anew. */
class NotNow extends Error {
  readonly code = 'HF_NOT_NOW';
  override readonly name = 'NotNow';
}

/** No text in any encoding that JSON may have holds this byte. */
async function* textOnly(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of chunks) {
    if (isFirst && chunk.includes(0))
      throw new Unusable('is not text: unpack it if it is packed, write it as UTF-8 if it is UTF-16');
    isFirst = false;
    yield chunk;
  }
}

/** Names of files as they may be shown: whatever they are called, one line. */
const shownName = (name: string) => name.replace(/\p{Cc}/gu, '?');

/** Where an input stands: also what is called the same in two deliveries is listed for each; on a second try it is the same place. */
const placeOf = ({ delivery }: Claimed, name: string) => `${delivery}/${shownName(name)}`;

/** The line by which a rejected input can be mended and dropped again; none of what does not say one thing, or is no line. */
function lineToMend(input: EventInput): Uint8Array | undefined {
  if (input.line !== undefined) return input.line;
  const isClear = 'value' in input && input.problems === undefined;
  return isClear ? Buffer.from(JSON.stringify(input.value)) : undefined;
}

/** The file of lines to mend; it is there once there is one. */
function linesToMend(folder: string) {
  let handle: FileHandle | undefined;
  let lines = 0;
  return {
    get lines() {
      return lines;
    },
    async add(line: Uint8Array) {
      handle ??= await open(join(folder, linesToMendFile), 'w', 0o600);
      await handle.writeFile(Buffer.concat([line, Buffer.from('\n')]));
      lines += 1;
    },
    async close() {
      try {
        await handle?.sync();
      } finally {
        await handle?.close();
      }
    },
  };
}

/** The door, which remembers what came of a delivery. */
function remembering({ door, trials }: HungDoor, isStopped: () => boolean) {
  const places = new Map<string, Appended>();
  const clocks = new Map<string, ImportedClock>();
  const rejections: { where: string; problems: Problem[] }[] = [];
  let bytesOfRejections = 0;
  const counts = { accepted: 0, rejected: 0 };
  const inlet: Inlet = {
    judge: door.judge,
    async admit(accepted) {
      if (isStopped()) throw new NotNow('stopped');
      for (const place of await door.admit(accepted)) {
        const at = `${place.partition} ${place.trial}`;
        const { first = place.first, last = place.last } = places.get(at) ?? {};
        places.set(at, { ...place, first: Math.min(first, place.first), last: Math.max(last, place.last) });
      }
      counts.accepted += accepted.length;
      for (const { event, trial } of accepted) {
        const published = trials.get(trial);
        if (published?.protocol.clock !== 'imported') continue;
        const clock = clocks.get(trial) ?? importedClock(published.protocol);
        clocks.set(trial, clock);
        clock.see(event);
      }
    },
    async keepRejected(rejected) {
      await door.keepRejected(rejected);
      counts.rejected += rejected.length;
      for (const { trial, where, problems } of rejected) {
        if (rejections.length === mostRejectionsInReceipt || bytesOfRejections > mostBytesOfRejections) return;
        const protocol = trial === undefined ? undefined : trials.get(trial)?.protocol;
        const rejection = { where, problems: [...problemsInClear(problems, protocol, trials)] };
        rejections.push(rejection);
        bytesOfRejections += JSON.stringify(rejection).length;
      }
    },
  };
  return {
    inlet,
    counts,
    rejections,
    appended: () => [...places.values()],
    /** Of trials that are over no clock runs: its events turn it, as with `holdfast import`. */
    async turnClocks() {
      for (const [trial, clock] of clocks) {
        const date = clock.date();
        if (date !== undefined) await door.turnDay(trial, date);
      }
    },
  };
}

type Remembering = ReturnType<typeof remembering>;

async function takeEventFile(path: string, name: string, hung: HungDoor, into: Remembering, claimed: Claimed) {
  const mend = linesToMend(claimed.folder);
  try {
    const inputs = eventInputsIn(textOnly(createReadStream(path)), placeOf(claimed, name), largestArray);
    const { accepted, rejected } = await takeEvents(inputs, into.inlet, {
      trials: hung.trials,
      async onRejected(input) {
        const line = lineToMend(input);
        if (line !== undefined) await mend.add(line);
      },
    });
    if (accepted + rejected === 0) throw new Unusable('holds no event; look at what wrote it');
  } finally {
    await mend.close();
  }
  return { toMend: mend.lines };
}

async function takeTableFolder(path: string, { door, trials }: HungDoor, into: Remembering, folder: string) {
  const protocols = new Map([...trials].map(([trial, { protocol }]) => [trial, protocol]));
  const tables = await openImport({ mapping: join(path, mappingFile), directory: path, trials: protocols });
  let reconciliation: Reconciliation;
  try {
    const log = appending(into.inlet);
    const judge = judgeOf(door, tables.mapping, log.refuse);
    for await (const batch of tables.events(judge)) await log.take(batch);
    await log.flush();
    reconciliation = tables.reconciliation();
  } finally {
    await tables.close();
  }
  const { rejectedRows } = reconciliation;
  if (rejectedRows.length > 0) {
    const path = join(folder, rejectedRowsFile);
    await writeFile(path, rejectedRowsAsCsv(rejectedRows), { mode: 0o600, flush: true });
  }
  return {
    rows: rejectedRows.length,
    tables: reconciliation.tables.map(({ file, read, used, filtered, rejected }) => ({
      ...{ file, read, used, filtered, rejected },
    })),
  };
}

function isForLater(error: unknown): boolean {
  if (error instanceof LogError) return error.code !== 'HF_INVALID_REQUEST';
  if (error instanceof NoTrialKey || error instanceof NotNow) return true;
  return isPassing(error);
}

/** Why it can never be taken in as a whole; what is tried again is thrown. */
function whyUnusable(error: unknown, onDefect: (error: unknown) => void): string {
  if (isForLater(error)) throw error;
  if (error instanceof Unusable || error instanceof ImportError) return error.message;
  const code = codeOf(error);
  if (code === 'EACCES' || code === 'EPERM') return `cannot be read (${code}); give this service the right to`;
  onDefect(error);
  return 'met a defect of Holdfast, which the log of the service shows; keep it, and report the defect';
}

export type DeliveryOptions = {
  readonly now: () => Date;
  /** Whether the work is to end soon; then it is left for later. */
  readonly isStopped: () => boolean;
  /** Earlier deliveries of the content with this digest. */
  readonly sameAs: (digest: string) => Promise<readonly string[]>;
  readonly onDefect: (error: unknown) => void;
};

/** So often the server may die of a delivery, or while it is at it, in a row. */
const mostTries = 5;
const killedTheServer = `ended the server ${mostTries} times in a row while it was taken in, perhaps for want of memory; what of it was taken in by then stays. Drop it again in several smaller files, or give the server more memory`;

/** What is wrong with it as it lies there, before any of it is read. */
function flawOf(lying: Lying): string | undefined {
  const odd = lying.entries.find(({ is }) => is === 'neither');
  if (odd !== undefined)
    return `${odd.name === '' ? 'is' : `${shownName(odd.name)} in it is`} neither a file nor a folder (a link, perhaps); drop what it stands for`;
  if (lying.is === 'folder' && !hasMapping(lying)) return `has no ${mappingFile}; put the mapping beside its tables`;
  return undefined;
}

/**
 * Takes in what was claimed, and writes its receipt when all is durable. Whatever is tried again is taken in again from its
 * beginning: an event that comes twice counts once. Undefined if nothing was delivered after all.
 */
export async function takeDelivery(
  claimed: Claimed,
  hung: HungDoor,
  { now, isStopped, sameAs, onDefect }: DeliveryOptions,
): Promise<Receipt | undefined> {
  const { folder, delivery } = claimed;
  const [name] = await readdir(deliveredIn(folder)).catch((error) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  if (name === undefined) return undefined;
  const path = join(deliveredIn(folder), name);
  await removeLeft(folder);
  const taken = now().toISOString();
  const lying = await lyingAt(path);
  const into = remembering(hung, isStopped);
  const tries = await triesBegun(folder);
  let problem = flawOf(lying) ?? (tries > mostTries ? killedTheServer : undefined);
  let came: { toMend?: number; rows?: number; tables?: Receipt['tables'] } = {};
  let files: Receipt['files'] = [];
  try {
    files = [...(await hashed(lying, name))];
    if (problem === undefined)
      came =
        lying.is === 'file'
          ? await takeEventFile(path, name, hung, into, claimed)
          : await takeTableFolder(path, hung, into, folder);
  } catch (error) {
    problem = whyUnusable(error, onDefect);
  }
  if (!isUnchanged(lying, await lyingAt(path))) throw new NotNow('it was still being written');
  await into.turnClocks();
  if (problem !== undefined) {
    // In a message about tables there may be a value of theirs: it stands in the receipt alone.
    const why = lying.is === 'folder' ? 'could not be taken in; its receipt says why' : problem;
    const whole = {
      trial: undefined,
      where: placeOf(claimed, name),
      problems: [{ path: '', message: why }],
      input: undefined,
    };
    await hung.door.keepRejected([whole]);
  }
  const sha256 = digestOf(lying, files);
  const isWhole = problem === undefined && into.counts.rejected + (came.rows ?? 0) === 0;
  const receipt: Receipt = {
    format: 'holdfast-receipt/1',
    delivery,
    id: `${delivery}-${sha256.slice(0, 16)}`,
    name,
    kind: ({ file: 'events', folder: 'tables', neither: 'neither' } as const)[lying.is],
    outcome: isWhole ? 'done' : 'failed',
    taken,
    finished: now().toISOString(),
    sha256,
    files: [...files],
    sameAs: [...(await sameAs(sha256.slice(0, 16)))],
    ...into.counts,
    appended: into.appended(),
    ...(problem === undefined ? {} : { problem }),
    rejections: into.rejections,
    toMend: came.toMend ?? 0,
    ...(came.tables === undefined ? {} : { tables: [...came.tables] }),
  };
  await writeReceipt(folder, receipt);
  return receipt;
}
