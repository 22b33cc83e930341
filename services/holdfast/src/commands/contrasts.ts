import {
  type AskedValues,
  chooseMeasure,
  contrastColumns,
  contrastRows,
  parseBy,
  tellsArms,
  twoFactors,
} from '@holdfast/reports/rows';
import { armNames } from '@holdfast/trials';
import type { Command } from 'commander';
import { sideFor, talliesFor } from '../by-arm.ts';
import { CommandFailed } from '../command-failed.ts';
import { asOfOption, cutOffOption, cutOption, type KnownOptions, knownAt } from '../known-at.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseTrial, withStore } from '../store.ts';
import { noteThoseWithoutArm } from '../without-arm.ts';

type ContrastsOptions = KnownOptions &
  AskedValues & {
    readonly trial?: string;
    readonly measure?: string;
    readonly window?: string;
    readonly day?: string;
    readonly by?: string;
    readonly format: Format;
  };

async function contrasts(command: Command): Promise<void> {
  const options = command.optsWithGlobals<ContrastsOptions>();
  await withStore(command, 'read', async (store) => {
    const newest = chooseTrial(store, options.trial);
    const side = sideFor(newest.protocol, chooseMeasure(newest.protocol, options.measure), true);
    const { trial, words, read: readSide } = await knownAt(store, newest, side, options);
    const { protocol } = trial;
    twoFactors(protocol);
    const measure = chooseMeasure(protocol, options.measure);
    const by = parseBy(options.by, protocol);
    if (tellsArms(by, protocol))
      throw new CommandFailed('contrasts are between arms already: split by site, period or a group');
    const question = `contrasts --measure ${measure.id} --by ${[...by].join(',')}${words}`;
    const read = await talliesFor(store, trial, measure, true, question, readSide);
    const { token } = armNames(store, trial);
    const { by: _, ...asked } = options;
    const rows = contrastRows(protocol, measure, read.tallies, { ...asked, by, token });
    await printRows(contrastColumns, rows, options.format);
    console.error(watermarkLine(protocol, read));
    if (rows.length === 0) console.error('nobody has such a value yet, or the day lies outside the measure’s horizon');
    noteThoseWithoutArm(read.tallies, measure);
  });
}

export function contrastsCommand(program: Command): void {
  program
    .command('contrasts')
    .description('a 2 × 2 trial: its cells and margins, and the effects of its two factors')
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .option('--measure <measure>', 'abstinence, or a measure that gives values; not needed if there is only one')
    .option('--day <days>', 'study days of abstinence, such as 28,84')
    .option('--window <days>', 'length of the trailing window of abstinence (default: all that the protocol declares)')
    .option('--item <item>', 'of values: only this visit, landmark, stretch of days or term')
    .option('--missing <policy>', 'missing-data policy; all: side by side (default: those that the protocol declares)')
    .option('--by <parts>', 'split by site, period, or a group by its name')
    .addOption(asOfOption())
    .addOption(cutOffOption())
    .addOption(cutOption())
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Columns: ${contrastColumns.join(', ')}.
contrast is one of
  cell         an arm: share or mean of its participants, with Wilson's or Student's 95 % interval
  margin       a level of a factor, both arms that have it taken together; as \`holdfast rates --by FACTOR\` shows it
  simple       level less reference (the control arm's) where the other factor is as given; Newcombe's or Welch's interval
  main         the average of a factor's two simple effects, each weighing the same
  interaction  by how much a simple effect is greater where the other factor is not the control arm's
The intervals of the last two are, of shares, put together from those of the four cells (mover), of means Wald's.
n are the participants that a number stands on. Main effects and interaction say what they say only if all four cells have somebody;
to see an interaction half as large as a main effect takes sixteen times the participants, so read "none" with its interval.`,
    )
    .action((_options, command: Command) => contrasts(command));
}
