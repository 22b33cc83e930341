import { sql } from './duckdb.ts';

/** Format of a shard's tables. A shard of another format is rebuilt from the log. */
export const shardFormat = 7;

/**
 * What a shard keeps. Participants and cells are known by numbers that the shard gives them: what is looked up, joined and grouped
 * for each batch is integers. No indexes: rows are only appended, deleted and summed, so a batch costs what it brings.
 */
export const createTables = sql`
  -- How far the shard has come, and what made it: one row.
  CREATE TABLE shard (
    format           INTEGER NOT NULL,
    fold_version     INTEGER NOT NULL,
    protocol_version INTEGER NOT NULL,
    protocol_digest  VARCHAR NOT NULL,
    log_id           VARCHAR NOT NULL,
    refill_to        BIGINT  NOT NULL,
    next_offset      BIGINT  NOT NULL,
    chain            VARCHAR NOT NULL,
    last_record      VARCHAR NOT NULL,
    clock            INTEGER,
    sequence         BIGINT  NOT NULL
  );

  -- The numbers of participants.
  CREATE TABLE participants (
    number      INTEGER NOT NULL,
    participant VARCHAR NOT NULL
  );

  -- The numbers of cells: what is counted, of whom; everything that keys a tally but its day.
  CREATE TABLE cells (
    number      INTEGER NOT NULL,
    measure     VARCHAR NOT NULL,
    kind        VARCHAR NOT NULL,
    window_days INTEGER NOT NULL,
    policy      VARCHAR NOT NULL,
    item        VARCHAR NOT NULL,
    fraction_of INTEGER NOT NULL,
    axis        VARCHAR NOT NULL,
    arm         VARCHAR NOT NULL,
    site        VARCHAR NOT NULL,
    groups      VARCHAR NOT NULL
  );

  -- Compact evidence, all that the fold needs: what each batch brought of a participant that was not known.
  CREATE TABLE evidence (
    participant INTEGER NOT NULL,
    open        VARCHAR NOT NULL,
    sealed      BLOB
  );

  -- Tallies add up: a cell's value is the sum of its rows. Batches append their differences, and those of the newest sequence are
  -- the outbox; a claim gathers all rows into one a day, under sequence 0, for it says everything again.
  CREATE TABLE tallies (
    cell     INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    n        INTEGER NOT NULL,
    sequence BIGINT  NOT NULL
  );
`;

/** All that a batch makes is written; what remains is this one row. */
export const moveOn = sql`UPDATE shard SET next_offset = $1, chain = $2, last_record = $3, clock = $4, sequence = $5`;

/** A claim reads every tally; it also gathers the rows that batches appended, so that the table does not grow for ever. */
export const gatherTallies = sql`
  CREATE OR REPLACE TEMP TABLE gathered AS
  SELECT cell, day, sum(n)::INTEGER AS n
  FROM tallies
  GROUP BY cell, day
  HAVING sum(n) <> 0;
  DELETE FROM tallies;
  INSERT INTO tallies SELECT cell, day, n, 0 FROM gathered;
  DROP TABLE gathered;
`;

export const readTallies = sql`
  SELECT cell, day, sum(n)::INTEGER AS n
  FROM tallies
  GROUP BY cell, day
  HAVING sum(n) <> 0
  ORDER BY cell, day
`;
