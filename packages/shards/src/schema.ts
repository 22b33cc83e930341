import { sql } from './duckdb.ts';

/** Format of a shard's tables. A shard of another format is rebuilt from the log. */
export const shardFormat = 2;

/** What a shard keeps. No secondary indexes, and a primary key only where single rows are looked up. */
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
    clock            INTEGER,
    sequence         BIGINT  NOT NULL
  );

  -- Compact evidence: everything the fold needs of a participant, found at once.
  CREATE TABLE evidence (
    participant VARCHAR PRIMARY KEY,
    open        VARCHAR NOT NULL,
    sealed      BLOB
  );

  -- What the fold made of it. Spells run from from_day to to_day; first events have both equal.
  CREATE TABLE facts (
    participant VARCHAR NOT NULL,
    arm         VARCHAR NOT NULL,
    site        VARCHAR NOT NULL,
    measure     VARCHAR NOT NULL,
    kind        VARCHAR NOT NULL,
    window_days INTEGER NOT NULL,
    policy      VARCHAR NOT NULL,
    from_day    INTEGER NOT NULL,
    to_day      INTEGER NOT NULL,
    n           INTEGER NOT NULL
  );

  -- Tallies add up: a cell's value is the sum of its rows. Batches append; claims gather the rows into one.
  CREATE TABLE tallies (
    measure     VARCHAR NOT NULL,
    kind        VARCHAR NOT NULL,
    window_days INTEGER NOT NULL,
    policy      VARCHAR NOT NULL,
    axis        VARCHAR NOT NULL,
    arm         VARCHAR NOT NULL,
    site        VARCHAR NOT NULL,
    day         INTEGER NOT NULL,
    n           INTEGER NOT NULL
  );

  -- The differences of the last batch, as they are published. An owner that opens the shard claims instead, and clears them.
  CREATE TABLE outbox (
    sequence BIGINT  NOT NULL,
    side     VARCHAR NOT NULL,
    record   VARCHAR NOT NULL
  );
`;

/** Where a batch is laid out before SQL takes it over; temporary, so nothing of it is logged or kept. */
export const createStage = sql`
  CREATE TEMP TABLE stage_facts (
    participant VARCHAR, arm VARCHAR, site VARCHAR, measure VARCHAR, kind VARCHAR,
    window_days INTEGER, policy VARCHAR, from_day INTEGER, to_day INTEGER, n INTEGER
  );
  CREATE TEMP TABLE touched (participant VARCHAR);
  CREATE TEMP TABLE difference (
    measure VARCHAR, kind VARCHAR, window_days INTEGER, policy VARCHAR, axis VARCHAR,
    arm VARCHAR, site VARCHAR, day INTEGER, n INTEGER
  );
`;

export const emptyStage = [sql`DELETE FROM stage_facts`, sql`DELETE FROM touched`, sql`DELETE FROM difference`];

/** Evidence of participants, given as three lists of equal length. */
export const upsertEvidence = sql`
  INSERT INTO evidence
  SELECT unnest($1), unnest($2), unnest($3)
  ON CONFLICT (participant) DO UPDATE SET open = excluded.open, sealed = excluded.sealed
`;

/** The kinds whose rows are spells; the others are counted on their day alone. */
const spellKinds = sql`('abstinent', 'assessable', 'events', 'person-days', 'mature', 'randomised')`;

/**
 * Replaces the facts of the touched participants and adds the difference to the tallies. A spell from a to b is +n at a and
 * −n at b + 1, and a curve is a running sum: there is no table of participant-days.
 */
export const applyBatch = [
  sql`
    INSERT INTO difference
    WITH replaced AS (
      SELECT * FROM stage_facts
      UNION ALL
      SELECT * REPLACE (-n AS n) FROM facts SEMI JOIN touched USING (participant)
    ),
    marks AS (
      SELECT measure, kind, window_days, policy, arm, site, from_day AS day, n FROM replaced
      UNION ALL
      SELECT measure, kind, window_days, policy, arm, site, to_day + 1 AS day, -n AS n FROM replaced WHERE kind IN ${spellKinds}
    )
    SELECT measure, kind, window_days, policy, 'study' AS axis, arm, site, day, sum(n)::INTEGER AS n
    FROM marks
    GROUP BY measure, kind, window_days, policy, arm, site, day
    HAVING sum(n) <> 0
  `,
  sql`DELETE FROM facts USING touched WHERE facts.participant = touched.participant`,
  sql`INSERT INTO facts SELECT * FROM stage_facts`,
  sql`INSERT INTO tallies SELECT * FROM difference`,
];

export const readDifference = sql`
  SELECT measure, kind, window_days, policy, axis, arm, site, list(day ORDER BY day) AS days, list(n ORDER BY day) AS counts
  FROM difference
  GROUP BY measure, kind, window_days, policy, axis, arm, site
  ORDER BY measure, kind, window_days, policy, axis, arm, site
`;

/** A claim reads every tally; it also gathers the rows that batches appended, so that the table does not grow for ever. */
export const gatherTallies = sql`
  CREATE OR REPLACE TEMP TABLE gathered AS
  SELECT measure, kind, window_days, policy, axis, arm, site, day, sum(n)::INTEGER AS n
  FROM tallies
  GROUP BY measure, kind, window_days, policy, axis, arm, site, day
  HAVING sum(n) <> 0;
  DELETE FROM tallies;
  INSERT INTO tallies SELECT * FROM gathered;
  DROP TABLE gathered;
`;

export const readTallies = sql`
  SELECT measure, kind, window_days, policy, axis, arm, site, list(day ORDER BY day) AS days, list(n ORDER BY day) AS counts
  FROM (
    SELECT measure, kind, window_days, policy, axis, arm, site, day, sum(n)::INTEGER AS n
    FROM tallies
    GROUP BY measure, kind, window_days, policy, axis, arm, site, day
    HAVING sum(n) <> 0
  )
  GROUP BY measure, kind, window_days, policy, axis, arm, site
  ORDER BY measure, kind, window_days, policy, axis, arm, site
`;
