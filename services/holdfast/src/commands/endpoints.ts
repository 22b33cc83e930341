import type { Command } from 'commander';
import { formatOption } from '../output/format.ts';
import { endpointsOfMeasures, measuresHelp, withMeasureOptions } from './endpoints-of-measures.ts';

export function endpointsCommand(program: Command): void {
  withMeasureOptions(
    program
      .command('endpoints')
      .description('what measures give each participant, summed up: means, proportions, quartiles'),
  )
    .addOption(formatOption())
    .addHelpText('after', measuresHelp)
    .action((_options, command: Command) => endpointsOfMeasures(command));
}
