import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  BIGINT,
  type DuckDBAppender,
  type DuckDBBlobValue,
  type DuckDBConnection,
  type DuckDBResultReader,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api';
import { type AmendedProtocol, type CivilDay, canonicalJson, dateOf, type Protocol, sha256 } from '@holdfast/events';
import {
  factsOf,
  foldVersion,
  type History,
  isOpenMeasure,
  type Observation,
  type SettledHistory,
  settle,
} from '@holdfast/outcomes';
import {
  addUp,
  type Cell,
  type CellTally,
  cellsOf,
  type Difference,
  noTallies,
  type Position,
} from '@holdfast/tallies';
import { changedFacts, type FlatFacts, flatFacts, noDay, noFacts } from './changed-facts.ts';
import { openDatabase, sql, transaction } from './duckdb.ts';
import { evidenceTexts, readEvidence } from './evidence-text.ts';
import { cellText, Numbers } from './numbers.ts';
import { factNumbers } from './put-facts.ts';
import {
  createChanges,
  createTables,
  forgetChanges,
  gatherTallies,
  moveOn,
  readDifference,
  readTallies,
  shardFormat,
  tallyChanges,
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
  readonly protocol: AmendedProtocol;
  readonly vault: Vault;
  readonly memoryLimit?: string;
};

/** Participants folded before their facts go to DuckDB: bounds memory when a day turns for everybody. */
const participantsPerStage = 100;
/** Settled histories that a shard holds in memory; of further participants the evidence is read again when a day turns. */
const mostSettled = 2_000;
/** Facts that a shard remembers as they were last made, as so many numbers (128 MiB); those of others it folds anew. */
const mostRemembered = 32 * 2 ** 20;

type State = {
  offset: number;
  chain: string;
  clock: CivilDay | undefined;
  sequence: number;
  readonly refillTo: number;
};

