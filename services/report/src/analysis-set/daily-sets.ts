import {
  type AbstinenceMeasure,
  type AmendedProtocol,
  type CivilDay,
  carriedDays,
  isAbstinenceMeasure,
  type Measure,
  type MissingPolicy,
  windowsOf,
} from '@holdfast/events';
import { type DayOfUse, daysOfUse, isOpenMeasure, type Spell } from '@holdfast/outcomes';
import { firstDayOf } from '@holdfast/reports/rows';
import type { AnalysedParticipant } from './analysed-participant.ts';
import { type Column, type DataSet, dataSet, flag, measureColumn, subjectColumns, yesOrNo } from './data-set.ts';
import { dailyUseOf } from './trial-design.ts';

type UseRow = DayOfUse & { readonly participant: string; readonly use: string };

const dayColumn: Column<{ readonly day: number }> = {
  ...{ name: 'ADY', label: 'Study day', type: 'integer', origin: 'Derived' },
  ...{ source: 'the date less that of randomisation', of: ({ day }) => day },
};

const useColumns: readonly Column<UseRow>[] = [
  {
    ...{ name: 'USECD', label: 'Daily use', type: 'text', origin: 'Protocol' },
    source: 'the id of the first of the measures that ask this evidence; MEASURES says which others do',
    of: ({ use }) => use,
  },
  dayColumn,
  {
    ...{ name: 'USESTAT', label: 'What the day is', type: 'text', origin: 'Derived' },
    codes: {
      use: 'evidence says use',
      abstinent: 'evidence says abstinence',
      missing: 'evidence was due, or is unclear',
      unscheduled: 'the schedule asks for none',
      'not-yet': 'not mature',
      controlled: 'in a controlled environment, and such days are excluded',
      'off-study': 'after leaving without evidence, or after death where it excludes',
    },
    ...{ source: 'what the sources say that the evidence rule of the measure joins', of: ({ status }) => status },
  },
  {
    ...{ name: 'MATFL', label: 'Mature', type: 'text', origin: 'Derived', codes: yesOrNo },
    ...{
      source: 'what should cover the day has closed, and the entry lag is over',
      of: ({ isMature }) => flag(isMature),
    },
  },
  {
    ...{ name: 'EXCLFL', label: 'Excluded', type: 'text', origin: 'Derived', codes: yesOrNo },
    source:
      'taken out of the days at risk: in a controlled environment or after death, where the measure excludes these',
    of: ({ isExcluded }) => flag(isExcluded),
  },
];

/** ADUSE: what each study day of the randomised is, by each evidence that measures ask. */
export function dailyUse(
  protocol: AmendedProtocol,
  measures: readonly Measure[],
  people: readonly AnalysedParticipant[],
  clock: CivilDay | undefined,
): DataSet {
  const views = new Set(dailyUseOf(measures).values());
  const rows = [...views].flatMap((view) =>
    people.flatMap(({ participant, settled, observations }) => {
      const seen = isOpenMeasure(view, protocol) ? settled.observations : observations;
      const days = daysOfUse(protocol, view, { randomisation: settled.randomisation, observations: seen }, clock);
      return days.map((day): UseRow => ({ ...day, participant, use: view.id }));
    }),
  );
  return dataSet(
    {
      ...{ name: 'ADUSE', label: 'Daily use', structure: 'a study day of a participant by an evidence rule' },
      keys: ['USUBJID', 'USECD', 'ADY'],
    },
    [...subjectColumns(protocol.trial), ...useColumns],
    rows,
  );
}

/** The variable of a missing-data policy. */
function policyVariable(policy: MissingPolicy): string {
  const days = carriedDays(policy);
  if (days !== undefined) return `CF${days}`;
  const names: Readonly<Record<string, string>> = {
    'observed-only': 'OBSERVED',
    'missing-is-use': 'MISSUSE',
    'worst-case': 'WORST',
    'best-case': 'BEST',
  };
  return names[policy] ?? policy.toUpperCase();
}

/** A window of an abstinence measure on a day; `holds` has a bit for each kind of spell that it lies in. */
type WindowRow = {
  readonly participant: string;
  readonly measure: string;
  readonly window: number;
  readonly day: number;
  readonly holds: number;
};

