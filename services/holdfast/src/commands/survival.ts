import { chooseFirstEvent, parseBy, parseDays, survivalColumns, survivalRows, tellsArms } from '@holdfast/reports/rows';
import { armNames } from '@holdfast/trials';
import { type Command, Option } from 'commander';
import { sideFor, talliesFor } from '../by-arm.ts';
import { CommandFailed } from '../command-failed.ts';
import { asOfOption, cutOffOption, cutOption, type KnownOptions, knownAt } from '../known-at.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseTrial, withStore } from '../store.ts';
import { noteThoseWithoutArm } from '../without-arm.ts';

type SurvivalOptions = KnownOptions & {
  readonly trial?: string;
  readonly measure?: string;
  readonly missing?: string;
  readonly by?: string;
  readonly day?: string;
  readonly format: Format;
};

async function survival(command: Command): Promise<void> {
  const options = command.optsWithGlobals<SurvivalOptions>();
  if (options.missing !== undefined)
    throw new CommandFailed('--missing is for proportions only; in survival who is no longer assessed is censored');
  const days = parseDays(options.day);
  await withStore(command, 'read', async (store) => {
    const newest = chooseTrial(store, options.trial);
    const by = parseBy(options.by, newest.protocol);
    const byArm = tellsArms(by, newest.protocol);
    const side = sideFor(newest.protocol, chooseFirstEvent(newest.protocol, options.measure), byArm);
    const { trial, words, read: readSide } = await knownAt(store, newest, side, options);
    const { protocol } = trial;
    const measure = chooseFirstEvent(protocol, options.measure);
    const { id, horizon } = measure;
    const question = `survival --measure ${id} --by ${[...by].join(',')}${words}`;
    const read = await talliesFor(store, trial, measure, byArm, question, readSide);
    const rows = survivalRows(protocol, measure, read.tallies, { by, token: armNames(store, trial).token, days });
    await printRows(survivalColumns, rows, options.format);
    console.error(watermarkLine(protocol, read));
    if (rows.length === 0) console.error(`${id} is followed on study days 0 to ${horizon} only`);
    if (byArm) noteThoseWithoutArm(read.tallies, measure);
  });
}

export function survivalCommand(program: Command): void {
  program
    .command('survival')
    .description('time to a first event: the share of participants still without it, day by day')
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .option('--measure <measure>', 'first event of the protocol; not needed if there is only one')
    .option(
      '--by <parts>',
      'split by arm, site, period, or a group or factor by its name, such as arm,site (group: every group in turn); a double-blind trial needs its key for arms and factors',
    )
    .option(
      '--day <days>',
      'only these study days, such as 28,84 (default: day 0 and each day on which anybody’s time ended)',
    )
    .addOption(asOfOption())
    .addOption(cutOffOption())
    .addOption(cutOption())
    .addOption(new Option('--missing <policy>').hideHelp())
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Columns: ${survivalColumns.join(', ')}.
Everybody randomised is at risk on day 0; who was never assessed is censored there. Of a lapse, day is the days since the abstinent
run ended or since the quit day, and only who came so far is at risk. at_risk is before, survival after what happened on the day.
survival is Kaplan–Meier's, lower and upper its 95 % log-log limits (pointwise; empty while nobody has had the event, and once
survival is 0); incidence is Aalen–Johansen's, with competing events (death).
--day N shows the curve as it stands at the end of day N: events, competing and censored are those of day N itself, the
shares those of the last day on which anything happened. Where nobody is left to tell, the shares are empty.`,
    )
    .action((_options, command: Command) => survival(command));
}
