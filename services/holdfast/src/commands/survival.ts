import { type FirstEventMeasure, isFirstEventMeasure, type Protocol } from '@holdfast/events';
import { survivalCurve } from '@holdfast/tallies';
import { type Command, Option } from 'commander';
import { armNames, sideFor, talliesFor } from '../by-arm.ts';
import { CommandFailed } from '../command-failed.ts';
import { asOfOption, cutOffOption, cutOption, type KnownOptions, knownAt } from '../known-at.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows, type Value } from '../output/print-rows.ts';
import { watermarkLine } from '../output/watermark.ts';
import { noteThoseWithoutArm, parseBy, parseDays, partsOf, tellsArms } from '../selectors.ts';
import { chooseMeasure, chooseTrial, withStore } from '../store.ts';

const columns = [
  'trial',
  'measure',
  'arm',
  'site',
  'group',
  'day',
  'at_risk',
  'events',
  'competing',
  'censored',
  'survival',
  'incidence',
  'lower',
  'upper',
  'method',
] as const;

type SurvivalOptions = KnownOptions & {
  readonly trial?: string;
  readonly measure?: string;
  readonly missing?: string;
  readonly by?: string;
  readonly day?: string;
  readonly format: Format;
};

/** The first event that a question is about: the named one, or the only one there is. */
function chooseFirstEvent(protocol: Protocol, name: string | undefined): FirstEventMeasure {
  const measures = protocol.measures.filter(isFirstEventMeasure);
  const names = measures.map(({ id }) => id).join(', ');
  if (measures.length === 0)
    throw new CommandFailed(
      `${protocol.trial} declares no first event (kind: first-use, lapse, relapse or retention), and survival is of nothing else`,
    );
  const measure = chooseMeasure(name === undefined ? { ...protocol, measures } : protocol, name);
  if (!isFirstEventMeasure(measure))
    throw new CommandFailed(`${measure.id} is no first event, and survival is of nothing else; use ${names}`);
  return measure;
}

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
    const asked = days && new Set([...days].filter((day) => day <= horizon));
    const question = `survival --measure ${id} --by ${[...by].join(',')}${words}`;
    const read = await talliesFor(store, trial, measure, byArm, question, readSide);
    const rows = partsOf(protocol, by, armNames(store, trial).token, read.tallies).flatMap(
      ({ arm, site, group, slice }) =>
        survivalCurve(read.tallies, id, slice, asked).map((on): Value[] => [
          ...[protocol.trial, id, arm, site, group, on.day],
          ...[on.atRisk, on.events, on.competing, on.censored],
          ...[on.survival, on.incidence, on.lower, on.upper, 'kaplan-meier'],
        ]),
    );
    await printRows(columns, rows, options.format);
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
Columns: ${columns.join(', ')}.
Everybody randomised is at risk on day 0; who was never assessed is censored there. Of a lapse, day is the days since the abstinent
run ended or since the quit day, and only who came so far is at risk. at_risk is before, survival after what happened on the day.
survival is Kaplan–Meier's, lower and upper its 95 % log-log limits (pointwise; empty while nobody has had the event, and once
survival is 0); incidence is Aalen–Johansen's, with competing events (death).
--day N shows the curve as it stands at the end of day N: events, competing and censored are those of day N itself, the
shares those of the last day on which anything happened. Where nobody is left to tell, the shares are empty.`,
    )
    .action((_options, command: Command) => survival(command));
}
