/** Lets go of a file. */
export type Release = () => void;

/**
 * Who has which shard's file open, of all threads of this process. DuckDB keeps other processes away from a file, not another thread of the same
 * one, which would see other data and spoil the file; and a thread that lost a partition may still be at its last batch when another gets it.
 */
export class OpenFiles {
  readonly #waiting = new Map<string, (() => void)[]>();

  /** Resolves when nobody else has the file. */
  async take(file: string): Promise<Release> {
    const queue = this.#waiting.get(file);
    if (queue === undefined) this.#waiting.set(file, []);
    else await new Promise<void>((resolve) => queue.push(resolve));
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const next = this.#waiting.get(file)?.shift();
      if (next === undefined) this.#waiting.delete(file);
      else next();
    };
  }
}

/** Those of this process. */
export const openFiles = new OpenFiles();
