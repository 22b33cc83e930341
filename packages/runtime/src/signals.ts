const signals = ['SIGTERM', 'SIGINT'] as const;

/**
 * The same signal within a second is one: a terminal signals all processes of its group, and npm gives what it got on to the process
 * that it started, which then gets it twice.
 */
const sameWithinMs = 1_000;

/** Calls `stop` at the first SIGTERM or SIGINT; a second one ends the process at once. Answers what takes the listeners away. */
export function onSignal(stop: (signal: NodeJS.Signals) => void): () => void {
  let first: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;
  const listener = (signal: NodeJS.Signals) => {
    if (first === undefined) {
      first = { signal, at: performance.now() };
      stop(signal);
    } else if (signal !== first.signal || performance.now() - first.at > sameWithinMs) {
      process.exit(signal === 'SIGINT' ? 130 : 143);
    }
  };
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
