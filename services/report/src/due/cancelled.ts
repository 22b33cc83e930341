import { canonicalJson } from '@holdfast/events';
import type { Job, NewJob } from '@holdfast/jobs';
import { ObjectExists, type ObjectStore, openObjects } from '@holdfast/objects';
import { z } from 'zod';
import { ReportRefused } from '../report-refused.ts';
import type { ReportShelves } from '../stored-reports.ts';

/**
 * That what is due, or a delivery of it, was cancelled: an object, since a queue forgets. It holds the job, so that it can be run all the
 * same.
 */
const Cancelled = z.strictObject({
  format: z.literal('holdfast-cancelled/1'),
  by: z.string(),
  job: z.strictObject({
    id: z.string(),
    kind: z.enum(['due', 'delivery']),
    data: z.record(z.string(), z.union([z.string(), z.int()])),
  }),
});

const keyOf = (trial: string, job: string) => `cancelled/${trial}/${job}.json`;

/** Whether the job of a slot, or of a delivery of it, was cancelled. */
export async function isCancelled(shelf: ObjectStore, trial: string, job: string): Promise<boolean> {
  return (await shelf.head(keyOf(trial, job))) !== undefined;
}

/** Records that a job was cancelled, if a clock would add it again: closed ones apart, as what they make is. */
export async function recordCancelled(store: ReportShelves, { id, kind, data }: Job, by: string): Promise<void> {
  if (kind !== 'due' && kind !== 'delivery') return;
  const shelf = data.closed === 1 ? await openObjects(store.places.closedObjects) : store.objects;
  const cancelled: z.infer<typeof Cancelled> = { format: 'holdfast-cancelled/1', by, job: { id, kind, data } };
  const bytes = Buffer.from(`${canonicalJson(cancelled)}\n`);
  await shelf.put(keyOf(String(data.trial), id), bytes).catch((error: unknown) => {
    if (!(error instanceof ObjectExists)) throw error;
  });
}

/** Takes back that a job was cancelled, of a trial whose closed ones are looked for with its key alone; answers the job, if it was. */
export async function takeBackCancelled(
  store: ReportShelves & { readonly keys: ReadonlyMap<string, unknown> },
  trial: string,
  id: string,
): Promise<NewJob | undefined> {
  const closed = store.keys.has(trial) ? [await openObjects(store.places.closedObjects)] : [];
  for (const shelf of [store.objects, ...closed]) {
    const key = keyOf(trial, id);
    const bytes = await shelf.get(key);
    if (bytes === undefined) continue;
    const parsed = Cancelled.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    if (!parsed.success)
      throw new ReportRefused(`object ${key} was written by another version of Holdfast; use that version`);
    await shelf.remove(key);
    return parsed.data.job;
  }
  return undefined;
}
