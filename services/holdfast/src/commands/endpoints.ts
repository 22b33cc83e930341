import type { Command } from 'commander';
import { type Format, formatOption } from '../output/format.ts';
import { endpointsOfMeasures, measuresHelp, withMeasureOptions } from './endpoints-of-measures.ts';
import { endpointColumns, endpointsOfPatterns, summaryColumns } from './endpoints-of-patterns.ts';

type PatternOptions = {
  readonly patterns?: string;
  readonly endpoint?: string;
  readonly summary?: boolean;
  readonly format: Format;
};

const patternsHelp = `
With --patterns FILE it works on the weekly use patterns of a file alone, and needs no store. Columns:
${endpointColumns.join(', ')}; a row for each participant and published endpoint. value is true or false, a number of weeks, a share
(0 to 1) or a score; times to an event have time (weeks) and event (1 seen, 0 censored) instead.
With --summary: ${summaryColumns.join(', ')}; true counts 1, means of times pass over censoring.
docs/published-endpoints.md says of each endpoint what it is, what it does with missed weeks, and where it comes from.`;

export function endpointsCommand(program: Command): void {
  withMeasureOptions(
    program
      .command('endpoints')
      .description('what measures give each participant, summed up; or published endpoints of weekly patterns'),
  )
    .option(
      '--patterns <file>',
      'published endpoints instead, of the CSV that `holdfast patterns` prints, or one with columns participant,pattern; - is standard input',
    )
    .option('--endpoint <ids>', 'with --patterns: only these published endpoints, separated by commas')
    .option('--summary', 'with --patterns: n, sum and mean of each endpoint in place of everybody’s values')
    .addOption(formatOption())
    .addHelpText('after', `${measuresHelp}\n${patternsHelp}`)
    .action((_options, command: Command) => {
      const options = command.optsWithGlobals<PatternOptions>();
      return options.patterns === undefined
        ? endpointsOfMeasures(command)
        : endpointsOfPatterns(options.patterns, options);
    });
}
