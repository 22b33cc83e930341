import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type HoldfastEvent, siteOf } from '@holdfast/events';
import { z } from 'zod';
import { CommandFailed } from './command-failed.ts';

const packed = promisify(gzip);

/** Who sends: a site by its id, or the randomisation service. */
export const randomisationService = 'randomisation';
export const senderOf = ({ source }: Pick<HoldfastEvent, 'source'>): string => siteOf(source) ?? randomisationService;

export type Rejected = { readonly id: string; readonly reasons: readonly string[] };

/** What became of some events, and how long the door took to say so of each request. */
export type Sent = {
  readonly accepted: number;
  readonly rejected: readonly Rejected[];
  readonly milliseconds: readonly number[];
};

/** Sends events to a running server as their senders would: each with its own token. */
export interface DoorClient {
  /**
   * Resolves when the door has said what became of every one of them; waits as it says. Rejects if it is refused for good. Told to
   * stop, it resolves with what was answered until then.
   */
  send(events: readonly HoldfastEvent[]): Promise<Sent>;
}

export type DoorClientOptions = {
  readonly url: string;
  /** The secret of each sender. */
  readonly tokens: ReadonlyMap<string, string>;
  /** Ends what waits for the door, or for its turn; what is under way is answered. */
  readonly signal?: AbortSignal;
};

/** Well below what a request may hold. */
const eventsAtOnce = 1_000;
/** A token that was made a moment ago is known within a second. */
const newTokenMs = 5_000;
/** Below so many bytes packing costs more than it saves. */
const worthPacking = 8_192;
/** What is sent again: the door says so, or a proxy before it that does not reach it. */
const notNow: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** Then it is asked again, whatever it said. */
const longestWaitMs = 3_600_000;
/** How often a connection that breaks is tried again. */
const chances = 5;

const Verdicts = z.object({
  verdicts: z.array(
    z.object({
      id: z.string().nullable(),
      verdict: z.enum(['accepted', 'rejected']),
      problems: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    }),
  ),
});
const Refused = z.object({ error: z.object({ message: z.string() }) });

/** Undefined of what is no JSON, such as the page of a proxy. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Milliseconds to wait: `Retry-After` holds seconds, or a date, as proxies write it; a second where it says nothing of use. */
function waitOf({ headers }: Response): number {
  const said = headers.get('retry-after')?.trim() ?? '';
  const wait = /^\d+$/.test(said) ? 1000 * Number(said) : Math.max(1000, Date.parse(said) - Date.now());
  return Number.isNaN(wait) ? 1000 : Math.min(wait, longestWaitMs);
}

export function doorClient({ url, tokens, signal }: DoorClientOptions): DoorClient {
  const openedAt = Date.now();

  /** One request, repeated under the same ids until it is answered. */
  const post = async (sender: string, events: readonly HoldfastEvent[]): Promise<Sent> => {
    const token = tokens.get(sender);
    if (token === undefined)
      throw new CommandFailed(
        `there is no token of ${sender}, which has events to send; make one by \`holdfast token create\``,
      );
    const lines = Buffer.from(events.map((event) => JSON.stringify(event)).join('\n'));
    const isPacked = lines.length >= worthPacking;
    const body = isPacked ? await packed(lines) : lines;
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/x-ndjson',
      ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
    };
    const begun = performance.now();
    for (let failures = 0; ; ) {
      signal?.throwIfAborted();
      let answer: Response;
      let said: string;
      try {
        // What is under way is answered, also when told to stop.
        answer = await fetch(`${url}/v1/events`, { method: 'POST', headers, body });
        said = await answer.text();
      } catch (cause) {
        signal?.throwIfAborted();
        failures += 1;
        if (failures >= chances)
          throw new CommandFailed(
            `${url} does not answer (${cause instanceof Error ? cause.message : cause}); is \`holdfast serve\` running there?`,
            { cause },
          );
        await pause(200 * failures, undefined, { ...(signal && { signal }) });
        continue;
      }
      if (notNow.has(answer.status)) {
        await pause(waitOf(answer), undefined, { ...(signal && { signal }) });
        continue;
      }
      if (answer.status === 401 && Date.now() - openedAt < newTokenMs) {
        await pause(100, undefined, { ...(signal && { signal }) });
        continue;
      }
      const judged = Verdicts.safeParse(parsed(said));
      if (!judged.success) {
        const why = Refused.safeParse(parsed(said));
        throw new CommandFailed(
          `${url} refused what ${sender} sent (${answer.status}): ${why.success ? why.data.error.message : 'its answer cannot be read'}`,
        );
      }
      const rejected = judged.data.verdicts.flatMap(({ id, verdict, problems = [] }): Rejected[] =>
        verdict === 'accepted'
          ? []
          : [{ id: id ?? '', reasons: problems.map(({ path, message }) => `${path} ${message}`.trim()) }],
      );
      return { accepted: events.length - rejected.length, rejected, milliseconds: [performance.now() - begun] };
    }
  };

  const unlessStopped = (error: unknown): Sent => {
    if (signal?.aborted) return { accepted: 0, rejected: [], milliseconds: [] };
    throw error;
  };

  return {
    async send(events) {
      const bySender = new Map<string, HoldfastEvent[]>();
      for (const event of events) {
        const sender = senderOf(event);
        const own = bySender.get(sender);
        if (own === undefined) bySender.set(sender, [event]);
        else own.push(event);
      }
      const parts = [...bySender].map(async ([sender, own]) => {
        const sent: Sent[] = [];
        for (let i = 0; i < own.length; i += eventsAtOnce) {
          const told = await post(sender, own.slice(i, i + eventsAtOnce)).catch(unlessStopped);
          sent.push(told);
        }
        return sent;
      });
      const all = (await Promise.all(parts)).flat();
      return {
        accepted: all.reduce((sum, { accepted }) => sum + accepted, 0),
        rejected: all.flatMap(({ rejected }) => rejected),
        milliseconds: all.flatMap(({ milliseconds }) => milliseconds),
      };
    },
  };
}
