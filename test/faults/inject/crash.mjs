import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

// Where a process of a test may be killed. `CRASH_AT=before-commit:3` kills it when it passes that point the third time.
export const crashPoints = [
  'before-append',
  'after-append',
  'before-sync',
  'after-sync',
  'before-acknowledgement',
  'after-acknowledgement',
  'before-commit',
  'after-commit',
  'before-publication',
  'after-publication',
  'before-claim',
  'after-claim',
  'before-archive',
  'after-archive',
  'before-snapshot',
  'after-snapshot',
  'before-cut',
  'after-cut',
  'before-removal',
  'after-removal',
  'before-rename',
  'after-rename',
];

const [wanted = '', passing = '1'] = (process.env.CRASH_AT ?? '').split(':');
if (wanted !== '' && !crashPoints.includes(wanted)) throw new Error(`there is no crash point ${wanted}`);
/** How often the point was passed, counted over all threads. */
if (isMainThread) setEnvironmentData('passed', new SharedArrayBuffer(4));
const passed = new Int32Array(getEnvironmentData('passed'));

/** The process passes a point: it ends here without another word if it was to be killed at it. */
export function pass(point) {
  if (point !== wanted) return;
  if (Atomics.add(passed, 0, 1) + 1 === Number(passing)) process.kill(process.pid, 'SIGKILL');
}

/** Does the work between the points before and after it. */
export async function between(what, work) {
  pass(`before-${what}`);
  const result = await work();
  pass(`after-${what}`);
  return result;
}
