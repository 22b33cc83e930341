import { pass } from './crash.mjs';
import { failSync } from './failing-sync.mjs';

const lmdb = await import(new URL(import.meta.url).searchParams.get('wraps'));

/** A transaction of LMDB writes and syncs in one call: before it all is in the transaction and nothing on disk, after it all is. */
export function open(options) {
  const db = lmdb.open(options);
  const { transactionSync } = db;
  db.transactionSync = (change) => {
    const result = transactionSync.call(db, () => {
      const changed = change();
      pass('before-sync');
      failSync();
      return changed;
    });
    pass('after-sync');
    return result;
  };
  return db;
}
