// One process (or worker thread) of a test: `node one.mjs WORK ROOT …`. It uses the built package, as a process of its own does.
import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { embeddedEventLog } from '../../../dist/embedded/index.js';

const [work, root, ...more] = isMainThread ? process.argv.slice(2) : workerData;

/** At once, so that what was said is heard even if the process is killed. */
function say(message) {
  if (isMainThread) writeSync(1, `${JSON.stringify(message)}\n`);
  else parentPort.postMessage(message);
}

const open = (options) => embeddedEventLog({ dir: join(root, 'open'), closedDir: join(root, 'closed'), ...options });

const numbered = (n) => {
  const body = Buffer.concat([Buffer.from(`${n}:`), randomBytes((n * 37) % 900)]);
  const value = Buffer.alloc(body.length + 4);
  value.writeUInt32LE(crc32(body));
  body.copy(value, 4);
  return { key: `k${n % 50}`, value };
};

const works = {
  /** Appends numbered records for ever, in calls of all sizes, several under way at once; says up to where they are acknowledged. */
  async append(from) {
    const log = await open();
    let next = Number(from);
    const lane = async () => {
      for (;;) {
        const first = next;
        next += 1 + ((next * 7) % 60);
        const last = next - 1;
        await log.append(
          't',
          Array.from({ length: last - first + 1 }, (_, i) => numbered(first + i)),
        );
        say({ first, last });
      }
    };
    await Promise.all([lane(), lane(), lane()]);
  },

  /** Reads the topic while others write, until it has seen so many records. */
  async read(records, mapBytes) {
    const log = await open({ readOnly: true, mapBytes: Number(mapBytes) });
    const next = [0, 0];
    let seen = 0;
    let wrong = 0;
    let looks = 0;
    while (seen < Number(records)) {
      for (const partition of [0, 1]) {
        const found = await log.read('t', partition, next[partition], { records: 2_000, bytes: 1e7 });
        for (const { offset, value } of found) {
          if (offset !== next[partition] || value.length !== 1_000 || value.some((byte) => byte !== offset % 251))
            wrong += 1;
          next[partition] = offset + 1;
        }
        seen += found.length;
      }
      looks += 1;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await log.close();
    say({ seen, wrong, looks });
  },

  /** Opens and closes the log again and again, as short commands do beside a running service. */
  async reopen(ms, readOnly) {
    const until = Date.now() + Number(ms);
    let times = 0;
    while (Date.now() < until) {
      const log = await open({ readOnly: readOnly === 'true' });
      await log.ends('t');
      await log.close();
      times += 1;
    }
    say({ times });
  },

  /** Joins a group and stays. */
  async member() {
    const log = await open();
    try {
      await log.join('g', 't', {
        assigned: async () => 0,
        batch: async () => undefined,
        revoked: async () => undefined,
      });
      say({ joined: process.pid });
    } catch (error) {
      say({ code: error.code, message: error.message });
      await log.close();
    }
  },

  /** Uses everything, closes, and ends by itself if nothing is left open. */
  async once() {
    const log = await open();
    await log.createTopic({ name: 't', partitions: 2, access: 'open' });
    const got = new Promise((resolve) => {
      log.join('g', 't', { assigned: async () => 0, batch: async () => resolve(), revoked: async () => undefined });
    });
    await log.append('t', [numbered(1)]);
    await got;
    await log.close();
    const files = readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return '';
      }
    });
    say({ left: files.filter((file) => file.startsWith(root)) });
  },

  /** Appends in a small file system until it is full, then once more when there is room again. */
  async fill() {
    const filler = join(root, 'filler');
    const log = await open();
    await log.createTopic({ name: 't', partitions: 1, access: 'open' });
    writeFileSync(filler, Buffer.alloc(2 * 1024 * 1024));
    let acknowledged = 0;
    let failure;
    while (!failure) {
      const call = Array.from({ length: 100 }, (_, i) => numbered(acknowledged + i));
      failure = await log.append('t', call).then(
        () => undefined,
        (error) => error,
      );
      if (!failure) acknowledged += call.length;
    }
    const again = await log
      .append(
        't',
        Array.from({ length: 500 }, (_, i) => numbered(i)),
      )
      .catch((error) => error);
    const readable = (await log.read('t', 0, 0, { records: 1e6, bytes: 1e9 })).length;
    const reader = await open({ readOnly: true });
    const readableAnew = (await reader.read('t', 0, 0, { records: 1e6, bytes: 1e9 })).length;
    await reader.close();
    rmSync(filler);
    const [after] = await log.append('t', [numbered(acknowledged)]);
    await log.close();
    const { code, message, retryable } = failure;
    say({ acknowledged, code, message, retryable, again: again.code, readable, readableAnew, after });
  },

  /** Opens as a user who may not. */
  async openAsNobody() {
    process.setuid(65534);
    const error = await open().then(
      () => undefined,
      (caught) => caught,
    );
    say({ code: error?.code, message: error?.message });
  },

  /** Appends some calls and ends. */
  async some(calls) {
    const log = await open();
    for (let i = 0; i < Number(calls); i += 1) await log.append('t', [numbered(i)]);
    await log.close();
    say({ done: true });
  },
};

await works[work](...more);
