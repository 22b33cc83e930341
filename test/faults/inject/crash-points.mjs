// `node --import` of this file puts the crash points into a process of Holdfast, its threads included, at the seams that it has anyway:
// the event log, the object store, what a commit is to LMDB and DuckDB, and the answer of a request. Nothing in Holdfast knows of it.

import fs from 'node:fs';
import { ServerResponse } from 'node:http';
import { createRequire, register, syncBuiltinESMExports } from 'node:module';
import { between, pass } from './crash.mjs';

register('./resolve.mjs', import.meta.url);

const shards = createRequire(new URL('../../../packages/shards/package.json', import.meta.url));
const { DuckDBConnection } = shards('@duckdb/node-api');
const { run } = DuckDBConnection.prototype;
DuckDBConnection.prototype.run = function (sql, ...more) {
  const runs = () => run.call(this, sql, ...more);
  return sql === 'COMMIT' ? between('commit', runs) : runs();
};

// How the file of a log that was written anew takes its place.
const { renameSync } = fs;
fs.renameSync = (from, to) => {
  const isOfLog = String(to).endsWith('data.mdb');
  if (isOfLog) pass('before-rename');
  renameSync(from, to);
  if (isOfLog) pass('after-rename');
};
syncBuiltinESMExports();

const { end } = ServerResponse.prototype;
ServerResponse.prototype.end = function (...body) {
  if (this.req.method !== 'POST' || this.statusCode !== 202) return end.apply(this, body);
  pass('before-acknowledgement');
  this.once('finish', () => pass('after-acknowledgement'));
  return end.apply(this, body);
};
