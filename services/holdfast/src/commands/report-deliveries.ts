import type { Job } from '@holdfast/jobs';
import { openObjects } from '@holdfast/objects';
import { type Delivery, deliveryOf, listDeliveries } from '@holdfast/report';
import type { Command } from 'commander';
import { withJobs } from '../made-report.ts';
import { type Format, formatOption } from '../output/format.ts';
import { printRows } from '../output/print-rows.ts';
import { chooseTrial, withStore } from '../store.ts';

const columns = [
  ...['trial', 'slot', 'recipient', 'state', 'by', 'at', 'links_expire', 'refused', 'tries', 'closed', 'reason'],
] as const;

const yes = (is: boolean) => (is ? 'yes' : 'no');
const whole = (date: Date | undefined) => date?.toISOString();

function sentRow({ trial, slot, recipient, by, sentAt, linksExpireAt, refused }: Delivery, isClosed: boolean) {
  return [trial, slot, recipient, 'sent', by, sentAt, linksExpireAt, refused, undefined, yes(isClosed), undefined];
}

/** Of a delivery that is queued, runs, is tried again or was given up, when that was or will be, and why. */
function jobRow(job: Job) {
  const delivery = deliveryOf(job);
  if (delivery === undefined || job.state === 'completed') return undefined;
  const { trial, slot, recipient, closed } = delivery;
  const at = whole(job.nextTryAt ?? job.endedAt ?? job.startedAt ?? job.addedAt);
  const of = [trial, slot, recipient, job.state, undefined, at, undefined, undefined];
  return { trial, isClosed: closed === 1, row: [...of, job.tries, yes(closed === 1), job.reason] };
}

async function list(command: Command): Promise<void> {
  const options = command.optsWithGlobals<{ trial?: string; format: Format }>();
  await withStore(command, 'read', async (store) => {
    const trials =
      options.trial === undefined ? [...store.trials.keys()] : [chooseTrial(store, options.trial).protocol.trial];
    const rows = [];
    for (const trial of trials) {
      for (const delivery of await listDeliveries(store.objects, trial)) rows.push(sentRow(delivery, false));
      // Who is sent what of closed reports, and when, is for who holds the key.
      if (!store.keys.has(trial)) continue;
      const closed = await openObjects(store.places.closedObjects);
      for (const delivery of await listDeliveries(closed, trial)) rows.push(sentRow(delivery, true));
    }
    const queued = await withJobs(store, async (queue) => (await queue.list()).flatMap((job) => jobRow(job) ?? []));
    for (const { trial, isClosed, row } of queued)
      if (trials.includes(trial) && (!isClosed || store.keys.has(trial))) rows.push(row);
    await printRows(columns, rows, options.format);
  });
}

/** `report deliveries` */
export function reportDeliveriesCommand(report: Command): void {
  report
    .command('deliveries')
    .description('what was sent of reports on schedule, to whom, and what could not be sent yet')
    .option('--trial <trial>', 'trial (default: all that are published)')
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Of what is not sent, \`state\` is that of its job (docs/jobs.md), \`at\` when it is tried next or was given up, and \`reason\` why the last
try failed. Deliveries of closed reports are listed with the trial’s key.
Columns: ${columns.join(', ')}.`,
    )
    .action((_options, command: Command) => list(command));
}