/** The bits of what can hold of a window on a day. */
type Bits = (kind: Spell['kind'], policy?: MissingPolicy) => number;

function bitsOf(policies: readonly MissingPolicy[]): Bits {
  const kinds = ['mature', 'due', 'missing'];
  for (const policy of policies) kinds.push(`assessable ${policy}`, `abstinent ${policy}`);
  const bits = new Map(kinds.map((kind, i) => [kind, 2 ** i]));
  return (kind, policy) => bits.get(policy === undefined ? kind : `${kind} ${policy}`) ?? 0;
}

function windowColumns(policies: readonly MissingPolicy[], bits: Bits): readonly Column<WindowRow>[] {
  const flagged = (name: string, label: string, bit: number, source: string): Column<WindowRow> => ({
    ...{ name, label, type: 'text', origin: 'Derived', codes: yesOrNo },
    ...{ source, of: ({ holds }) => flag((holds & bit) !== 0) },
  });
  return [
    measureColumn,
    {
      ...{ name: 'WINDOW', label: 'Days of the window', type: 'integer', origin: 'Protocol' },
      ...{ source: 'the trailing window; 0: all days from the first one on', of: ({ window }) => window },
    },
    dayColumn,
    flagged('MATFL', 'Mature', bits('mature'), 'what should cover the day has closed, and the entry lag is over'),
    flagged('DUEFL', 'Followed', bits('due'), 'mature, within planned follow-up, and not wholly excluded'),
    flagged('MISSFL', 'Missing', bits('missing'), 'followed, and the window lacks the coverage that the measure asks'),
    ...policies.map((policy): Column<WindowRow> => {
      const [assessable, abstinent] = [bits('assessable', policy), bits('abstinent', policy)];
      return {
        ...{ name: policyVariable(policy), label: `Abstinent, ${policy}`, type: 'integer', origin: 'Derived' },
        codes: { 1: 'counts as abstinent', 0: 'counts as use' },
        source: `what the measure makes of the window under ${policy}; empty: the participant does not count`,
        of: ({ holds }) => ((holds & assessable) === 0 ? undefined : Number((holds & abstinent) !== 0)),
      };
    }),
  ];
}

function windowRows(measure: AbstinenceMeasure, { participant, spells }: AnalysedParticipant, bits: Bits): WindowRow[] {
  const own = spells.filter((spell) => spell.measure === measure.id);
  const counted = own.filter(({ kind }) => kind === 'randomised').map(({ to }) => to);
  const lastDay = Math.min(measure.horizon, Math.max(-1, ...counted));
  return windowsOf(measure).flatMap((window): WindowRow[] => {
    const first = firstDayOf(measure, window);
    const held = new Uint32Array(Math.max(0, lastDay - first + 1));
    for (const spell of own) {
      if (spell.window !== undefined && spell.window !== window) continue;
      const bit = bits(spell.kind, spell.policy);
      const last = Math.min(held.length - 1, spell.to - first);
      for (let i = Math.max(0, spell.from - first); i <= last; i += 1) held[i] = (held[i] ?? 0) | bit;
    }
    return Array.from(held, (holds, i) => ({ participant, measure: measure.id, window, day: first + i, holds }));
  });
}

/** ADABST: what each abstinence measure makes of each day on which it can count a participant, under each missing-data policy. */
export function abstinenceByDay(
  protocol: AmendedProtocol,
  measures: readonly Measure[],
  people: readonly AnalysedParticipant[],
): DataSet {
  const asked = measures.filter(isAbstinenceMeasure);
  const policies = [...new Set<MissingPolicy>(['observed-only', ...asked.flatMap((measure) => measure.policies)])];
  const bits = bitsOf(policies);
  return dataSet(
    {
      ...{ name: 'ADABST', label: 'Abstinence by day' },
      structure: 'a study day, from the first to the last that can count, of a participant by a measure and window',
      keys: ['USUBJID', 'PARAMCD', 'WINDOW', 'ADY'],
    },
    [...subjectColumns(protocol.trial), ...windowColumns(policies, bits)],
    asked.flatMap((measure) => people.flatMap((one) => windowRows(measure, one, bits))),
  );
}
