import { canonicalJson } from '@holdfast/events';
import { ObjectExists, type ObjectStore } from '@holdfast/objects';
import { reportKinds } from '@holdfast/reports';
import { z } from 'zod';
import { ReportRefused } from '../report-refused.ts';

/** What was made of a slot: an object that is written once, after everything that it names. Who finds it knows that the slot is done. */
const MadeSlot = z.strictObject({
  format: z.literal('holdfast-due/1'),
  trial: z.string(),
  slot: z.string(),
  schedule: z.string(),
  cut: z.string(),
  kind: z.enum(reportKinds),
  isDummy: z.boolean(),
  /** Names of the reports, under `reports/TRIAL/`. */
  reports: z.array(z.string()).min(1),
  /** Recipients by name, as the protocol declared them. */
  deliverTo: z.array(z.string()),
});
export type MadeSlot = z.infer<typeof MadeSlot>;

const keyOf = (trial: string, slot: string) => `due/${trial}/${slot}.json`;

/** What was made of a slot; undefined while it is not done. */
export async function readMadeSlot(shelf: ObjectStore, trial: string, slot: string): Promise<MadeSlot | undefined> {
  const key = keyOf(trial, slot);
  const bytes = await shelf.get(key);
  if (bytes === undefined) return undefined;
  const parsed = MadeSlot.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  if (parsed.success) return parsed.data;
  throw new ReportRefused(`object ${key} was written by another version of Holdfast; use that version`);
}

/** Records what was made of a slot. If somebody else was first, theirs counts. */
export async function recordMadeSlot(shelf: ObjectStore, made: MadeSlot): Promise<MadeSlot> {
  try {
    await shelf.put(keyOf(made.trial, made.slot), Buffer.from(`${canonicalJson(made)}\n`));
    return made;
  } catch (error) {
    const theirs = error instanceof ObjectExists ? await readMadeSlot(shelf, made.trial, made.slot) : undefined;
    if (theirs === undefined) throw error;
    return theirs;
  }
}

/** All slots of a trial on a shelf that are done. */
export async function* madeSlots(shelf: ObjectStore, trial: string): AsyncGenerator<MadeSlot> {
  const folder = `due/${trial}/`;
  for await (const key of shelf.list(folder)) {
    const made = await readMadeSlot(shelf, trial, key.slice(folder.length, -'.json'.length));
    if (made !== undefined) yield made;
  }
}
