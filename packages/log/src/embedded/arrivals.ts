/** Waiting for records: woken by this instance's own appends at once, by others' within `pollMs`. */
export type Arrivals = {
  /** Resolves when the partition's end has passed `next`, or when woken for another reason (its state cannot be read); then look again. */
  after(topic: string, partition: number, next: number, stop: AbortSignal): Promise<void>;
  look(): void;
};

const pollMs = 20;

type Waiter = { readonly topic: string; readonly partition: number; readonly next: number; wake(): void };

export function arrivalsBy(endsOf: (topic: string) => readonly number[]): Arrivals {
  const waiters = new Set<Waiter>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    const ends = new Map<string, readonly number[] | undefined>();
    for (const waiter of waiters) {
      if (!ends.has(waiter.topic)) ends.set(waiter.topic, tryEnds(waiter.topic));
      const end = ends.get(waiter.topic)?.[waiter.partition];
      if (end === undefined || end > waiter.next) waiter.wake();
    }
  }

  /** Whoever reads next gets the error itself. */
  function tryEnds(topic: string): readonly number[] | undefined {
    try {
      return endsOf(topic);
    } catch {
      return undefined;
    }
  }

  function poll(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      look();
      if (waiters.size > 0) poll();
    }, pollMs);
  }

  return {
    look,
    async after(topic, partition, next, stop) {
      if (stop.aborted) return;
      await new Promise<void>((resolve) => {
        const waiter: Waiter = {
          topic,
          partition,
          next,
          wake() {
            waiters.delete(waiter);
            if (waiters.size === 0) timer = void clearTimeout(timer);
            stop.removeEventListener('abort', waiter.wake);
            resolve();
          },
        };
        waiters.add(waiter);
        stop.addEventListener('abort', waiter.wake, { once: true });
        poll();
      });
    },
  };
}
