import type { HoldfastEvent } from '@holdfast/events';
import { senderOf } from '../door-client.ts';
import { createSenderTokens } from '../sender-tokens.ts';
import { onStore, protocol } from './load-log.ts';

export type Body = { readonly source: string; readonly text: string };

/** Whoever sends events to a door over HTTP, each with the token of its source. */
export type Sender = { send(url: string, body: Body): Promise<void> };

/** Events of one source as a request's body. */
export const bodyOf = (source: string, events: readonly HoldfastEvent[]): Body => ({
  source,
  text: events.map((event) => JSON.stringify(event)).join('\n'),
});

/** Makes a token for each site and for the randomisation service. */
export async function openSender(data: string): Promise<Sender> {
  const tokens = await onStore(data, ({ log }) => createSenderTokens(log, protocol));
  return {
    async send(url, { source, text }) {
      const headers = {
        authorization: `Bearer ${tokens.get(senderOf({ source }))}`,
        'content-type': 'application/x-ndjson',
      };
      const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers, body: text });
      const said = await answer.text();
      if (answer.status !== 202)
        throw new Error(`the door answered ${answer.status} to events of the load trial: ${said.slice(0, 500)}`);
    },
  };
}
