import { canonicalJson } from '@holdfast/events';
import { ObjectExists, type ObjectStore } from '@holdfast/objects';
import { z } from 'zod';
import type { MadeSlot } from '../due/made-slot.ts';
import { ReportRefused } from '../report-refused.ts';

/** That somebody was sent links to what was made of a slot: an object that is written once, after it was sent. */
const Delivery = z.strictObject({
  format: z.literal('holdfast-delivery/1'),
  trial: z.string(),
  slot: z.string(),
  recipient: z.string(),
  by: z.enum(['e-mail', 'webhook']),
  sentAt: z.iso.datetime(),
  linksExpireAt: z.iso.datetime(),
  reports: z.array(z.string()),
  /** How many addresses the mail server refused. */
  refused: z.int().min(0),
});
export type Delivery = z.infer<typeof Delivery>;

type Sent = Pick<MadeSlot, 'trial' | 'slot'>;

const folderOf = (trial: string) => `deliveries/${trial}/`;
const keyOf = ({ trial, slot }: Sent, recipient: string) => `${folderOf(trial)}${slot}/${recipient}.json`;

export async function isDelivered(shelf: ObjectStore, made: Sent, recipient: string): Promise<boolean> {
  return (await shelf.head(keyOf(made, recipient))) !== undefined;
}

/** Records a delivery; if it was sent twice, the first record stays. */
export async function recordDelivery(shelf: ObjectStore, delivery: Delivery): Promise<void> {
  await shelf.put(keyOf(delivery, delivery.recipient), Buffer.from(`${canonicalJson(delivery)}\n`)).catch((error) => {
    if (!(error instanceof ObjectExists)) throw error;
  });
}

/** All that was sent of a trial's open, or closed, reports. */
export async function listDeliveries(shelf: ObjectStore, trial: string): Promise<readonly Delivery[]> {
  const deliveries: Delivery[] = [];
  for await (const key of shelf.list(folderOf(trial))) {
    const bytes = await shelf.get(key);
    if (bytes === undefined) continue;
    const parsed = Delivery.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    if (!parsed.success)
      throw new ReportRefused(`object ${key} was written by another version of Holdfast; use that version`);
    deliveries.push(parsed.data);
  }
  return deliveries;
}
