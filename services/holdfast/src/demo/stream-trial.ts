import { setTimeout as pause } from 'node:timers/promises';
import { civilDay, dateOf, type HoldfastEvent, type Protocol } from '@holdfast/events';
import { importedClock } from '@holdfast/ingest';
import { openLogger } from '@holdfast/runtime/server';
import type { EnteredEvent } from '@holdfast/simulate';
import { abstinenceCurve, everybody } from '@holdfast/tallies';
import { readTallies, topicsOf } from '@holdfast/trials';
import { CommandFailed } from '../command-failed.ts';
import { doorClient } from '../door-client.ts';
import { progressOn } from '../output/progress.ts';
import { createSenderTokens } from '../sender-tokens.ts';
import { startServices } from '../serve/start-services.ts';
import type { Store } from '../store.ts';

export type Streamed = {
  readonly accepted: number;
  readonly rejected: number;
  readonly days: number;
  readonly lastDay: number;
};

const lookMs = 20;

/** What the blinded coordinator sees while the trial runs, in a line. */
async function seenBlinded({ log }: Store, protocol: Protocol, measure: string, window: number): Promise<string> {
  const { tallies } = await readTallies(log, protocol, 'open');
  const question = { measure, window, policy: 'observed-only' };
  const [day] = abstinenceCurve(tallies, question, { from: window, to: window }, everybody);
  const { abstinent = 0, assessable = 0 } = day ?? {};
  const share = assessable === 0 ? '' : ` (${Math.round((100 * abstinent) / assessable)} %)`;
  return `abstinent at day ${window}, all arms: ${abstinent} of ${assessable}${share}`;
}

/**
 * Runs a trial from its first day to the one on which everything is mature: the services of `serve`, on a calendar that goes as fast as
 * they can follow, and each day's events sent to their door by whoever would send them.
 */
export async function streamTrial(
  store: Store,
  protocol: Protocol,
  entered: readonly EnteredEvent[],
  shown: { readonly measure: string; readonly window: number },
): Promise<Streamed> {
  const tokens = await createSenderTokens(store.log, protocol);
  const clock = importedClock(protocol);
  for (const { event } of entered) clock.see(event);
  const first = entered[0]?.day ?? 0;
  const over = civilDay(clock.date() ?? dateOf(first));
  const last = Math.max(over, entered.at(-1)?.day ?? 0);

  let today = first;
  const now = () => new Date(`${dateOf(today)}T22:00:00Z`);
  const services = await startServices(store, {
    host: '127.0.0.1',
    port: 0,
    now,
    logger: openLogger({ level: 'error', to: process.stderr }),
  });
  const progress = progressOn(process.stderr);
  const counts = { accepted: 0, rejected: 0 };
  let [randomised, next] = [0, 0];
  try {
    for (; today <= last; today += 1) {
      await services.turnDays();
      const events: HoldfastEvent[] = [];
      for (let one = entered[next]; one !== undefined && one.day <= today; one = entered[next]) {
        events.push(one.event);
        next += 1;
      }
      const signal = AbortSignal.timeout(store.settings.waitSeconds * 1000);
      const sending = doorClient({ url: services.url, tokens, signal }).send(events);
      const { accepted, rejected } = await Promise.race([sending, services.failed]);
      if (signal.aborted)
        throw new CommandFailed(
          `the services did not take in the events of ${dateOf(today)}; look at what they logged above`,
        );
      counts.accepted += accepted;
      counts.rejected += rejected.length;
      randomised += events.filter(({ type }) => type === 'org.holdfast.participant-randomised.v1').length;
      const sent = `${randomised} randomised, ${counts.accepted} events taken in, ${counts.rejected} rejected`;
      if (dateOf(today).endsWith('-01')) {
        progress.done();
        console.log(`  ${dateOf(today)}  ${sent}; ${await seenBlinded(store, protocol, shown.measure, shown.window)}`);
      } else progress.step(`  ${dateOf(today)}  ${sent} …`);
    }
    await caughtUp(store, protocol, services.failed);
  } finally {
    progress.done();
    await services.stop();
  }
  return { ...counts, days: last - first + 1, lastDay: last };
}

/** Waits until the published tallies include all of the log. */
async function caughtUp({ log, settings }: Store, protocol: Protocol, failed: Promise<never>): Promise<void> {
  const ends = await log.ends(topicsOf(protocol).events.name);
  const until = Date.now() + settings.waitSeconds * 1000;
  for (;;) {
    const { positions } = await Promise.race([readTallies(log, protocol, 'closed'), failed]);
    if (ends.every((end, partition) => (positions[partition]?.offset ?? 0) >= end)) return;
    if (Date.now() > until)
      throw new CommandFailed('the services have not folded everything; look at what they logged above');
    await pause(lookMs);
  }
}
