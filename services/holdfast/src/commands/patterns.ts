import type { PatternRule, Protocol } from '@holdfast/events';
import { isOpenPattern, type PatternPhase, type PatternWeek, patternWords, usePattern } from '@holdfast/outcomes';
import type { Value } from '@holdfast/reports/rows';
import type { Command } from 'commander';
import { lookByArm, refuseClosedPattern } from '../by-arm.ts';
import { CommandFailed } from '../command-failed.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { readParticipants, sayWhatWasRead } from '../participants.ts';
import { chooseTrial, withStore } from '../store.ts';

const columns = ['trial', 'participant', 'rule', 'baseline', 'phase_1', 'phase_2'] as const;
const weekColumns = [
  'trial',
  'participant',
  'rule',
  'phase',
  'week',
  'from',
  'to',
  'symbol',
  'positive_days',
  'tested_negative_days',
  'inferred_negative_days',
] as const;

type PatternsOptions = {
  readonly trial?: string;
  readonly rule?: string;
  readonly participant?: string;
  readonly weeks?: boolean;
  readonly format: Format;
};

/** The pattern rule that a command is about: the named one, or the protocol's default. */
function chooseRule({ trial, patterns }: Protocol, name: string | undefined): PatternRule {
  if (patterns.length === 0) {
    const asked = name === undefined ? 'no rule' : `no rule ${name}, nor any other,`;
    throw new CommandFailed(
      `the protocol of ${trial} declares ${asked} for weekly patterns; declare it under patterns and publish that as the next version (docs/patterns.md has an example to copy)`,
    );
  }
  const rule = patterns.find(({ id, default: isDefault }) => (name === undefined ? isDefault : id === name));
  if (rule === undefined)
    throw new CommandFailed(
      `${trial} has no pattern rule ${name}; it has ${patterns.map(({ id }) => id).join(', ')} (docs/patterns.md says how to declare one)`,
    );
  return rule;
}

const phaseShown: Record<PatternPhase, string> = {
  baseline: 'baseline',
  'phase-1': 'phase_1',
  'phase-2': 'phase_2',
};

function weekRows(weeks: readonly PatternWeek[]): Value[][] {
  return weeks.map(({ phase, week, from, to, symbol, days }) => {
    const daysOf = (kind: PatternWeek['days'][number]['finding']) =>
      days.filter(({ finding }) => finding === kind).length;
    const findings = [daysOf('positive'), daysOf('tested-negative'), daysOf('inferred-negative')];
    return [phaseShown[phase], week, from, to, symbol, ...findings];
  });
}

function wordRow(weeks: readonly PatternWeek[]): Value[] {
  const words = patternWords(weeks);
  return [words.baseline, words['phase-1'], words['phase-2']];
}

async function patterns(command: Command): Promise<void> {
  const options = command.optsWithGlobals<PatternsOptions>();
  await withStore(command, 'read', async (store) => {
    const trial = chooseTrial(store, options.trial);
    const { protocol } = trial;
    const rule = chooseRule(protocol, options.rule);
    refuseClosedPattern(store, protocol, rule);
    const isOpen = isOpenPattern(rule, protocol);
    if (!isOpen) await lookByArm(store, trial, `patterns --rule ${rule.id}`);
    const read = await readParticipants(store, protocol, { unsealed: !isOpen, participant: options.participant });
    const rows: Value[][] = [];
    let notEnrolled = 0;
    for (const { history, clock } of read.histories) {
      const weeks = usePattern(protocol, rule, history, clock);
      const who = [protocol.trial, history.participant, rule.id];
      if (weeks === undefined) notEnrolled += 1;
      else if (options.weeks === true) rows.push(...weekRows(weeks).map((row) => [...who, ...row]));
      else rows.push([...who, ...wordRow(weeks)]);
    }
    await printRows(options.weeks === true ? weekColumns : columns, rows, options.format);
    if (notEnrolled > 0) console.error(`${notEnrolled} with events, but without an enrolment, have no pattern`);
    sayWhatWasRead(protocol, read);
  });
}

export function patternsCommand(program: Command): void {
  program
    .command('patterns')
    .description('weekly use patterns of everybody enrolled, by a rule of the protocol')
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .option('--rule <rule>', 'pattern rule of the protocol (default: the one that it marks as default)')
    .option('--participant <id>', 'only this participant')
    .option('--weeks', 'a row for each week, with the days that its symbol stands on')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Columns: ${columns.join(', ')}.
With --weeks: ${weekColumns.join(', ')}; from and to are study days.
A symbol a week: + positive, - negative, * both, o expected and missing, _ not scheduled. Weeks that are not over and entered yet are left out.
Patterns are text: tell a spreadsheet so, lest it read those that begin with + or - as formulas.`,
    )
    .action((_options, command: Command) => patterns(command));
}
