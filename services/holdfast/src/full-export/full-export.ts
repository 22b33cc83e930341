import { isClosed, opener, type TrialKey } from '@holdfast/access';
import { type Decoded, participantRecords, recordDecoder } from '@holdfast/aggregate';
import { type HoldfastEvent, type ParticipantEvent, type Protocol, shortType } from '@holdfast/events';
import type { Door, Verdict } from '@holdfast/ingest';
import type { EventLog, LogRecord } from '@holdfast/log';
import { type FullExport, type ImportedEvent, isIdOf, type Judge, type Loss, type TableImport } from '@holdfast/tables';
import { topicsOf } from '@holdfast/trials';
import { CommandFailed } from '../command-failed.ts';
import type { Store } from '../store.ts';
import { type Change, changesOf, type Decision } from './changes.ts';
import { importedEvents, type TimedObservation } from './imported-event.ts';

type Accepted = Extract<Verdict, { accepted: true }>;

/** A change of one event, as it is listed. */
export type ListedChange = {
  readonly trial: string;
  readonly participant: string;
  readonly type: string;
  readonly id: string;
  readonly change: Change;
  readonly note: string | undefined;
};

/** How many events of a trial and type met with each change. */
export type ChangeCounts = {
  readonly trial: string;
  readonly type: string;
  readonly counts: Readonly<Record<Change, number>>;
};

export const allChanges: readonly Change[] = ['new', 'changed', 'gone', 'back', 'unchanged', 'kept'];

/** Records of a log in memory at once, beside the tables. */
const recordsHeld = 50_000;

/** The part of a type's events that an export may lack without anybody having said that this is meant. */
const mostLost = 0.5;

const decoder = new TextDecoder();

/** `time` as it stands in an envelope, which is in clear also around a box. */
function timeOf({ value }: LogRecord): string {
  return (JSON.parse(decoder.decode(value)) as HoldfastEvent).time;
}

function observedIn(decoded: Decoded) {
  return decoded.kind === 'open' || decoded.kind === 'sealed' ? decoded.observation : undefined;
}

/** What a mapping imported into a trial before, read from the log with a part of the participants in memory at a time. */
async function* importedBefore(
  log: EventLog,
  protocol: Protocol,
  key: TrialKey | undefined,
  mapping: string,
): AsyncGenerator<readonly ImportedEvent[]> {
  const { trial } = protocol;
  const isOurs = (id: string) => isIdOf(mapping, id);
  const decode = recordDecoder(key === undefined ? undefined : opener(key));
  const taken = (decoded: Decoded, record: LogRecord): TimedObservation | undefined => {
    if (decoded.kind === 'box' && isOurs(decoded.id)) {
      throw new CommandFailed(
        `${trial} is double-blind, and this mapping imported events that are sealed: what changed in them is seen only with its key (--key FILE or HOLDFAST_KEY)`,
      );
    }
    const observation = observedIn(decoded);
    return observation && { observation, time: isOurs(observation.id) ? timeOf(record) : '' };
  };
  const all = participantRecords<TimedObservation | undefined>(
    log,
    protocol,
    await log.ends(topicsOf(protocol).events.name),
    {
      held: recordsHeld,
      read: (record) => {
        const outcome = decode(record);
        return outcome instanceof Promise ? outcome.then((decoded) => taken(decoded, record)) : taken(outcome, record);
      },
    },
  );
  for await (const { participant, records } of all) {
    const timed = records.filter((record) => record !== undefined);
    const imported = importedEvents(participant, timed, isOurs);
    if (imported.length === 0) continue;
    yield imported.map(({ type, stands, state }) => ({
      trial,
      participant,
      type,
      id: state.id,
      stands,
      state: JSON.stringify(state),
    }));
  }
}

async function* importedIntoAll(
  store: FullExportOptions['store'],
  mapping: string,
): AsyncGenerator<readonly ImportedEvent[]> {
  for (const [trial, { protocol }] of store.trials)
    yield* importedBefore(store.log, protocol, store.keys.get(trial), mapping);
}

function refuseMassRetraction(losses: readonly Loss[]): void {
  const large = losses.filter(({ standing, gone }) => gone > mostLost * standing);
  if (large.length === 0) return;
  const said = large.map(({ trial, type, standing, gone }) => `${gone} of ${standing} ${type} events of ${trial}`);
  throw new CommandFailed(
    `this export lacks ${said.join(', ')}, and would retract them; look whether a table is missing or cut short, or say by --allow-mass-retraction that it is meant (nothing was written)`,
  );
}

