import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  BLOB,
  blobValue,
  type DuckDBBlobValue,
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBResultReader,
  LIST,
  listValue,
  VARCHAR,
} from '@duckdb/node-api';
import { type CivilDay, canonicalJson, dateOf, type Protocol, sha256 } from '@holdfast/events';
import {
  factsOf,
  foldVersion,
  type History,
  isOpenMeasure,
  type Observation,
  type SettledHistory,
  settle,
} from '@holdfast/outcomes';
import { addUp, type CellTally, cellsOf, type Difference, noTallies, type Position } from '@holdfast/tallies';
import { openDatabase, sql, transaction } from './duckdb.ts';
import { evidenceText, readEvidence } from './evidence-text.ts';
import { type PutFact, putFacts } from './put-facts.ts';
import {
  applyBatch,
  createStage,
  createTables,
  emptyStage,
  gatherTallies,
  readDifference,
  readTallies,
  shardFormat,
  upsertEvidence,
} from './schema.ts';

/** What hides closed content in a shard's file: how sealed evidence is written, and by which token an arm is known. */
export type Vault = {
  protect(text: string): Uint8Array;
  reveal(bytes: Uint8Array): string;
  armToken(arm: string): string;
};

/** What arrived of one participant. */
export type Arrivals = { readonly open: Observation<'open'>[]; readonly sealed: Observation<'sealed'>[] };

/** A run of log records of the shard's partition, decoded. */
export type Batch = {
  /** Offset of the first record after the batch. */
  readonly nextOffset: number;
  /** Head of the hash chain after the batch. */
  readonly chain: string;
  readonly arrivals: ReadonlyMap<string, Arrivals>;
  /** The newest date that the batch says has begun. */
  readonly clock: CivilDay | undefined;
};

/** Tally differences of a batch, for both sides of the blind; both carry the same sequence. */
export type Differences = { readonly open: Difference; readonly closed: Difference };

/** The state of one partition of one trial. One owner; one transaction a batch. */
export interface Shard {
  readonly position: Position & { readonly sequence: number; readonly chain: string };
  /** Until the shard has come to this offset it is being refilled from the log, and its tallies are no answer to anything. */
  readonly refillTo: number;
  /** Takes in a batch: offset, evidence, facts, tallies and outbox commit together, or nothing does. */
  apply(batch: Batch): Promise<Differences>;
  /** All tallies at the position: by arm token for the closed side; open measures without arm for the open side. */
  tallies(): Promise<{ open: CellTally[]; closed: CellTally[] }>;
  close(): Promise<void>;
}

export type ShardOptions = {
  readonly file: string;
  /** Names the claims and differences of this opening; never used twice. */
  readonly owner: string;
  /** Identity of the log topic that the offsets are of: an offset of another topic would silently point into this one. */
  readonly logId: string;
  /** Where the log ends now: a shard that is begun anew counts as refilling until it has come so far. */
  readonly logEnd: number;
  readonly protocol: Protocol;
  readonly vault: Vault;
  readonly memoryLimit?: string;
};

/** Participants folded before their facts go to DuckDB: bounds memory when a day turns for everybody. */
const participantsPerStage = 100;
/** Settled histories that a shard holds in memory; of further participants the evidence is read again when a day turns. */
const mostSettled = 2_000;

type State = {
  offset: number;
  chain: string;
  clock: CivilDay | undefined;
  sequence: number;
  readonly refillTo: number;
};

