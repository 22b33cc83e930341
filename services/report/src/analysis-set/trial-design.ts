import {
  isAbstinenceMeasure,
  isFirstEventMeasure,
  isUseMeasure,
  type Measure,
  type Protocol,
  type UseMeasure,
  windowsOf,
} from '@holdfast/events';
import { isOpenMeasure, populationOf } from '@holdfast/outcomes';
import { factorsOf } from '@holdfast/reports/rows';
import type { DataCut } from '@holdfast/trials';
import { type Column, type DataSet, dataSet, flag, yesOrNo } from './data-set.ts';

/** Measures that ask the same evidence of the same days share a participant's daily use, under the id of the first of them. */
export function dailyUseOf(measures: readonly Measure[]): ReadonlyMap<string, UseMeasure> {
  const views = new Map<string, UseMeasure>();
  const byMeasure = new Map<string, UseMeasure>();
  for (const measure of measures.filter(isUseMeasure)) {
    const { substances, evidence, biomarkers, controlledDays, death, horizon } = measure;
    const key = JSON.stringify([substances, evidence, biomarkers, controlledDays, death, horizon]);
    const view = views.get(key) ?? measure;
    views.set(key, view);
    byMeasure.set(measure.id, view);
  }
  return byMeasure;
}

/** The factors of the arms, in the order of their variables FAC1, FAC2 … */
export const factorNames = (protocol: Protocol): readonly string[] => [...factorsOf(protocol).keys()];

const protocolColumn = { origin: 'Protocol', type: 'text' } as const;

/** The arms with their factors; without arms they are no secret either, since the protocol names them. */
function arms(protocol: Protocol): DataSet {
  const columns: Column<Protocol['arms'][number]>[] = [
    { ...protocolColumn, name: 'ARM', label: 'Arm', source: 'the id of the arm', of: ({ id }) => id },
    {
      ...{ ...protocolColumn, name: 'CNTRLFL', label: 'Control arm', codes: yesOrNo },
      ...{ source: 'whether others are compared with it', of: ({ control }) => flag(control === true) },
    },
    ...factorNames(protocol).map(
      (factor, i): Column<Protocol['arms'][number]> => ({
        ...{ ...protocolColumn, name: `FAC${i + 1}`, label: `Level of factor ${factor}` },
        ...{ source: `the arm’s level of ${factor}`, of: ({ factors }) => factors?.[factor] },
      }),
    ),
  ];
  return dataSet(
    { name: 'ARMS', label: 'Arms', structure: 'an arm, in the order of the protocol', keys: ['ARM'] },
    columns,
    protocol.arms,
  );
}

function coverageOf(measure: Measure): string | undefined {
  if (!isAbstinenceMeasure(measure)) return undefined;
  const { coverage } = measure;
  if (coverage === 'all-days') return coverage;
  return 'atLeast' in coverage ? `at-least ${coverage.atLeast}` : `gap-at-most ${coverage.gapAtMost}`;
}

/** By which rules days are judged: what it takes to derive ADABST and first uses from ADUSE. */
const rules: readonly Column<Measure>[] = [
  {
    ...{
      ...protocolColumn,
      name: 'EVIDENCE',
      label: 'Evidence rule',
      source: 'which sources speak, and how they are joined',
    },
    of: (one) => (isUseMeasure(one) ? one.evidence : undefined),
  },
  {
    ...{ ...protocolColumn, name: 'BIOMFL', label: 'Biomarkers speak too', codes: yesOrNo },
    ...{
      source: 'whether biomarkers are evidence',
      of: (one) => (isUseMeasure(one) ? flag(one.biomarkers !== undefined) : undefined),
    },
  },
  {
    ...{
      ...protocolColumn,
      name: 'DEATH',
      label: 'Days after death',
      codes: { exclude: 'excluded', ignore: 'as any other' },
    },
    ...{ source: 'the strategy for death', of: (one) => (isUseMeasure(one) ? one.death : undefined) },
  },
  {
    ...{ ...protocolColumn, name: 'COVERAGE', label: 'Coverage' },
    source: 'when a window is assessed: all its days, at least so many, or no gap of more days have evidence',
    of: coverageOf,
  },
  {
    ...{ ...protocolColumn, name: 'DECPOSFL', label: 'Use alone covers', codes: yesOrNo },
    source: 'whether a day of use covers its window by itself',
    of: (one) => (isAbstinenceMeasure(one) ? flag(one.decisivePositive) : undefined),
  },
  {
    ...{ name: 'FROMDY', label: 'First study day', type: 'integer', origin: 'Protocol' },
    source: 'of continuous abstinence: the first day that counts',
    of: (one) => (one.kind === 'continuous-abstinence' ? one.from : undefined),
  },
  {
    ...{ ...protocolColumn, name: 'COUNTS', label: 'Days counted' },
    ...{ source: 'of days of use: which days', of: (one) => (one.kind === 'days-of-use' ? one.counts : undefined) },
  },
];

