import { opener, openVault, trialVault } from '@holdfast/access';
import {
  clockOf,
  fromArchive,
  openHistories,
  protocolUpTo,
  type RecordSource,
  type Selected,
  type Selection,
  selectedArrivals,
  selectionTallies,
} from '@holdfast/aggregate';
import { canonicalJson, civilDay, sha256 } from '@holdfast/events';
import type { LogRecord } from '@holdfast/log';
import { ObjectDamaged, ObjectExists, type ObjectStore } from '@holdfast/objects';
import { type CellTally, cellsOf } from '@holdfast/tallies';
import type { DataCut } from '@holdfast/trials';
import { type CutOfReport, type CutSide, foldsOf, type Shelves } from './cut-of-report.ts';
import { dealtArms } from './dealt-arms.ts';
import { type FlowPart, participantFlow, wholeFlow } from './participant-flow.ts';
import { type SiteCounts, siteGatherer } from './site-figures.ts';

/** What reports need of one partition of a cut. Parts add up to the whole cut. */
export type CutPart = {
  readonly flow: FlowPart;
  readonly tallies: readonly CellTally[];
  readonly sites: SiteCounts;
  /** How many sealed events the key did not open; of what is open alone, none. */
  readonly unreadable: number;
};

/**
 * Under which name a part is kept: it says all that the part depends on. What is open depends on no content of a sealed box, and so
 * does not its name; what is closed depends on the key as well.
 */
function nameOf({ cut, code, key }: CutOfReport, partition: number, what: string, seed: string | undefined): string {
  const { digest: _, segments: _segments, ...open } = cut;
  const of = what === 'closed' ? { cut, key: key?.keyId ?? null } : { cut: open };
  const told = { format: 5, ...of, partition, what, seed: seed ?? null, code };
  const name = `${String(partition).padStart(4, '0')}-${what}-${sha256(canonicalJson(told)).slice(0, 32)}.json`;
  return `${foldsOf(cut.trial)}${cut.name}/${name}`;
}

/** What is kept under a name; else it is made and kept. Whoever keeps it first, it is the same. */
async function keptOr<T>(shelf: ObjectStore, name: string, make: () => Promise<T>): Promise<T> {
  const there = await shelf.get(name).catch(async (error: unknown) => {
    if (!(error instanceof ObjectDamaged)) throw error;
    await shelf.remove(name); // it is made anew
    return undefined;
  });
  if (there !== undefined) return JSON.parse(Buffer.from(there).toString('utf8')) as T;
  const made = await make();
  await shelf.put(name, Buffer.from(JSON.stringify(made), 'utf8')).catch((error: unknown) => {
    if (!(error instanceof ObjectExists)) throw error;
  });
  return made;
}

const selectionOf = ({ asOf, cutOff }: DataCut): Selection => ({
  asOf: asOf ?? undefined,
  cutOff: cutOff ?? undefined,
});

/** The clock of a cut, as its cut-off bounds it. */
export const clockAt = (protocol: CutOfReport['protocol'], cut: DataCut) =>
  clockOf(protocol, selectionOf(cut), cut.clock === null ? undefined : civilDay(cut.clock));

/** One partition of a cut, as if it were all there is; it is read from the archive once. */
function onePartition(objects: ObjectStore, cut: DataCut, partition: number): RecordSource {
  const source = fromArchive(objects, cut);
  let reading: Promise<(readonly LogRecord[])[]> | undefined;
  const read = async () => {
    const all: (readonly LogRecord[])[] = [];
    for await (const records of source.read(partition)) all.push(records);
    return all;
  };
  return {
    ends: [cut.marks[partition] ?? 0],
    async *read() {
      reading ??= read();
      yield* await reading;
    },
  };
}

async function siteCounts(source: RecordSource, { cut, protocol: trial }: CutOfReport): Promise<SiteCounts> {
  const selection = selectionOf(cut);
  const protocol = protocolUpTo(trial, selection.cutOff);
  const gatherer = siteGatherer(protocol);
  const clock = clockAt(protocol, cut);
  for await (const history of openHistories(source, protocol, selection, gatherer.take)) gatherer.add(history, clock);
  return gatherer.counts();
}