/** Opens a shard, or begins it. One made by another fold, protocol, format or log is begun anew: its offset is 0, and the log refills it. */
export async function openShard(options: ShardOptions): Promise<Shard> {
  const { file, owner, logId, logEnd, protocol, vault, memoryLimit = '512MB' } = options;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const digest = sha256(canonicalJson(protocol));
  let database = await openDatabase(file, { memoryLimit, threads: 1 });
  let state = await readState(database.connection, digest, logId);
  if (state === undefined) {
    database.close();
    await removeShard(file);
    database = await openDatabase(file, { memoryLimit, threads: 1 });
    state = await begin(database.connection, protocol, digest, logId, logEnd);
  }
  const { connection } = database;
  await connection.run(createStage);
  // Planned once: a batch of few events costs little more than its statements.
  const prepareAll = async (statements: readonly string[]) => {
    const all: DuckDBPreparedStatement[] = [];
    for (const statement of statements) all.push(await connection.prepare(statement));
    return all;
  };
  const prepared = {
    emptyStage: await prepareAll(emptyStage),
    applyBatch: await prepareAll(applyBatch),
    upsertEvidence: await connection.prepare(upsertEvidence),
    readDifference: await connection.prepare(readDifference),
  };
  // What an earlier owner left unpublished is part of the claim that this opening begins with.
  await connection.run('DELETE FROM outbox');

  const openMeasures = new Set(
    protocol.measures.filter((measure) => isOpenMeasure(measure, protocol)).map(({ id }) => id),
  );
  const toOpen = (cells: readonly CellTally[]) =>
    cellsOf(
      addUp(
        noTallies,
        cells.filter(({ measure }) => openMeasures.has(measure)).map((cell) => ({ ...cell, arm: '' })),
      ),
    );

  const foldInto = async (histories: Iterable<SettledHistory>, clock: CivilDay | undefined): Promise<void> => {
    const [facts, touched] = [
      await connection.createAppender('stage_facts', 'main', 'temp'),
      await connection.createAppender('touched', 'main', 'temp'),
    ];
    try {
      for (const history of histories) {
        touched.appendVarchar(history.participant);
        touched.endRow();
        const { open, closed } = factsOf(protocol, history, clock);
        const arm = closed.arm === undefined ? '' : vault.armToken(closed.arm);
        const site = open.site ?? '';
        const put: PutFact = (measure, kind, window, policy, from, to, n) => {
          facts.appendVarchar(history.participant);
          facts.appendVarchar(arm);
          facts.appendVarchar(site);
          facts.appendVarchar(measure);
          facts.appendVarchar(kind);
          facts.appendInteger(window);
          facts.appendVarchar(policy);
          facts.appendInteger(from);
          facts.appendInteger(to);
          facts.appendInteger(n);
          facts.endRow();
        };
        putFacts(open, put);
        putFacts(closed, put);
      }
    } finally {
      // Rows left in an appender would be committed by its closing later, even after a rollback.
      facts.closeSync();
      touched.closeSync();
    }
  };

  const keepEvidence = async (histories: readonly History[]): Promise<void> => {
    if (histories.length === 0) return;
    const sealed = histories.map((history) =>
      history.sealed.length === 0 ? null : blobValue(vault.protect(evidenceText(history.sealed))),
    );
    prepared.upsertEvidence.bind(
      [
        listValue(histories.map(({ participant }) => participant)),
        listValue(histories.map(({ open }) => evidenceText(open))),
        listValue(sealed),
      ],
      [LIST(VARCHAR), LIST(VARCHAR), LIST(BLOB)],
    );
    await prepared.upsertEvidence.run();
  };

  const readHistory = ([participant, open, sealed]: readonly unknown[]): History => ({
    participant: participant as string,
    open: readEvidence(open as string, 'open'),
    sealed: sealed === null ? [] : readEvidence(vault.reveal((sealed as DuckDBBlobValue).bytes), 'sealed'),
  });

  const held = async (participants: readonly string[]): Promise<Map<string, History>> => {
    if (participants.length === 0) return new Map();
    const found = await connection.runAndReadAll(
      `SELECT participant, open, sealed FROM evidence WHERE participant IN (${participants.map((_, i) => `$${i + 1}`).join(', ')})`,
      [...participants],
    );
    return new Map(found.getRows().map((row) => [row[0] as string, readHistory(row)]));
  };

  /** Everybody of whom there is evidence: of a newcomer nothing need be looked up. */
  const known = new Set(
    (await connection.runAndReadAll('SELECT participant FROM evidence')).getRows().map(([name]) => name as string),
  );
  /** Histories as they were last settled: when a day turns, only the clock has changed for almost everybody. */
  const settled = new Map<string, SettledHistory>();
  const settleAgain = (history: History): SettledHistory => {
    const { participant } = history;
    const again = settle(protocol, history);
    settled.delete(participant);
    settled.set(participant, again);
    if (settled.size > mostSettled) for (const oldest of settled.keys()) if (settled.delete(oldest)) break;
    return again;
  };

  const merged = async (arrivals: ReadonlyMap<string, Arrivals>): Promise<History[]> => {
    const before = await held([...arrivals.keys()].filter((participant) => known.has(participant)));
    return [...arrivals].map(([participant, { open, sealed }]) => {
      const history = before.get(participant);
      return { participant, open: distinct(history?.open, open), sealed: distinct(history?.sealed, sealed) };
    });
  };

  /** A day that turns moves everybody: all participants are folded again, in stages. */
  const foldEverybody = async (clock: CivilDay | undefined): Promise<void> => {
    const everybody = [...known].sort();
    for (let i = 0; i < everybody.length; i += participantsPerStage) {
      const names = everybody.slice(i, i + participantsPerStage);
      const atHand = names.flatMap((name) => settled.get(name) ?? []);
      const others = await held(names.filter((name) => !settled.has(name)));
      await foldInto([...atHand, ...[...others.values()].map((history) => settle(protocol, history))], clock);
    }
  };

  const current = state;
  const positionAt = ({ offset, clock }: State): Position => ({
    offset,
    asOf: clock === undefined ? null : dateOf(clock),
    protocolVersion: protocol.version,
    foldVersion,
  });

  return {
    get position() {
      return { ...positionAt(current), sequence: current.sequence, chain: current.chain };
    },

    get refillTo() {
      return current.refillTo;
    },

    async apply(batch) {
      const turned = batch.clock !== undefined && (current.clock === undefined || batch.clock > current.clock);
      const next: State = {
        offset: batch.nextOffset,
        chain: batch.chain,
        clock: turned ? batch.clock : current.clock,
        sequence: current.sequence + 1,
        refillTo: current.refillTo,
      };
      const differences = await transaction(connection, async () => {
        await runAll(prepared.emptyStage);
        const histories = await merged(batch.arrivals);
        await keepEvidence(histories);
        const touched = histories.map(settleAgain);
        for (const { participant } of histories) known.add(participant);
        if (turned) await foldEverybody(next.clock);
        else await foldInto(touched, next.clock);
        await runAll(prepared.applyBatch);
        const cells = cellsIn(await prepared.readDifference.runAndReadAll());
        const head = { kind: 'difference', owner, sequence: next.sequence, ...positionAt(next) } as const;
        const made: Differences = {
          open: { ...head, cells: toOpen(cells) },
          closed: { ...head, chain: next.chain, cells },
        };
        await connection.run('DELETE FROM outbox');
        await connection.run(`INSERT INTO outbox VALUES ($1, 'open', $2), ($1, 'closed', $3)`, [
          BigInt(next.sequence),
          JSON.stringify(made.open),
          JSON.stringify(made.closed),
        ]);
        await connection.run('UPDATE shard SET next_offset = $1, chain = $2, clock = $3, sequence = $4', [
          BigInt(next.offset),
          next.chain,
          next.clock ?? null,
          BigInt(next.sequence),
        ]);
        return made;
      });
      Object.assign(current, next);
      return differences;
    },

    async tallies() {
      await transaction(connection, () => connection.run(gatherTallies));
      const closed = cellsIn(await connection.runAndReadAll(readTallies));
      return { open: toOpen(closed), closed };
    },

    async close() {
      await connection.run('CHECKPOINT');
      database.close();
    },
  };
}

