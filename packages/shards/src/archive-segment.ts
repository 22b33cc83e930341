import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { temporaryFolder } from '@holdfast/processes';
import { openScratch, quoted, sql } from './duckdb.ts';

/** A log record in the archive: its offset, and its canonical JSON text as it stands in the log. */
export type ArchivedRecord = { readonly offset: number; readonly record: string };

/** A file is no archive segment, or holds other columns than one has. */
export class SegmentUnreadable extends Error {
  readonly code = 'HF_SEGMENT_UNREADABLE';
  override readonly name = 'SegmentUnreadable';
}

/**
 * The columns that every reader of Parquet finds without knowing of Holdfast; times are text as written, since an event's day is the
 * civil date as written. One thread, a fixed order and fixed sizes: equal records give equal bytes, whoever writes them.
 */
const copySegment = (file: string) => sql`
  COPY (
    SELECT
      $1::VARCHAR                 AS trial,
      $2::INTEGER                 AS "partition",
      "offset",
      record ->> '$.receivedtime' AS receivedtime,
      record ->> '$.recordedtime' AS recordedtime,
      record ->> '$.time'         AS time,
      record ->> '$.type'         AS type,
      record ->> '$.source'       AS source,
      record ->> '$.id'           AS id,
      record ->> '$.subject'      AS subject,
      record
    FROM records
    ORDER BY "offset"
  ) TO ${quoted(file)} (FORMAT parquet, PARQUET_VERSION v1, COMPRESSION zstd, ROW_GROUP_SIZE 20480)
`;

async function withScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await temporaryFolder('segment');
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const rowsAtOnce = 5_000;

/** The bytes of the Parquet file that holds these records of one partition: a function of what it is given. */
export function segmentOf(
  { trial, partition }: { readonly trial: string; readonly partition: number },
  records: Iterable<ArchivedRecord>,
): Promise<Uint8Array> {
  return withScratch(async (folder) => {
    const file = join(folder, 'segment.parquet');
    const { connection, close } = await openScratch(folder);
    try {
      await connection.run(sql`CREATE TABLE records ("offset" BIGINT NOT NULL, record VARCHAR NOT NULL)`);
      const appender = await connection.createAppender('records');
      try {
        let appended = 0;
        for (const { offset, record } of records) {
          appender.appendBigInt(BigInt(offset));
          appender.appendVarchar(record);
          appender.endRow();
          appended += 1;
          // Whoever shares the thread, folding maybe, has its turn between runs of rows.
          if (appended % rowsAtOnce === 0) {
            appender.flushSync();
            await nextTurn();
          }
        }
      } finally {
        appender.closeSync();
      }
      await connection.run(copySegment(file), [trial, partition]);
    } finally {
      close();
    }
    return readFile(file);
  });
}

/** The records of a segment, in order of their offsets. */
export const recordsOfSegment = (bytes: Uint8Array): Promise<ArchivedRecord[]> =>
  readSegment(bytes, sql`ORDER BY "offset"`);

/** The last record of a segment; undefined of one without records. */
export async function lastOfSegment(bytes: Uint8Array): Promise<ArchivedRecord | undefined> {
  return (await readSegment(bytes, sql`ORDER BY "offset" DESC LIMIT 1`))[0];
}

function readSegment(bytes: Uint8Array, which: string): Promise<ArchivedRecord[]> {
  return withScratch(async (folder) => {
    const file = join(folder, 'segment.parquet');
    await writeFile(file, bytes);
    const { connection, close } = await openScratch(folder);
    try {
      const result = await connection.stream(
        sql`SELECT "offset"::DOUBLE, record FROM read_parquet(${quoted(file)}) ${which}`,
      );
      const records: ArchivedRecord[] = [];
      for await (const rows of result.yieldRows())
        for (const [offset, record] of rows) records.push({ offset: offset as number, record: record as string });
      return records;
    } catch (cause) {
      throw new SegmentUnreadable(
        `an archive segment cannot be read (${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}); it was not written by Holdfast, or by a newer one`,
        { cause },
      );
    } finally {
      close();
    }
  });
}