type Folded = Pick<CutPart, 'flow' | 'tallies' | 'unreadable'>;

/** A part's participants and their tallies; arms of a double-blind trial as tokens, that only its key can name. */
async function folded(source: RecordSource, { cut, protocol, key }: CutOfReport, isClosed: boolean): Promise<Folded> {
  const selection = selectionOf(cut);
  const used = isClosed ? key : undefined;
  const vault = used === undefined ? openVault : trialVault(used);
  const selected: Selected[] = [];
  for await (const some of selectedArrivals(source, protocol, selection, used && opener(used))) selected.push(some);
  const known = protocolUpTo(protocol, selection.cutOff);
  const flowOf = { protocol: known, clock: clockAt(known, cut), isUnsealed: isClosed };
  const { people, tellsDoses } = participantFlow(flowOf, selected[0]?.arrivals ?? new Map());
  const { tallies } = await selectionTallies({ source, protocol, selection, newest: cut.clock, key: used, selected });
  const token = (arm: string | undefined) => (arm === undefined ? undefined : vault.armToken(arm));
  return {
    flow: { people: people.map((one) => ({ ...one, flow: { ...one.flow, arm: token(one.flow.arm) } })), tellsDoses },
    tallies: cellsOf(tallies),
    unreadable: selected.reduce((sum, { unreadable }) => sum + unreadable, 0),
  };
}

/** The tallies of a part by arms that are dealt out to the participants of all parts. */
async function rehearsed(
  source: RecordSource,
  { cut, protocol }: CutOfReport,
  flow: readonly FlowPart[],
  seed: string,
): Promise<readonly CellTally[]> {
  const selection = selectionOf(cut);
  const dealt = dealtTo(protocol, flow, seed);
  const options = { source, protocol, selection, newest: cut.clock, key: undefined, dealt };
  return cellsOf((await selectionTallies(options)).tallies);
}

/** The arms that a rehearsal deals to everybody who was randomised. */
export function dealtTo(
  protocol: CutOfReport['protocol'],
  flow: readonly FlowPart[],
  seed: string,
): ReadonlyMap<string, string> {
  const randomised = wholeFlow(flow).filter((one) => one.flow.randomised !== undefined);
  return dealtArms(
    protocol,
    randomised.map(({ participant }) => participant),
    seed,
  );
}

/**
 * One partition of a cut as a side of the blind sees it. Whatever was folded before, for whichever report, is read from where it is
 * kept; what was not is folded from the archive, and kept: many reports of a cut fold it once.
 */
export async function cutPart(
  { objects, closedObjects }: Shelves,
  of: CutOfReport,
  side: CutSide,
  partition: number,
): Promise<CutPart> {
  const { cut } = of;
  const name = (what: string, seed?: string) => nameOf(of, partition, what, seed);
  const source = onePartition(objects, cut, partition);
  // That a closed report is made, and when, is not for who sees the open objects.
  const shelf = side.is === 'closed' ? closedObjects : objects;
  const sites = await keptOr(shelf, name('sites'), () => siteCounts(source, of));
  if (side.is === 'closed')
    return { sites, ...(await keptOr(closedObjects, name('closed'), () => folded(source, of, true))) };
  const openPart = (at: number) =>
    keptOr(objects, nameOf(of, at, 'open', undefined), () =>
      folded(at === partition ? source : onePartition(objects, cut, at), of, false),
    );
  if (side.is === 'open') return { sites, ...(await openPart(partition)) };
  const { seed } = side;
  const flows: FlowPart[] = [];
  for (const at of cut.marks.keys()) flows.push((await openPart(at)).flow);
  const tallies = await keptOr(objects, name('dummy', seed), () => rehearsed(source, of, flows, seed));
  return { sites, tallies, flow: flows[partition] ?? { people: [], tellsDoses: false }, unreadable: 0 };
}