/** Removes a shard's file with what DuckDB keeps beside it; the log can rebuild it. */
export async function removeShard(file: string): Promise<void> {
  for (const path of [file, `${file}.wal`, `${file}.tmp`]) await rm(path, { recursive: true, force: true });
}

/** The union of what is held and what arrived; equal content is one observation. */
function distinct<T extends Observation>(known: readonly T[] | undefined, arrived: readonly T[]): readonly T[] {
  const all = new Map((known ?? []).map((observation) => [observation.sha256, observation]));
  for (const observation of arrived) if (!all.has(observation.sha256)) all.set(observation.sha256, observation);
  return [...all.values()];
}

async function begin(
  connection: DuckDBConnection,
  protocol: Protocol,
  digest: string,
  logId: string,
  logEnd: number,
): Promise<State> {
  await connection.run(createTables);
  const made = [shardFormat, foldVersion, protocol.version, digest, logId, BigInt(logEnd)];
  await connection.run(`INSERT INTO shard VALUES ($1, $2, $3, $4, $5, $6, 0, '', NULL, 0)`, made);
  // DDL does not stay in the write-ahead log: replaying it there is where DuckDB has failed others.
  await connection.run('CHECKPOINT');
  return { offset: 0, chain: '', clock: undefined, sequence: 0, refillTo: logEnd };
}

/** How far the shard had come; undefined if there is none here, or one that must be begun anew. */
async function readState(connection: DuckDBConnection, digest: string, logId: string): Promise<State | undefined> {
  const tables = await connection.runAndReadAll(`SELECT 1 FROM duckdb_tables() WHERE table_name = 'shard'`);
  if (tables.getRows().length === 0) return undefined;
  // The format comes first: a table of another one may have other columns.
  const [head] = (await connection.runAndReadAll('SELECT format FROM shard')).getRows();
  if (head?.[0] !== shardFormat) return undefined;
  const [row] = (
    await connection.runAndReadAll(sql`
      SELECT fold_version, protocol_digest, log_id, next_offset::DOUBLE, chain, clock, sequence::DOUBLE, refill_to::DOUBLE FROM shard
    `)
  ).getRows();
  if (row === undefined) return undefined;
  const [folded, protocol, log, offset, chain, clock, sequence, refillTo] = row;
  if (folded !== foldVersion || protocol !== digest || log !== logId) return undefined;
  return {
    offset: offset as number,
    chain: chain as string,
    clock: (clock as number | null) ?? undefined,
    sequence: sequence as number,
    refillTo: refillTo as number,
  };
}

type CellColumns = [
  string,
  CellTally['kind'],
  number,
  string,
  'study',
  string,
  string,
  { items: number[] },
  { items: number[] },
];

async function runAll(statements: readonly DuckDBPreparedStatement[]): Promise<void> {
  for (const statement of statements) await statement.run();
}

function cellsIn(result: DuckDBResultReader): CellTally[] {
  return result.getRows().map((row) => {
    const [measure, kind, window, policy, axis, arm, site, days, counts] = row as unknown as CellColumns;
    return {
      measure,
      kind,
      window,
      policy,
      axis,
      arm,
      site,
      days: days.items.flatMap((day, i) => [day, counts.items[i] ?? 0]),
    };
  });
}
