// `node --import` of this file makes a process tell the time wrongly: by `CLOCK_IS_OFF_BY` milliseconds, or, with several of them
// between commas, by one after the other, each for `CLOCK_JUMPS_EVERY` milliseconds. What counts how long something takes is right.
import { performance } from 'node:perf_hooks';

const errors = process.env.CLOCK_IS_OFF_BY.split(',').map(Number);
const every = Number(process.env.CLOCK_JUMPS_EVERY ?? Number.POSITIVE_INFINITY);
const RealDate = Date;
const now = () => RealDate.now() + errors[Math.floor(performance.now() / every) % errors.length];
globalThis.Date = class extends RealDate {
  constructor(...time) {
    super(...(time.length === 0 ? [now()] : time));
  }
  static now() {
    return now();
  }
};