/**
 * Opens a shard, or begins it. One made by another fold, protocol, format or log is begun anew: its offset is 0, and the log refills
 * it. (Files are named so that a new generation lies beside the one before: see `shard-files.ts`.)
 */
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
  // Planned once: a batch of few events costs little more than its statements.
  await connection.run(createChanges);
  const prepared = {
    tallyChanges: await connection.prepare(tallyChanges),
    forgetChanges: await connection.prepare(forgetChanges),
    readDifference: await connection.prepare(readDifference),
    moveOn: await connection.prepare(moveOn),
  };
  const { participants, cells } = await readNumbers(connection);

  const numberOf = (participant: string): number => participants.of(participant, () => participant);

  const openMeasures = new Set(
    protocol.measures.filter((measure) => isOpenMeasure(measure, protocol)).map(({ id }) => id),
  );
  const toOpen = (tallies: readonly CellTally[]) =>
    cellsOf(
      addUp(
        noTallies,
        tallies.filter(({ measure }) => openMeasures.has(measure)).map((cell) => ({ ...cell, arm: '' })),
      ),
    );

  const append = async (table: string, rows: (appender: DuckDBAppender) => void, catalog?: 'temp'): Promise<void> => {
    const appender = await connection.createAppender(table, undefined, catalog);
    try {
      rows(appender);
    } finally {
      // Rows left in an appender would be committed by its closing later, even after a rollback.
      appender.closeSync();
    }
  };

  const numbersOf = factNumbers({
    protocol,
    armToken: (arm) => vault.armToken(arm),
    numberOf: (cell) => cells.of(cellText(cell), () => cell),
  });
  const factsAt = (history: SettledHistory, clock: CivilDay | undefined): FlatFacts =>
    flatFacts(numbersOf(factsOf(protocol, history, clock)));

  /** Facts as they were last made: most events, and most days that turn, change little or nothing of a participant. */
  const lastFacts = new Map<number, FlatFacts>();
  let remembered = 0;
  const remember = (number: number, facts: FlatFacts): void => {
    remembered += facts.length - (lastFacts.get(number)?.length ?? 0);
    lastFacts.delete(number);
    lastFacts.set(number, facts);
    for (const [oldest, { length }] of lastFacts) {
      if (remembered <= mostRemembered || oldest === number) break;
      lastFacts.delete(oldest);
      remembered -= length;
    }
  };

  /** A participant as the batch makes them, and how they were before if that is not remembered. */
  type Folded = { readonly now: SettledHistory; readonly before: () => FlatFacts };

  /** Puts down what changes in the facts of these participants. */
  const foldInto = (folded: Iterable<Folded>, clock: CivilDay | undefined): Promise<void> =>
    append(
      'changes',
      (changes) => {
        for (const { now, before } of folded) {
          const number = numberOf(now.participant);
          const facts = factsAt(now, clock);
          changedFacts(lastFacts.get(number) ?? before(), facts, (cell, from, to, n) => {
            changes.appendInteger(cell);
            changes.appendInteger(from);
            if (to === noDay) changes.appendNull();
            else changes.appendInteger(to);
            changes.appendInteger(n);
            changes.endRow();
          });
          remember(number, facts);
        }
      },
      'temp',
    );

  const keepEvidence = (fresh: readonly History[]): Promise<void> =>
    append('evidence', (evidence) => {
      for (const { participant, open, sealed } of fresh) {
        const [openTexts, sealedTexts] = [evidenceTexts(open), evidenceTexts(sealed)];
        for (let i = 0; i < Math.max(openTexts.length, sealedTexts.length); i += 1) {
          const hidden = sealedTexts[i];
          evidence.appendInteger(numberOf(participant));
          evidence.appendVarchar(openTexts[i] ?? '');
          if (hidden === undefined) evidence.appendNull();
          else evidence.appendBlob(vault.protect(hidden));
          evidence.endRow();
        }
      }
    });

  /** What the shard holds of participants. Their numbers stand in the text, so that only their rows are fetched. */
  const held = async (names: readonly string[]): Promise<Map<string, History>> => {
    const histories = new Map<
      string,
      { participant: string; open: Observation<'open'>[]; sealed: Observation<'sealed'>[] }
    >();
    if (names.length === 0) return histories;
    const rows = await connection.runAndReadAll(
      `SELECT participant, open, sealed FROM evidence WHERE participant IN (${names.map(numberOf).join(', ')})`,
    );
    for (const [number, open, sealed] of rows.getRows()) {
      const participant = participants.at(number as number);
      const history = histories.get(participant) ?? { participant, open: [], sealed: [] };
      histories.set(participant, history);
      for (const observation of readEvidence(open as string, 'open')) history.open.push(observation);
      if (sealed === null) continue;
      const text = vault.reveal((sealed as DuckDBBlobValue).bytes);
      for (const observation of readEvidence(text, 'sealed')) history.sealed.push(observation);
    }
    return histories;
  };

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

  /** Adds what arrived to what is held: the histories before and after, and what of them was not known. */
  const merged = async (
    arrivals: ReadonlyMap<string, Arrivals>,
  ): Promise<{ before: History | undefined; fresh: History; history: History }[]> => {
    const known = await held([...arrivals.keys()].filter((participant) => participants.has(participant)));
    return [...arrivals].map(([participant, { open, sealed }]) => {
      const before = known.get(participant);
      const fresh = { participant, open: notAmong(before?.open, open), sealed: notAmong(before?.sealed, sealed) };
      const history = {
        participant,
        open: [...(before?.open ?? []), ...fresh.open],
        sealed: [...(before?.sealed ?? []), ...fresh.sealed],
      };
      return { before, fresh, history };
    });
  };

  /** The facts of a history that is not remembered, as they were tallied. */
  const factsBefore = (history: History | undefined, clock: CivilDay | undefined) => (): FlatFacts =>
    history === undefined ? noFacts : factsAt(settle(protocol, history), clock);

  /** A day that turns moves everybody: all participants are folded again, in stages. */
  const foldEverybody = async (
    touched: ReadonlyMap<string, Folded>,
    from: CivilDay | undefined,
    to: CivilDay | undefined,
  ): Promise<void> => {
    for (let i = 0; i < participants.size; i += participantsPerStage) {
      const until = Math.min(participants.size, i + participantsPerStage);
      const names = Array.from({ length: until - i }, (_, j) => participants.at(i + j));
      const others = names.filter((name) => !touched.has(name));
      const read = await held(others.filter((name) => !settled.has(name)));
      const again = others.flatMap((name): Folded[] => {
        const history = read.get(name);
        const now = settled.get(name) ?? (history && settle(protocol, history));
        return now === undefined ? [] : [{ now, before: () => factsAt(now, from) }];
      });
      await foldInto([...names.flatMap((name) => touched.get(name) ?? []), ...again], to);
    }
  };

  /** Rows of cell, day and n, in order of cell and day, as tallies in order of their cells: equal tallies give equal bytes. */
  const talliesIn = (result: DuckDBResultReader): CellTally[] => {
    const byCell = new Map<number, number[]>();
    for (const [cell, day, n] of result.getRows() as [number, number, number][]) {
      const days = byCell.get(cell);
      if (days === undefined) byCell.set(cell, [day, n]);
      else days.push(day, n);
    }
    const texts = new Map([...byCell.keys()].map((cell) => [cell, cellText(cells.at(cell))]));
    const byText = ([a]: [number, unknown], [b]: [number, unknown]) =>
      (texts.get(a) ?? '') < (texts.get(b) ?? '') ? -1 : 1;
    return [...byCell].sort(byText).map(([cell, days]) => ({ ...cells.at(cell), days }));
  };

  /** Adds what the batch changed to the tallies; answers what that is. */
  const tally = async (sequence: bigint): Promise<CellTally[]> => {
    const { tallyChanges, readDifference } = prepared;
    for (const statement of [tallyChanges, readDifference]) statement.bind([sequence], [BIGINT]);
    await tallyChanges.run();
    await prepared.forgetChanges.run();
    return talliesIn(await readDifference.runAndReadAll());
  };

  const storeNumbers = async (): Promise<void> => {
    if (participants.anyNew) {
      await append('participants', (table) =>
        participants.storeNew((number, participant) => {
          table.appendInteger(number);
          table.appendVarchar(participant);
          table.endRow();
        }),
      );
    }
    if (cells.anyNew) {
      await append('cells', (table) =>
        cells.storeNew((number, { measure, kind, window, policy, item, of, axis, arm, site, group }) => {
          table.appendInteger(number);
          table.appendVarchar(measure);
          table.appendVarchar(kind);
          table.appendInteger(window);
          for (const text of [policy, item]) table.appendVarchar(text);
          table.appendInteger(of);
          for (const text of [axis, arm, site, group]) table.appendVarchar(text);
          table.endRow();
        }),
      );
    }
  };

  const current = state;
  const positionAt = ({ offset, clock }: State): Position => ({
    offset,
    asOf: clock === undefined ? null : dateOf(clock),
    protocolVersion: protocol.version,
    foldVersion,
  });
  /** What is held in memory is ahead of the file after a batch that failed: only opening the shard again mends that. */
  let failed = false;

  return {
    get position() {
      return { ...positionAt(current), sequence: current.sequence, chain: current.chain };
    },

    get refillTo() {
      return current.refillTo;
    },

    async apply(batch) {
      if (failed) throw new Error(`a batch failed in ${file}; open the shard again`);
      const turned = batch.clock !== undefined && (current.clock === undefined || batch.clock > current.clock);
      const next: State = {
        offset: batch.nextOffset,
        chain: batch.chain,
        clock: turned ? batch.clock : current.clock,
        sequence: current.sequence + 1,
        refillTo: current.refillTo,
      };
      const sequence = BigInt(next.sequence);
      failed = true;
      const differences = await transaction(connection, async () => {
        const arrived = await merged(batch.arrivals);
        await keepEvidence(arrived.map(({ fresh }) => fresh));
        const touched = new Map(
          arrived.map(({ before, history }): [string, Folded] => [
            history.participant,
            { now: settleAgain(history), before: factsBefore(before, current.clock) },
          ]),
        );
        if (turned) await foldEverybody(touched, current.clock, next.clock);
        else await foldInto(touched.values(), next.clock);
        const difference = await tally(sequence);
        await storeNumbers();
        prepared.moveOn.bind(
          [BigInt(next.offset), next.chain, next.clock ?? null, sequence],
          [BIGINT, VARCHAR, INTEGER, BIGINT],
        );
        await prepared.moveOn.run();
        const head = { kind: 'difference', owner, sequence: next.sequence, ...positionAt(next) } as const;
        return {
          open: { ...head, cells: toOpen(difference) },
          closed: { ...head, chain: next.chain, cells: difference },
        };
      });
      failed = false;
      Object.assign(current, next);
      return differences;
    },

    async tallies() {
      await transaction(connection, () => connection.run(gatherTallies));
      const closed = talliesIn(await connection.runAndReadAll(readTallies));
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

/** What arrived and is not known yet; equal content is one observation. */
function notAmong<T extends Observation>(known: readonly T[] | undefined, arrived: readonly T[]): readonly T[] {
  const digests = new Set((known ?? []).map(({ sha256 }) => sha256));
  return arrived.filter(({ sha256 }) => !digests.has(sha256) && digests.add(sha256));
}

/** The numbers that a shard has given so far. */
async function readNumbers(
  connection: DuckDBConnection,
): Promise<{ participants: Numbers<string>; cells: Numbers<Cell> }> {
  const participants = new Numbers<string>();
  const cells = new Numbers<Cell>();
  const names = await connection.runAndReadAll('SELECT participant FROM participants ORDER BY number');
  for (const [name] of names.getRows() as [string][]) participants.of(name, () => name);
  const columns = await connection.runAndReadAll(sql`
    SELECT measure, kind, window_days, policy, item, fraction_of, axis, arm, site, groups FROM cells ORDER BY number
  `);
  for (const row of columns.getRows()) {
    const [measure, kind, window, policy, item, of, axis, arm, site, group] = row as unknown as CellColumns;
    const cell: Cell = { measure, kind, window, policy, item, of, axis, arm, site, group };
    cells.of(cellText(cell), () => cell);
  }
  for (const numbers of [participants, cells]) numbers.storeNew(() => undefined);
  return { participants, cells };
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

type CellColumns = [string, string, number, string, string, number, Cell['axis'], string, string, string];
