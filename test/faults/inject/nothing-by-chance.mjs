// `node --import` of this file makes a process repeat itself to the byte: its clock stands still, and its ids are counted. Two runs
// then differ by what they were given, and by what cryptography draws.
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { performance } from 'node:perf_hooks';
import { threadId } from 'node:worker_threads';

const now = Date.parse(process.env.NOW);
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...time) {
    super(...(time.length === 0 ? [now] : time));
  }
  static now() {
    return now;
  }
};
performance.now = () => 0;

let ids = 0;
/** Of 12 digits, which is what names a holder of the log, four tell the thread. */
crypto.randomUUID = () => {
  ids += 1;
  const [thread, count] = [threadId, ids].map((n) => n.toString(16).padStart(4, '0'));
  return `${thread}${count}-0000-4000-8000-000000000000`;
};
syncBuiltinESMExports();
