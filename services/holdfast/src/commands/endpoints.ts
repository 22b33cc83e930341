import type { Command } from 'commander';
import { CommandFailed } from '../command-failed.ts';
import { type Format, formatOption } from '../output/format.ts';
import { endpointColumns, endpointsOfPatterns, summaryColumns } from './endpoints-of-patterns.ts';

type EndpointsOptions = {
  readonly patterns?: string;
  readonly endpoint?: string;
  readonly summary?: boolean;
  readonly format: Format;
};

async function endpoints(command: Command): Promise<void> {
  const options = command.optsWithGlobals<EndpointsOptions>();
  if (options.patterns !== undefined) return endpointsOfPatterns(options.patterns, options);
  throw new CommandFailed(
    'endpoints needs --patterns FILE, the CSV that `holdfast patterns --format csv` prints (- for standard input)',
  );
}

export function endpointsCommand(program: Command): void {
  program
    .command('endpoints')
    .description('published endpoints of the weekly use patterns in a file; needs no store')
    .option(
      '--patterns <file>',
      'CSV that `holdfast patterns` prints, or with columns participant,pattern; - is standard input',
    )
    .option('--endpoint <ids>', 'only these published endpoints, separated by commas')
    .option('--summary', 'n, sum and mean of each endpoint in place of everybody’s values')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Columns: ${endpointColumns.join(', ')}; a row for each participant and endpoint. value is true or false, a number of
weeks, a share (0 to 1) or a score; times to an event have time (weeks) and event (1 seen, 0 censored) instead.
With --summary: ${summaryColumns.join(', ')}; true counts 1, means of times pass over censoring.
docs/published-endpoints.md says of each endpoint what it is, what it does with missed weeks, and where it comes from.`,
    )
    .action((_options, command: Command) => endpoints(command));
}
