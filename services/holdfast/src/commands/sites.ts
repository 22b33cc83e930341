import { clockOfSelection, openHistories, protocolUpTo } from '@holdfast/aggregate';
import { dateOf } from '@holdfast/events';
import { foldVersion } from '@holdfast/outcomes';
import { siteFigures, siteGatherer } from '@holdfast/report';
import { siteColumns, siteRow } from '@holdfast/reports/rows';
import type { Command } from 'commander';
import { asOfOption, cutOffOption, cutOption, type KnownOptions, knownAt } from '../known-at.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseTrial, withStore } from '../store.ts';

type SitesOptions = KnownOptions & { readonly trial?: string; readonly format: Format };

async function sites(command: Command): Promise<void> {
  const options = command.optsWithGlobals<SitesOptions>();
  await withStore(command, 'read', async (store) => {
    const { trial, events } = await knownAt(store, chooseTrial(store, options.trial), 'open', options);
    const { source, selection } = await events();
    const protocol = protocolUpTo(trial.protocol, selection.cutOff);
    const gatherer = siteGatherer(protocol);
    const clock = await clockOfSelection(source, protocol, selection);
    for await (const history of openHistories(source, protocol, selection, gatherer.take)) gatherer.add(history, clock);
    const rows = siteFigures(protocol, [gatherer.counts()]).map((figures) => siteRow(protocol.trial, figures));
    await printRows(siteColumns, rows, options.format);
    const asOf = clock === undefined ? null : dateOf(clock);
    const positions = source.ends.map((offset) => ({ offset, asOf, protocolVersion: protocol.version, foldVersion }));
    console.error(watermarkLine(protocol, { positions, stale: [] }));
  });
}

export function sitesCommand(program: Command): void {
  program
    .command('sites')
    .description('recruitment, retention, visits, evidence, delay of entry and issues, by site')
    .option('--trial <trial>', 'trial; not needed if only one is published')
    .addOption(asOfOption())
    .addOption(cutOffOption())
    .addOption(cutOption())
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Columns: ${siteColumns.join(', ')}; the last row, without a site, is of all. Everything is a function of the open events: whoever may
see no arm may see it, and the key changes nothing.
left: randomised who left other than by completing the trial, as far as participant-left says so; retained_percent: of the
randomised who did not.
visits_*: of the protocol's first open measure of kind visits (empty without one): whose window and entry lag are over.
evidence_days: participants' days that the first open measure of use has evidence of; so many and no word of what it says.
last_event: date on which the last of the site's open events happened; last_received: date on which the last was received, in the
trial's zone (of an imported trial that is the day of the import); what was sent again does not count.
*_entry_days: days from when an event happened to when it was recorded; 90 of 100 took p90 or less.
issues: conflicts, competing corrections and what was set aside, as \`holdfast issues\` lists them; rejected inputs stand only there.`,
    )
    .action((_options, command: Command) => sites(command));
}
