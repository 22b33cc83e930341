import type { EventIdentity, Opener, SealedBox } from '@holdfast/access';
import type { Protocol } from '@holdfast/events';
import type { EventLog } from '@holdfast/log';
import { rejectedTopic, topicsOf } from '@holdfast/trials';
import type { KeptRejection } from './rejections.ts';

/** A rejected input as it is kept. */
export type KeptContent =
  | { readonly input?: unknown }
  | { readonly sealed: SealedBox }
  /** It may be of any trial: a box for each double-blind one, by one of whose keys it opens. */
  | { readonly sealedForEach: readonly SealedBox[] }
  | { readonly omitted: string };

/** What a box with a rejected input is bound to. */
export const boxIdentity = (trial: string, where: string): EventIdentity => ({
  trial,
  source: `/trials/${trial}/rejected`,
  id: where,
  subject: '',
});

/** The private keys at hand, by the id that a box names. */
export type KeysAtHand = ReadonlyMap<string, { readonly trial: string; readonly opener: Opener }>;

/** What was sent: or why nobody can say it here. */
export type SentContent = { readonly input: unknown } | 'sealed' | 'not kept';

const decoder = new TextDecoder();

/** What was sent and rejected. @throws UnreadableBox if the box in which it is kept was changed */
export async function contentOf(
  log: EventLog,
  protocol: Protocol | undefined,
  { offset, where }: KeptRejection,
  keys: KeysAtHand,
): Promise<SentContent> {
  const topic = protocol === undefined ? rejectedTopic.name : topicsOf(protocol).rejected.name;
  const [record] = await log.read(topic, 0, offset, { records: 1, bytes: 1 });
  if (record?.offset !== offset) throw new Error(`offset ${offset} of ${topic} is not there`);
  return contentIn(JSON.parse(decoder.decode(record.value)) as KeptContent, where, keys);
}

/** What was sent, of a rejected input as it is kept. @throws UnreadableBox if the box in which it is kept was changed */
export async function contentIn(content: KeptContent, where: string, keys: KeysAtHand): Promise<SentContent> {
  if ('omitted' in content) return 'not kept';
  if ('input' in content) return { input: content.input };
  const boxes = 'sealed' in content ? [content.sealed] : 'sealedForEach' in content ? content.sealedForEach : [];
  for (const box of boxes) {
    const key = keys.get(box.keyId);
    if (key === undefined) continue;
    const bytes = await key.opener.open(boxIdentity(key.trial, where), box);
    return { input: JSON.parse(decoder.decode(bytes)) };
  }
  return boxes.length > 0 ? 'sealed' : 'not kept';
}
