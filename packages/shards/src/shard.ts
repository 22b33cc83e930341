import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BIGINT, INTEGER, VARCHAR } from '@duckdb/node-api';
import { type AmendedProtocol, type CivilDay, dateOf } from '@holdfast/events';
import { foldVersion, follower } from '@holdfast/outcomes';
import type { Difference, Position } from '@holdfast/tallies';
import { append } from './append.ts';
import type { Arrivals } from './arrivals.ts';
import { BatchDifference, type ChangedDay } from './batch-difference.ts';
import { type BothSides, cellTallies } from './cell-tallies.ts';
import { openDatabase, transaction } from './duckdb.ts';
import { evidenceIn } from './evidence.ts';
import { cellText } from './numbers.ts';
import { Participants } from './participants.ts';
import { factTally } from './put-facts.ts';
import { gatherTallies, moveOn, readTallies } from './schema.ts';
import { makingOf, OpenFileCopies } from './snapshot.ts';
import { begin, readNumbers, readState, type State, storeNumbers, type TakenIn } from './state.ts';
import type { Vault } from './vault.ts';

/** Bytes, about, of the participants that a shard remembers. */
const mostRemembered = 128 * 2 ** 20;

/** A run of log records of the shard's partition, decoded. */
export type Batch = {
  /** Offset of the first record after the batch. */
  readonly nextOffset: number;
  /** Head of the hash chain after the batch. */
  readonly chain: string;
  /** SHA-256 (hexadecimal) of the last record of the batch. */
  readonly lastRecord: string;
  /** What arrived, participant by participant; it is asked for once. */
  readonly arrivals: AsyncIterable<readonly [participant: string, Arrivals]> | ReadonlyMap<string, Arrivals>;
  /** The newest date that the batch says has begun; it is read when everything has arrived. */
  readonly clock: CivilDay | undefined;
};

/** Tally differences of a batch, for both sides of the blind; both carry the same sequence. */
export type Differences = { readonly open: Difference; readonly closed: Difference };

/** The state of one partition of one trial. One owner; one transaction a batch. */
export interface Shard {
  readonly position: Position & { readonly sequence: number; readonly chain: string };
  /** What of the log it has taken in, as it may be compared with a log later. */
  readonly takenIn: TakenIn;
  /** Until the shard has come to this offset it is being refilled from the log, and its tallies are no answer to anything. */
  readonly refillTo: number;
  /** Takes in a batch: offset, evidence, facts, tallies and outbox commit together, or nothing does. */
  apply(batch: Batch): Promise<Differences>;
  /** All tallies at the position: by arm token for the closed side; open measures without arm for the open side. */
  tallies(): Promise<BothSides>;
  /** Copies the shard as it is at the position to a file that can be opened as this one; no batch may be under way. */
  copyTo(file: string): Promise<void>;
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
  /** Whether the log still has what the shard had taken in when it was closed; asked once. Without it, it is believed. */
  readonly isOfLog?: (takenIn: TakenIn) => Promise<boolean>;
  readonly protocol: AmendedProtocol;
  readonly vault: Vault;
  readonly memoryLimit?: string;
};

/**
 * Opens a shard, or begins it. One made by another fold, protocol, format or log is begun anew: its offset is 0, and the log refills
 * it. So is one of which the log has not what it took in, as after the log was replaced by an older copy: its file is set aside. (Files are
 * named so that a new generation lies beside the one before: see `shard-files.ts`.)
 */
