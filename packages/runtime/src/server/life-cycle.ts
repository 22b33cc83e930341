import { onSignal } from '../signals.ts';
import type { Logger } from './logger.ts';

/** Something that runs until it is stopped. */
export type Running = { readonly name: string; stop(): Promise<void> };

/** Starts in order. If one does not start, those before it are stopped, in reverse, and its error is thrown. */
export async function startInOrder(
  starts: readonly (() => Promise<Running>)[],
  logger: Logger,
): Promise<Running & { readonly started: readonly Running[] }> {
  const started: Running[] = [];
  const stop = async () => {
    let first: unknown;
    for (const running of started.splice(0).reverse()) {
      try {
        await running.stop();
        logger.info({ service: running.name }, 'stopped');
      } catch (error) {
        first ??= error;
        logger.error({ err: error, service: running.name }, 'did not stop cleanly');
      }
    }
    if (first !== undefined) throw first;
  };
  try {
    for (const start of starts) {
      const running = await start();
      started.push(running);
      logger.info({ service: running.name }, 'started');
    }
  } catch (error) {
    await stop().catch(() => undefined); // logged; what stood in the way of starting says more
    throw error;
  }
  return { name: 'all', started, stop };
}

export type UntilSignalled = {
  readonly logger: Logger;
  /** Settles when nothing useful can go on; with the reason. */
  readonly failed?: Promise<never>;
  readonly graceMs?: number;
};

/**
 * Waits for SIGTERM or SIGINT (or for the failure), then stops. Answers the exit code: 0 if all stopped in time after a signal.
 * A second signal ends the process at once.
 */
export async function untilSignalled(
  running: Running,
  { logger, failed, graceMs = 10_000 }: UntilSignalled,
): Promise<number> {
  let stopListening = () => {};
  const signalled = new Promise<'signal'>((resolve) => {
    stopListening = onSignal((signal) => {
      logger.info({ signal }, 'stopping; a second signal ends at once');
      resolve('signal');
    });
  });
  let code = 0;
  try {
    await Promise.race([signalled, failed ?? signalled]);
  } catch (error) {
    logger.fatal({ err: error }, 'nothing useful can go on');
    code = 1;
  }
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), graceMs);
  });
  const stopped = running.stop().then(
    () => 'stopped' as const,
    () => 'failed' as const,
  );
  const outcome = await Promise.race([stopped, tooLate]);
  clearTimeout(timer);
  stopListening();
  if (outcome === 'late') logger.error(`did not stop within ${graceMs / 1000} s`);
  return outcome === 'stopped' ? code : 1;
}
