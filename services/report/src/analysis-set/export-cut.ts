import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { opener } from '@holdfast/access';
import {
  clockOf,
  fromArchive,
  protocolUpTo,
  type Selected,
  type Selection,
  selectedArrivals,
} from '@holdfast/aggregate';
import { type AmendedProtocol, type CivilDay, civilDay, type Measure } from '@holdfast/events';
import { foldVersion } from '@holdfast/outcomes';
import { csvLines } from '@holdfast/reports/rows';
import { holdfastVersion } from '@holdfast/runtime';
import { type Arrivals, parquetOf } from '@holdfast/shards';
import type { DataCut, PublishedTrial } from '@holdfast/trials';
import { participantFlow, wholeFlow } from '../participant-flow.ts';
import type { ReportStore } from '../report-store.ts';
import { type AnalysedParticipant, analysed, measuresOf } from './analysed-participant.ts';
import { abstinenceByDay, dailyUse } from './daily-sets.ts';
import { dataFlow } from './data-flow-sets.ts';
import type { DataSet, DataSetDefinition } from './data-set.ts';
import { defineFile, type ExportedFile } from './define.ts';
import { notEligible, subjectLevel } from './participants-sets.ts';
import { timeToEvent } from './time-to-event-set.ts';
import { trialDesign } from './trial-design.ts';
import { adverseEvents, valuesByMeasure } from './values-sets.ts';

/** The R script lies beside the sources, and is not built. */
const script = fileURLToPath(new URL('../../src/analysis-set/check-report.R', import.meta.url));

/** The data sets of a cut, one after the other, read from its archive; `withArms`: what is sealed too. */
async function* dataSets(
  { objects, keys }: ReportStore,
  { protocol: whole }: PublishedTrial,
  cut: DataCut,
  withArms: boolean,
  digest: string,
): AsyncGenerator<DataSet> {
  const source = fromArchive(objects, cut);
  const selection: Selection = { asOf: cut.asOf ?? undefined, cutOff: cut.cutOff ?? undefined };
  const protocol = protocolUpTo(whole, selection.cutOff);
  const key = withArms && protocol.blinding === 'double' ? keys.get(protocol.trial) : undefined;
  const clock = clockOf(protocol, selection, cut.clock === null ? undefined : civilDay(cut.clock));
  const measures = measuresOf(protocol, withArms);
  const selected: Selected[] = [];
  for await (const some of selectedArrivals(source, protocol, selection, key && opener(key))) selected.push(some);
  const unreadable = selected.reduce((sum, some) => sum + some.unreadable, 0);
  yield* trialDesign(protocol, cut, digest, measures, withArms, unreadable);
  const arrivals = selected.map((some) => some.arrivals);
  yield* participantSets(protocol, measures, analysedPeople(protocol, arrivals, clock, withArms), clock, withArms);
  yield* await dataFlow(protocol, source, selection, clock);
}

function analysedPeople(
  protocol: AmendedProtocol,
  arrivals: readonly ReadonlyMap<string, Arrivals>[],
  clock: CivilDay | undefined,
  withArms: boolean,
): readonly AnalysedParticipant[] {
  const found = new Map(arrivals.flatMap((some) => [...some]));
  const parts = arrivals.map((some) => participantFlow({ protocol, clock, isUnsealed: withArms }, some));
  return wholeFlow(parts).flatMap(({ participant, flow }) => {
    const arrived = found.get(participant);
    return arrived === undefined ? [] : [analysed(protocol, { participant, ...arrived }, flow, clock, withArms)];
  });
}

function* participantSets(
  protocol: AmendedProtocol,
  measures: readonly Measure[],
  people: readonly AnalysedParticipant[],
  clock: CivilDay | undefined,
  withArms: boolean,
): Generator<DataSet> {
  yield subjectLevel(protocol, clock, people, withArms);
  yield notEligible(protocol, people);
  yield timeToEvent(protocol, people);
  yield abstinenceByDay(protocol, measures, people);
  yield dailyUse(protocol, measures, people, clock);
  yield* valuesByMeasure(protocol, measures, people);
  yield adverseEvents(protocol, measures, people, clock);
}

/** So many rows are written at once: a long text made of all of them would be moved about in memory again and again. */
const rowsAtOnce = 5_000;

function csvOf(columns: readonly string[], rows: DataSet['rows']): Uint8Array {
  const parts = [Buffer.from(csvLines([columns]), 'utf8')];
  for (let i = 0; i < rows.length; i += rowsAtOnce)
    parts.push(Buffer.from(csvLines(rows.slice(i, i + rowsAtOnce)), 'utf8'));
  return Buffer.concat(parts);
}

/** The analysis set of a cut as files: each data set as CSV and Parquet, what defines them, and the script that checks a report. */
export async function analysisSetFiles(
  store: ReportStore,
  trial: PublishedTrial,
  cut: DataCut,
  withArms: boolean,
  step: (text: string) => void,
): Promise<readonly ExportedFile[]> {
  const digest = withArms ? cut.digest : cut.openDigest;
  step('folding …');
  const files: ExportedFile[] = [];
  const sets: (DataSetDefinition & { readonly records: number })[] = [];
  for await (const { rows, ...set } of dataSets(store, trial, cut, withArms, digest)) {
    const { name, variables } = set;
    sets.push({ ...set, records: rows.length });
    step(`writing ${name} …`);
    const columns = variables.map((variable) => variable.name);
    files.push({ name: `${name}.csv`, bytes: csvOf(columns, rows) });
    files.push({ name: `${name}.parquet`, bytes: await parquetOf({ columns, rows }) });
  }
  files.push({ name: 'check-report.R', bytes: await readFile(script) });
  const about = { digest, hasArms: withArms, foldVersion, holdfast: holdfastVersion };
  return [...files, defineFile(cut, about, sets, files)];
}
