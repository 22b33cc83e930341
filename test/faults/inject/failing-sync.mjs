// `SYNC_FAILS=5`: every fifth sync of a thread fails, as it does on a disk that is going, after the first that it takes to start.
const every = Number(process.env.SYNC_FAILS ?? Number.POSITIVE_INFINITY);
const spared = 20;
let syncs = 0;

export function failSync() {
  syncs += 1;
  if (syncs > spared && syncs % every === 0) throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 5 });
}
