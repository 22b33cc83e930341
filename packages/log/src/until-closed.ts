import { LogUnavailable } from './log-errors.ts';

/** What an adapter does when it is closed, in this order. */
export type Ending = {
  /** Members leave their groups; what they append in their last batch still works. */
  leaveGroups(): Promise<unknown>;
  /** Lets go of everything else. */
  release(): Promise<unknown>;
};

/** The life of a log: calls are let in until it is closed, and closing waits for them. */
export type UntilClosed = {
  /** Refuses what comes after `close`, and lets `close` wait for what came before. */
  use<T>(act: () => Promise<T>): Promise<T>;
  /** Refuses what may no longer begin once closing has begun: nobody would wait for it. */
  refuseIfClosing(): void;
  close(): Promise<void>;
};

/** `where` names the log in errors: `in DIR`. */
export function untilClosed(where: string, { leaveGroups, release }: Ending): UntilClosed {
  const underWay = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  let isClosed = false;

  function refuseIf(isTooLate: boolean): void {
    if (isTooLate) throw new LogUnavailable(`the log ${where} was closed by this process: open it again to use it`);
  }

  async function closeAll(): Promise<void> {
    await Promise.allSettled(underWay); // also who is just joining
    try {
      await leaveGroups();
    } finally {
      isClosed = true;
      await Promise.allSettled(underWay);
      await release();
    }
  }

  return {
    async use(act) {
      refuseIf(isClosed);
      const acting = act();
      underWay.add(acting);
      try {
        return await acting;
      } finally {
        underWay.delete(acting);
      }
    },
    refuseIfClosing: () => refuseIf(closing !== undefined),
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}
