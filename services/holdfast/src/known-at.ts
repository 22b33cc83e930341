import {
  fromArchive,
  fromLog,
  newestDate,
  type RecordSource,
  type Selection,
  selectionTallies,
} from '@holdfast/aggregate';
import { CivilDate, dateIn } from '@holdfast/events';
import { foldVersion } from '@holdfast/outcomes';
import { type DataCut, listCuts, type PublishedTrial, readCut, trialOfCut } from '@holdfast/trials';
import { Option } from 'commander';
import { type ReadSide, standingTrial } from './by-arm.ts';
import { CommandFailed } from './command-failed.ts';
import type { Store } from './store.ts';

/** Options of a question about a past state of a trial. */
export type KnownOptions = { readonly asOf?: string; readonly cutOff?: string; readonly cut?: string };

/** A date as it was given to an option. */
export const parseDate = (text: string): string => {
  const parsed = CivilDate.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new CommandFailed(`${text} is not a calendar date; write it like 2026-03-02`);
};

export function asOfOption(): Option {
  return new Option('--as-of <date>', 'what was known then: events received by the end of that day').argParser(
    parseDate,
  );
}

export function cutOffOption(): Option {
  return new Option('--cut-off <date>', 'only events that happened, and days, up to that date').argParser(parseDate);
}

export function cutOption(): Option {
  return new Option('--cut <name>', 'as a data cut pinned it (holdfast cut list)');
}

/** Which state of a trial a question is about. */
export type KnownAt = {
  /** With the protocol that is in force for it. */
  readonly trial: PublishedTrial;
  /** The options that chose it, for the record of who looked at what. */
  readonly words: string;
  /** Reads the tallies of that state; absent for the newest one. */
  readonly read?: ReadSide;
  /** The events of that state, wherever they are kept. */
  events(): Promise<{ readonly source: RecordSource; readonly selection: Selection }>;
};

/** The cut of a name; refused if there is none, with those that there are. */
export async function chooseCut({ objects }: Store, trial: string, name: string): Promise<DataCut> {
  const cut = await readCut(objects, trial, name);
  if (cut !== undefined) return cut;
  const names = (await listCuts(objects, trial)).map((one) => one.name);
  const known = names.length === 0 ? 'it has none yet; run `holdfast cut create`' : `it has ${names.join(', ')}`;
  throw new CommandFailed(`${trial} has no data cut named ${name}; ${known}`);
}

/** The cut that is named; without a name the newest one there is. `what` is to be done with it. */
export async function cutOrNewest(
  store: Store,
  trial: string,
  name: string | undefined,
  what: string,
): Promise<DataCut> {
  if (name !== undefined) return chooseCut(store, trial, name);
  const newest = (await listCuts(store.objects, trial)).at(-1);
  if (newest === undefined)
    throw new CommandFailed(`${trial} has no data cut ${what}; make one by \`holdfast cut create --trial ${trial}\``);
  return newest;
}

/** Nobody knows yet what will have been received by a day to come: as of it, days that nobody has lived would count as missed. */
export async function refuseFuture(
  { log }: Store,
  { protocol }: PublishedTrial,
  asOf: string | undefined,
): Promise<void> {
  const today = dateIn(protocol.timeZone, new Date());
  if (asOf === undefined || asOf <= today) return;
  const [latest = today] = [today, (await newestDate(await fromLog(log, protocol))) ?? today].sort().reverse();
  if (asOf > latest)
    throw new CommandFailed(
      `--as-of ${asOf} is still to come: ${protocol.trial} knows no later day than ${latest}; give a date up to that`,
    );
}

/** Reads the tallies of a selection, as its side of the blind allows. */
function sideReader(
  { keys }: Store,
  { protocol }: PublishedTrial,
  source: RecordSource,
  selection: Selection,
  newest: string | null,
): ReadSide {
  const { blinding, trial } = protocol;
  return (side) => {
    const key = blinding === 'double' && side === 'closed' ? keys.get(trial) : undefined;
    if (blinding === 'double' && side === 'closed' && key === undefined)
      throw new CommandFailed(`closed tallies of ${trial} need its key; give --key FILE or HOLDFAST_KEY`);
    return selectionTallies({ source, protocol, selection, newest, key });
  };
}

const boundsOf = (cut: DataCut): Selection => ({ asOf: cut.asOf ?? undefined, cutOff: cut.cutOff ?? undefined });

/** Reads the tallies of a cut from the archive alone. */
export function cutReader(store: Store, trial: PublishedTrial, cut: DataCut): ReadSide {
  return sideReader(store, trial, fromArchive(store.objects, cut), boundsOf(cut), cut.clock);
}

/** What a cut is of, in a line. */
export function cutLine(cut: DataCut): string {
  const { trial, name, createdAt, asOf, cutOff, protocol, events, openDigest } = cut;
  const rewritten = cut.rewritten?.at(-1);
  const erased =
    rewritten === undefined
      ? ''
      : ` · rewritten ${rewritten.at} to erase a participant (before: open digest ${rewritten.before.openDigest.slice(0, 16)})`;
  const bounds = `${asOf === null ? '' : ` · received by ${asOf}`}${cutOff === null ? '' : ` · up to ${cutOff}`}`;
  return `cut ${name} of ${trial} · ${createdAt}${bounds} · protocol version ${protocol.version} · ${events} events · open digest ${openDigest.slice(0, 16)}${erased}`;
}

/** Tells whoever reads numbers of a cut that another fold made them than the one it was made for. */
export function noteOtherFold(cut: DataCut): void {
  if (cut.foldVersion !== foldVersion)
    console.error(
      `cut ${cut.name} was made with fold version ${cut.foldVersion}, this is ${foldVersion}: numbers may differ from those reported then; to repeat them use that version of Holdfast (lockfile ${cut.code.lockfile?.slice(0, 16) ?? 'not known'})`,
    );
}

/**
 * The state of a trial that the options name: a data cut, what was known or had happened by a date, or (without any) the newest, as
 * the tallies of that side stand.
 */
export async function knownAt(
  store: Store,
  published: PublishedTrial,
  side: 'open' | 'closed',
  options: KnownOptions,
): Promise<KnownAt> {
  const { asOf, cutOff } = options;
  if (options.cut !== undefined) {
    if (asOf !== undefined || cutOff !== undefined)
      throw new CommandFailed('a cut has its own dates: give --cut alone, or --as-of and --cut-off without it');
    const cut = await chooseCut(store, published.protocol.trial, options.cut);
    const trial = await trialOfCut(store, cut);
    console.error(cutLine(cut));
    noteOtherFold(cut);
    const events = async () => ({ source: fromArchive(store.objects, cut), selection: boundsOf(cut) });
    return { trial, words: ` --cut ${cut.name}`, read: cutReader(store, trial, cut), events };
  }
  const selection = { asOf, cutOff };
  if (asOf === undefined && cutOff === undefined) {
    const events = async () => ({ source: await fromLog(store.log, published.protocol), selection });
    return { trial: await standingTrial(store, published, side), words: '', events };
  }
  await refuseFuture(store, published, asOf);
  const source = await fromLog(store.log, published.protocol);
  const newest = (await newestDate(source)) ?? null;
  const words = `${asOf === undefined ? '' : ` --as-of ${asOf}`}${cutOff === undefined ? '' : ` --cut-off ${cutOff}`}`;
  const read = sideReader(store, published, source, selection, newest);
  return { trial: published, words, read, events: async () => ({ source, selection }) };
}
