export type NativeService = {
  readonly service: string;
  /** Where its door and its routes of operations are. */
  readonly url: string;
  /** As `kill -9` would; its folder stays. */
  kill(): Promise<void>;
  /** Its connections stay open and nothing answers, until it is thawed. */
  freeze(): void;
  thaw(): void;
  /** Kills it and removes its folder. */
  stop(): Promise<void>;
  /** What it said last, once it has ended, however it did. */
  readonly ended: Promise<string>;
};

/**
 * Starts `holdfast serve SERVICE` with these settings (`HOLDFAST_KAFKA`, `HOLDFAST_S3`, …) and no others, once it answers `/healthz`. Without a
 * folder of its own it gets a new one; with that of one that was killed it goes on where that one was. What it logs goes to the file `log`.
 */
export function startService(
  service: 'ingest' | 'aggregate' | 'clock' | 'drop',
  settings: Readonly<Record<string, string>>,
  options?: { readonly data?: string; readonly port?: number; readonly log?: string },
): Promise<NativeService>;
