import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BIGINT, INTEGER, VARCHAR } from '@duckdb/node-api';
import { type AmendedProtocol, type CivilDay, canonicalJson, dateOf, sha256 } from '@holdfast/events';
import { foldVersion, follower, isOpenMeasure } from '@holdfast/outcomes';
import { addUp, type CellTally, cellsOf, type Difference, noTallies, type Position } from '@holdfast/tallies';
import { append } from './append.ts';
import type { Arrivals } from './arrivals.ts';
import { BatchDifference, type ChangedDay } from './batch-difference.ts';
import { openDatabase, transaction } from './duckdb.ts';
import { evidenceIn } from './evidence.ts';
import { cellText } from './numbers.ts';
import { Participants } from './participants.ts';
import { factTally } from './put-facts.ts';
import { gatherTallies, moveOn, readTallies } from './schema.ts';
import { begin, readNumbers, readState, type State, storeNumbers } from './state.ts';
import type { Vault } from './vault.ts';

/** Bytes, about, of the participants that a shard remembers. */
const mostRemembered = 128 * 2 ** 20;

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

  /** Days of cells, in order of day, as tallies in order of their cells: equal tallies give equal bytes. */
  const talliesOf = (changes: Iterable<ChangedDay>): CellTally[] => {
    const byCell = new Map<number, number[]>();
    for (const [cell, day, n] of changes) {
      const days = byCell.get(cell);
      if (days === undefined) byCell.set(cell, [day, n]);
      else days.push(day, n);
    }
    const texts = new Map([...byCell.keys()].map((cell) => [cell, cellText(cells.at(cell))]));
    const byText = ([a]: [number, unknown], [b]: [number, unknown]) =>
      (texts.get(a) ?? '') < (texts.get(b) ?? '') ? -1 : 1;
    return [...byCell].sort(byText).map(([cell, days]) => ({ ...cells.at(cell), days }));
  };

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
        const difference = new BatchDifference();
        const touched = await participants.take(batch.arrivals, current.clock);
        await evidence.keep(touched.map(({ fresh }) => fresh));
        if (turned && next.clock !== undefined)
          await participants.turn(numbers.participants.list(), touched, [current.clock, next.clock], difference);
        else participants.count(touched, next.clock, difference);
        const changes = difference.changes();
        await tally(changes, sequence);
        await storeNumbers(connection, numbers);
        moving.bind(
          [BigInt(next.offset), next.chain, next.clock ?? null, sequence],
          [BIGINT, VARCHAR, INTEGER, BIGINT],
        );
        await moving.run();
        const changed = talliesOf(changes);
        const head = { kind: 'difference', owner, sequence: next.sequence, ...positionAt(next) } as const;
        return {
          open: { ...head, cells: toOpen(changed) },
          closed: { ...head, chain: next.chain, cells: changed },
        };
      });
      failed = false;
      Object.assign(current, next);
      return differences;
    },

    async tallies() {
      await transaction(connection, () => connection.run(gatherTallies));
      const closed = talliesOf((await connection.runAndReadAll(readTallies)).getRows() as unknown as ChangedDay[]);
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