export async function openShard(options: ShardOptions): Promise<Shard> {
  const { file, owner, logId, logEnd, isOfLog = async () => true, protocol, vault, memoryLimit = '512MB' } = options;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const { protocolDigest: digest } = makingOf(protocol, logId);
  let database = await openDatabase(file, { memoryLimit, threads: 1 });
  const askedOf = async ({ offset, lastRecord }: State): Promise<boolean> => {
    try {
      return await isOfLog({ offset, lastRecord });
    } catch (error) {
      database.close(); // who asks again opens the file again
      throw error;
    }
  };
  let state = await readState(database.connection, digest, logId);
  const isContradicted = state !== undefined && !(await askedOf(state));
  if (state === undefined || isContradicted) {
    database.close();
    if (isContradicted) await setAside(file, 'contradicted');
    await removeShard(file);
    database = await openDatabase(file, { memoryLimit, threads: 1 });
    state = await begin(database.connection, protocol, digest, logId, logEnd);
  }
  const { connection } = database;
  const copies = new OpenFileCopies(file);
  // Planned once: a batch of few events costs little more than its statements.
  const moving = await connection.prepare(moveOn);
  const numbers = await readNumbers(connection);
  const { cells } = numbers;

  const evidence = evidenceIn(connection, numbers.participants, vault);
  const participants = new Participants({
    follow: follower(protocol),
    evidence,
    tallyOf: factTally({
      protocol,
      armToken: (arm) => vault.armToken(arm),
      numberOf: (cell) => cells.of(cellText(cell), () => cell),
    }),
    isKnown: (participant) => numbers.participants.has(participant),
    mostRemembered,
  });

  const talliesOf = cellTallies(protocol, cells);

  /** Adds what the batch changed to the tallies. */
  const tally = (changes: readonly ChangedDay[], sequence: bigint): Promise<void> =>
    append(connection, 'tallies', (tallies) => {
      for (const [cell, day, n] of changes) {
        for (const number of [cell, day, n]) tallies.appendInteger(number);
        tallies.appendBigInt(sequence);
        tallies.endRow();
      }
    });

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

    get takenIn() {
      return { offset: current.offset, lastRecord: current.lastRecord };
    },

    get refillTo() {
      return current.refillTo;
    },

    async apply(batch) {
      if (failed) throw new Error(`a batch failed in ${file}; open the shard again`);
      const next: State = {
        ...current,
        offset: batch.nextOffset,
        chain: batch.chain,
        lastRecord: batch.lastRecord,
        sequence: current.sequence + 1,
      };
      const sequence = BigInt(next.sequence);
      failed = true;
      const differences = await transaction(connection, async () => {
        const difference = new BatchDifference();
        const touched = await participants.take(batch.arrivals, current.clock);
        const { clock } = batch;
        const turned = clock !== undefined && (current.clock === undefined || clock > current.clock);
        if (turned) {
          next.clock = clock;
          await participants.turn(numbers.participants.list(), touched, [current.clock, clock], difference);
        } else participants.count(touched, next.clock, difference);
        const changes = difference.changes();
        await tally(changes, sequence);
        await storeNumbers(connection, numbers);
        moving.bind(
          [BigInt(next.offset), next.chain, next.lastRecord, next.clock ?? null, sequence],
          [BIGINT, VARCHAR, VARCHAR, INTEGER, BIGINT],
        );
        await moving.run();
        const { open, closed } = talliesOf(changes);
        const head = { kind: 'difference', owner, sequence: next.sequence, ...positionAt(next) } as const;
        return {
          open: { ...head, cells: open },
          closed: { ...head, chain: next.chain, cells: closed },
        };
      });
      failed = false;
      Object.assign(current, next);
      return differences;
    },

    async tallies() {
      await transaction(connection, () => connection.run(gatherTallies));
      return talliesOf((await connection.runAndReadAll(readTallies)).getRows() as unknown as ChangedDay[]);
    },

    async copyTo(target) {
      // What is committed lies in the write-ahead log until then, and the file stands still until the next batch.
      await connection.run('CHECKPOINT');
      await copies.copyTo(target);
    },

    async close() {
      await connection.run('CHECKPOINT');
      database.close();
      await copies.close();
    },
  };
}

/**
 * Moves a shard's file, which nobody has open, with what DuckDB keeps beside it out of the way, for whoever wants to look at it; of several
 * the last one stays.
 */
export async function setAside(file: string, as: 'unreadable' | 'contradicted'): Promise<void> {
  for (const path of [file, `${file}.wal`])
    await rename(path, `${path}.${as}`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
}

/** Removes a shard's file with what DuckDB keeps beside it; the log can rebuild it. */
export async function removeShard(file: string): Promise<void> {
  for (const path of [file, `${file}.wal`, `${file}.tmp`]) await rm(path, { recursive: true, force: true });
}
