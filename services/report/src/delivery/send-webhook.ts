import { createHmac } from 'node:crypto';
import { DeliveryFailed } from './delivery-failed.ts';
import { inJson, type Message } from './message.ts';

const patienceMs = 20_000;

/** What the receiver computes again: over the time and the body, so that neither can be exchanged (docs/reports.md). */
export function webhookSignature(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** Posts a message; whatever is answered but 2xx is a failure. */
export async function sendWebhook(url: string, secret: string, message: Message, now: Date): Promise<void> {
  const body = inJson(message);
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const { host } = new URL(url);
  const answer = await fetch(url, {
    method: 'POST',
    redirect: 'error', // whom a link is sent to is said by the settings alone
    headers: {
      'content-type': 'application/json',
      'holdfast-delivery': message.id,
      'holdfast-timestamp': timestamp,
      'holdfast-signature': webhookSignature(secret, timestamp, body),
    },
    body,
    signal: AbortSignal.timeout(patienceMs),
  }).catch((cause: Error) => {
    const { code = cause.name } = (cause.cause ?? {}) as { code?: string };
    throw new DeliveryFailed(`the webhook at ${host} cannot be reached (${code})`, { cause });
  });
  await answer.body?.cancel();
  if (!answer.ok) throw new DeliveryFailed(`the webhook at ${host} answered ${answer.status}`);
}
