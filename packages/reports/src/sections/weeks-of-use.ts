import type { PatternRule } from '@holdfast/events';
import { heatMapSheets } from '@holdfast/figures';
import type { RawTable, ReportItem } from '../model.ts';
import { armsOf, type ReportSource } from '../report-source.ts';
import type { Value } from '../rows/index.ts';
import type { Section } from './section.ts';

const columns = ['trial', 'rule', 'arm', 'weeks', 'participants'] as const;

/** The weeks of everybody randomised by one rule, a line each. */
function weeksFigure(source: ReportSource, { id: rule, title }: PatternRule): ReportItem {
  const { protocol, flow, byArm } = source;
  const randomised = flow.filter((one) => one.randomised !== undefined);
  const told = randomised.filter(({ weeks }) => weeks[rule] !== undefined);
  const panels = armsOf(source).map(({ id, label }) => ({
    ...{ id, label },
    words: told.flatMap(({ arm, weeks }) => (id === undefined || arm === id ? [weeks[rule] ?? ''] : [])),
  }));
  const raw: RawTable = {
    columns,
    rows: panels.flatMap(({ id, words }) =>
      [...new Set(words)]
        .sort()
        .map((word): Value[] => [protocol.trial, rule, id, word, words.filter((one) => one === word).length]),
    ),
  };
  const [svg, ...moreSheets] = heatMapSheets({ title: `Weeks of use in ${protocol.trial}`, panels, weekLabel: 'week' });
  const inNone = byArm ? told.length - panels.reduce((sum, { words }) => sum + words.length, 0) : 0;
  return {
    ...{ is: 'figure', id: `weeks-of-use-${rule}`, title: `Weeks of use: ${title ?? rule}`, raw },
    basis: {
      method: `weekly use patterns by the rule ${rule} of the protocol, a line a participant, those longest without use first`,
      population: 'everybody randomised, as randomised',
      estimand: 'none: what was found week by week',
      mature: `${told.length} of ${randomised.length} randomised have a week that is over and entered`,
    },
    notes: [
      'A week that is not scheduled, or not over yet, is left white.',
      ...(inNone === 0 ? [] : [`${inNone} without a known arm are in none of the arms.`]),
    ],
    ...{ svg, moreSheets },
  };
}

/** What was found of each participant, week by week, by every pattern rule of the protocol that may be seen. */
export const weeksOfUse: Section = {
  id: 'weeks-of-use',
  title: 'Weeks of use',
  items(source) {
    const { patterns, trial } = source.protocol;
    if (patterns.length === 0)
      return { items: [], leftOut: [`Left out: the protocol of ${trial} has no rule for weekly use patterns.`] };
    if (source.hidesSmallCells)
      return { items: [], leftOut: ['Not shown in a rehearsal: a line is the weeks of one participant.'] };
    const known = new Set(source.flow.flatMap(({ weeks }) => Object.keys(weeks)));
    const unknown = patterns.filter(({ id }) => !known.has(id)).map(({ id }) => id);
    return {
      items: patterns.filter(({ id }) => known.has(id)).map((rule) => weeksFigure(source, rule)),
      leftOut:
        unknown.length === 0
          ? []
          : [`Not shown: ${unknown.join(', ')}: no week is over yet, or the rule looks at what is sealed.`],
    };
  },
};