function measures(protocol: Protocol, asked: readonly Measure[]): DataSet {
  const daily = dailyUseOf(asked);
  const columns: Column<Measure>[] = [
    { ...protocolColumn, name: 'PARAMCD', label: 'Measure', source: 'the id of the measure', of: ({ id }) => id },
    { ...protocolColumn, name: 'PARAM', label: 'Title', source: 'its title', of: ({ id, title }) => title ?? id },
    { ...protocolColumn, name: 'KIND', label: 'Kind', source: 'docs/measures.md', of: ({ kind }) => kind },
    {
      ...{ name: 'HORIZON', label: 'Last study day', type: 'integer', origin: 'Protocol' },
      ...{ source: 'the last day that it looks at', of: (one) => ('horizon' in one ? one.horizon : undefined) },
    },
    {
      ...{ ...protocolColumn, name: 'WINDOWS', label: 'Windows, days' },
      source: 'the trailing windows of its rates, with spaces between; 0: all days from its first one on',
      of: (one) => (isAbstinenceMeasure(one) || isFirstEventMeasure(one) ? windowsOf(one).join(' ') : undefined),
    },
    {
      ...{ ...protocolColumn, name: 'POLICIES', label: 'Missing-data policies' },
      ...{ source: 'those declared, with spaces between' },
      of: (one) => ('policies' in one ? one.policies.join(' ') : undefined),
    },
    {
      ...{ ...protocolColumn, name: 'TRTVAR', label: 'Arm variable' },
      source: 'the variable of ADSL that says in which arm it counts a participant',
      of: (one) => (populationOf(one, protocol)?.arm === 'actual' ? 'TRT01A' : 'TRT01P'),
    },
    {
      ...{ ...protocolColumn, name: 'USECD', label: 'Daily use' },
      source: 'the rows of ADUSE that it is made of: measures of the same evidence share them',
      of: ({ id }) => daily.get(id)?.id,
    },
    ...rules,
    {
      ...{ ...protocolColumn, name: 'OPENFL', label: 'Open measure', codes: yesOrNo },
      ...{ source: 'whether it is made of open events alone', of: (one) => flag(isOpenMeasure(one, protocol)) },
    },
  ];
  return dataSet({ name: 'MEASURES', label: 'Measures', structure: 'a measure', keys: ['PARAMCD'] }, columns, asked);
}

type Said = { readonly name: string; readonly value: string | number };

/** What holds of the whole export, as SDTM's TS does: which cut of which trial, under which rules. */
function summary(protocol: Protocol, cut: DataCut, digest: string, withArms: boolean, unreadable: number): DataSet {
  const said: Said[] = [
    { name: 'TRIAL', value: protocol.trial },
    { name: 'PROTOCOL', value: protocol.version },
    { name: 'CUT', value: cut.name },
    { name: 'DIGEST', value: digest },
    ...(cut.rewritten ?? []).map(({ at }) => ({ name: 'REWRITTEN', value: at })),
    ...(unreadable === 0 ? [] : [{ name: 'UNOPENED', value: unreadable }]),
    { name: 'CLOCK', value: cut.clock ?? '' },
    { name: 'BLINDING', value: protocol.blinding },
    { name: 'ARMS', value: flag(withArms) },
    { name: 'TIMEZONE', value: protocol.timeZone },
    { name: 'PLANFUP', value: protocol.plannedFollowUp },
    ...factorNames(protocol).map((factor) => ({ name: 'FACTOR', value: factor })),
    ...protocol.closed.map((type) => ({ name: 'CLOSED', value: type })),
  ];
  const columns: Column<Said>[] = [
    { ...protocolColumn, name: 'TSPARMCD', label: 'What', source: 'the name of a fact', of: ({ name }) => name },
    { ...protocolColumn, name: 'TSVAL', label: 'Value', source: 'the fact', of: ({ value }) => String(value) },
  ];
  return dataSet(
    { name: 'TS', label: 'Trial summary', structure: 'a fact of the trial and the cut', keys: ['TSPARMCD', 'TSVAL'] },
    columns,
    said,
  );
}

function sites(protocol: Protocol): DataSet {
  const column: Column<string> = { ...protocolColumn, name: 'SITEID', label: 'Site', source: 'its id', of: (id) => id };
  return dataSet(
    { name: 'SITES', label: 'Sites', structure: 'a site, in the order of the protocol', keys: ['SITEID'] },
    [column],
    protocol.sites,
  );
}

/** What the protocol says that tables need, and of how many sealed events nobody knows what they say. */
export const trialDesign = (
  protocol: Protocol,
  cut: DataCut,
  digest: string,
  asked: readonly Measure[],
  withArms: boolean,
  unreadable: number,
): readonly DataSet[] => [
  summary(protocol, cut, digest, withArms, unreadable),
  arms(protocol),
  sites(protocol),
  measures(protocol, asked),
];
