import { resolve } from 'node:path';
import { z } from 'zod';

/** All settings that come from the environment, parsed once; options of the command line go before them. */
export type Settings = {
  /** Folder of the embedded store. */
  readonly data: string;
  /** File with a trial's private key. */
  readonly key: string | undefined;
  /** Most records folded in one transaction. */
  readonly batchRecords: number;
};

/** A setting has an unusable value; the message names it and says what to write. */
export class UnusableSetting extends Error {
  readonly code = 'HF_UNUSABLE_SETTING';
  override readonly name = 'UnusableSetting';
}

const Environment = z.object({
  HOLDFAST_DATA: z.string().min(1).default('holdfast-data'),
  HOLDFAST_KEY: z.string().min(1).optional(),
  HOLDFAST_BATCH_RECORDS: z.coerce.number().int().min(1).max(100_000).default(5_000),
});

/** Reads the settings from an environment; an empty variable counts as not set. */
export function readSettings(environment: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name.startsWith('HOLDFAST_') && value !== ''),
  );
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UnusableSetting(`${String(issue?.path[0])} is not usable: ${issue?.message}; correct it or unset it`);
  }
  const { HOLDFAST_DATA, HOLDFAST_KEY, HOLDFAST_BATCH_RECORDS } = parsed.data;
  return { data: resolve(HOLDFAST_DATA), key: HOLDFAST_KEY, batchRecords: HOLDFAST_BATCH_RECORDS };
}