export type FullExportOptions = {
  readonly store: Pick<Store, 'log' | 'trials' | 'keys'>;
  readonly tables: TableImport;
  readonly door: Door;
  /** When the export is imported. */
  readonly at: Date;
  readonly allowMassRetraction: boolean;
  readonly judge: Judge<Accepted>;
  /** The events of which the judge has refused something so far, by id, with their participants. */
  readonly refused: ReadonlyMap<string, string>;
  /** Told, batch by batch, what is to be appended. */
  readonly onEvents: (accepted: readonly Accepted[]) => Promise<void>;
  /** Told of each change but `new` and `unchanged`. */
  readonly onChange: (change: ListedChange) => void;
};

/**
 * Takes a later export of the same tables: what is new becomes events, what changed corrections, what is gone retractions, and
 * what came back takes its retraction back. Nothing that others sent is touched.
 */
export async function takeFullExport(options: FullExportOptions): Promise<readonly ChangeCounts[]> {
  const { store, tables, door, at, judge, refused, onEvents, onChange } = options;
  const full = await tables.against(importedIntoAll(store, tables.mapping));
  if (!options.allowMassRetraction) refuseMassRetraction(await full.losses());
  const changes = changesOf(tables.mapping, at);
  const counts = new Map<string, ChangeCounts & { counts: Record<Change, number> }>();

  const take = (
    { trial, participant, type, id }: Omit<ListedChange, 'change' | 'note'>,
    { change, events, note }: Decision,
  ): readonly Accepted[] => {
    const key = `${trial}\n${type}`;
    const none = { new: 0, changed: 0, gone: 0, back: 0, unchanged: 0, kept: 0 };
    const counted = counts.get(key) ?? { trial, type, counts: none };
    counts.set(key, counted);
    counted.counts[change] += 1;
    if (change !== 'new' && change !== 'unchanged') onChange({ trial, participant, type, id, change, note });
    return events.map((event) => {
      const verdict = door.judge(event);
      if (verdict.accepted) return verdict;
      throw new Error(`${event.type} ${event.id} was refused: ${JSON.stringify(verdict.problems)}`);
    });
  };

  const partlyRefused = new Set<string>();
  for await (const batch of tables.events(judge)) {
    const found = await full.find(batch.map(({ event }) => event as ParticipantEvent));
    const outgoing: Accepted[] = [];
    for (const verdict of batch) {
      const event = verdict.event as ParticipantEvent;
      const { trial } = verdict;
      const protocol = store.trials.get(trial)?.protocol;
      const isWhole = !refused.has(event.id);
      if (!isWhole) partlyRefused.add(event.id);
      const isSealed = protocol?.blinding === 'double' && isClosed(event.type, event.data, protocol.closed);
      const which = { trial, participant: event.subject, type: shortType(event.type), id: event.id };
      const before = found.get(event.id) ?? [];
      const decision = changes.exported({ event, isSealed, isWhole }, before);
      // What is in order needs no second judgement.
      const own = decision.events.filter((one) => one !== event);
      outgoing.push(...take(which, { ...decision, events: own }));
      if (own.length < decision.events.length) outgoing.push(verdict);
    }
    if (outgoing.length > 0) await onEvents(outgoing);
  }
  const whollyRefused = [...refused].filter(([id]) => !partlyRefused.has(id));
  await takeRefused(
    full,
    whollyRefused.map(([id, subject]) => ({ id, subject })),
    take,
  );
  for await (const batch of full.missing()) {
    const outgoing: Accepted[] = [];
    for (const before of batch) {
      outgoing.push(...take(before, changes.missing(before)));
    }
    if (outgoing.length > 0) await onEvents(outgoing);
  }
  return [...counts.values()].sort((a, b) => Number(key(a) > key(b)) - Number(key(a) < key(b)));
}

const key = ({ trial, type }: ChangeCounts) => `${trial}\n${type}`;

/** What was refused as a whole is not gone: whatever stands of it stays. */
async function takeRefused(
  full: FullExport,
  events: Parameters<FullExport['find']>[0],
  take: (which: Omit<ListedChange, 'change' | 'note'>, decision: Decision) => unknown,
): Promise<void> {
  for (const found of (await full.find(events)).values()) {
    for (const before of found.filter(({ stands }) => stands)) {
      take(before, { change: 'kept', events: [], note: 'its row was refused' });
    }
  }
}
