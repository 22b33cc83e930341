import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { DuckDBAppender } from '@duckdb/node-api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { append } from './append.ts';
import { type Database, openDatabase, transaction } from './duckdb.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let folder: string;
let database: Database;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-append-'));
  database = await openDatabase(join(folder, 'x.duckdb'), { memoryLimit: '256MB', threads: 1 });
  await database.connection.run('CREATE TABLE t (n INTEGER NOT NULL)');
});
afterEach(async () => {
  database.close();
  await rm(folder, { recursive: true });
});

const put = (appender: DuckDBAppender) => {
  for (let n = 0; n < 10; n += 1) {
    appender.appendInteger(n);
    appender.endRow();
  }
};
/** What makes DuckDB give up the transaction, as a full disk would. */
const abort = () => database.connection.run(`SELECT error('no more')`);

async function rowsAfter(rows: (appender: DuckDBAppender) => Promise<void>): Promise<unknown> {
  await expect(transaction(database.connection, () => append(database.connection, 't', rows))).rejects.toThrow();
  for (let times = 0; times < 5; times += 1) {
    collectGarbage();
    await pause(10);
  }
  return (await database.connection.runAndReadAll('SELECT count(*)::INTEGER FROM t')).getRows()[0]?.[0];
}

test('of rows that were pending when their transaction was given up none is ever there, and the reason is told', async () => {
  const pending = async (appender: DuckDBAppender) => {
    put(appender);
    await abort();
  };
  expect(await rowsAfter(pending)).toBe(0);
  const told = transaction(database.connection, () => append(database.connection, 't', pending));
  await expect(told).rejects.toThrow('no more');
});

test('nor is any if a row is half there, or if it is the last rows that cannot be written', async () => {
  const half = async (appender: DuckDBAppender) => {
    put(appender);
    appender.appendNull();
    appender.endRow();
    await abort();
  };
  expect(await rowsAfter(half)).toBe(0);
  const last = async (appender: DuckDBAppender) => {
    put(appender);
    await abort().catch(() => undefined);
  };
  expect(await rowsAfter(last)).toBe(0);
});
