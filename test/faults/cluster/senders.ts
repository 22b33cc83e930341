import { pause } from '../served-trial.ts';
import { type Chance, chanceOf } from './chance.ts';
import { participantsSendings, type Role, type Sending } from './small-trial.ts';

/** Sends participant after participant to the door, wherever it is just now; each request until it is acknowledged. */
export type Senders = {
  /** By event: how often a request with it was acknowledged, and how often it was sent at all. */
  readonly acknowledged: ReadonlyMap<string, number>;
  readonly sent: ReadonlyMap<string, number>;
  /** Resolves when so many more events have been acknowledged. */
  more(events: number): Promise<void>;
  /** Ends with the participants that have been begun, once all of theirs is acknowledged. */
  finish(): Promise<void>;
};

export type SendersOptions = {
  readonly trial: string;
  /** What names its participants. */
  readonly run: string;
  readonly seed: number;
  readonly url: () => string | undefined;
  readonly tokens: Readonly<Record<Role, string>>;
};

const lanes = 3;
/** Between two participants of a lane. */
const breathMs = 25;
const patienceMs = 180_000;

export function startSenders({ trial, run, seed, url, tokens }: SendersOptions): Senders {
  const acknowledged = new Map<string, number>();
  const sent = new Map<string, number>();
  let begun = 0;
  let isEnding = false;

  const post = async ({ role, events }: Sending): Promise<{ status: number; text: string } | undefined> => {
    const to = url();
    if (to === undefined) return undefined;
    for (const { id } of events) sent.set(id, (sent.get(id) ?? 0) + 1);
    const headers = { authorization: `Bearer ${tokens[role]}`, 'content-type': 'application/cloudevents-batch+json' };
    const what = { method: 'POST', headers, body: JSON.stringify(events), signal: AbortSignal.timeout(60_000) };
    const answer = await fetch(`${to}/v1/events`, what).catch(() => undefined);
    // Whoever is killed amid its answer has given the status all the same.
    return answer && { status: answer.status, text: await answer.text().catch(() => '') };
  };

  const send = async (sending: Sending): Promise<void> => {
    const giveUp = performance.now() + patienceMs;
    for (;;) {
      const answer = await post(sending);
      if (answer?.status === 202) {
        for (const { id } of sending.events) acknowledged.set(id, (acknowledged.get(id) ?? 0) + 1);
        return;
      }
      // 401: a token that was made a moment ago is not known yet.
      const mayPass = answer === undefined || answer.status === 503 || answer.status === 401;
      if (!mayPass || performance.now() > giveUp)
        throw new Error(`the door answered ${answer?.status ?? 'nothing'}: ${answer?.text ?? ''}`);
      await pause(50);
    }
  };

  const lane = async (chance: Chance): Promise<void> => {
    while (!isEnding) {
      const subject = `P-${run}-${begun}`;
      begun += 1;
      for (const sending of participantsSendings(trial, subject, chanceOf(seed + begun))) {
        await send(sending);
        if (sending.again) await send(sending);
      }
      await pause(breathMs + chance.whole(0, breathMs));
    }
  };
  const all = Promise.all(Array.from({ length: lanes }, (_, n) => lane(chanceOf(seed - n))));
  const failed = new Promise<never>((_, reject) => all.catch(reject));
  failed.catch(() => undefined);
  return {
    acknowledged,
    sent,
    async more(events) {
      const goal = acknowledged.size + events;
      while (acknowledged.size < goal) await Promise.race([pause(20), failed]);
    },
    async finish() {
      isEnding = true;
      await all;
    },
  };
}
