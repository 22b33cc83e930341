import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { recordsBetween } from '@holdfast/log';
import { type PublishedTrial, topicsOf } from '@holdfast/trials';
import { z } from 'zod';
import type { Store } from '../store.ts';

const hex = z.string().regex(/^[0-9a-f]+$/);

/** Tells whoever knows a participant's id whether it is this one, and nobody what it is without much work for each guess. */
const ErasedId = z.strictObject({ salt: hex, scrypt: hex });
export type ErasedId = z.infer<typeof ErasedId>;

const Contents = z.strictObject({ events: z.int(), openDigest: hex, digest: hex });

const Head = z.object({ edition: z.int(), erased: ErasedId, reason: z.string() });
const Begun = Head.extend({ step: z.literal('begun') });
const Erased = Head.extend({
  step: z.literal('erased'),
  /** What was done to what lies beside the log. */
  archive: z.strictObject({ segments: z.int(), records: z.int() }),
  cuts: z.array(z.strictObject({ name: z.string(), before: Contents, after: Contents })),
  rejectedOfNoTrial: z.int(),
  /** Text files of stored reports in which the id stands: they stay. */
  reports: z.int(),
  receipts: z.int(),
});
const Compared = z.object({
  step: z.literal('compared'),
  edition: z.int(),
  leftOut: z.strictObject({ events: z.int(), rejected: z.int() }),
});
const Abandoned = z.object({ step: z.literal('abandoned'), edition: z.int() });
export type ErasedStep = z.infer<typeof Erased>;

const AuditRecord = z.object({
  at: z.string(),
  who: z.string(),
  rewrite: z.discriminatedUnion('step', [Begun, Compared, Abandoned, Erased]),
});

/** An erasure that was begun, and how far it came. */
export type Erasure = {
  readonly edition: number;
  readonly erased: ErasedId;
  readonly reason: string;
  readonly begun: { readonly at: string; readonly who: string };
  /** What the new log was without when it was compared. */
  readonly leftOut: { readonly events: number; readonly rejected: number } | undefined;
  /** What was found beside the log, from when on it was taken away. */
  readonly beside: { readonly at: string; readonly who: string; readonly step: ErasedStep } | undefined;
  /** `begun` until the log is switched, `under way` until all is done. */
  readonly state: 'begun' | 'under way' | 'erased';
};

const costs = promisify<string, Buffer, number, Buffer>((text, salt, length, done) =>
  scrypt(text, salt, length, { N: 2 ** 16, r: 8, p: 1, maxmem: 2 ** 28 }, done),
);
const digestOf = (trial: string, participant: string, salt: Buffer) => costs(`${trial}/${participant}`, salt, 32);

/** How an erased participant is called in the audit log. */
export async function erasedId(trial: string, participant: string): Promise<ErasedId> {
  const salt = randomBytes(16);
  return { salt: salt.toString('hex'), scrypt: (await digestOf(trial, participant, salt)).toString('hex') };
}

export async function isErased(trial: string, participant: string, { salt, scrypt }: ErasedId): Promise<boolean> {
  const digest = await digestOf(trial, participant, Buffer.from(salt, 'hex'));
  return timingSafeEqual(digest, Buffer.from(scrypt, 'hex'));
}

/** The erasures that a trial's audit log tells of, oldest first, but for those that were given up: how each stands is for the registry to say. */
export async function erasuresOf(
  { log }: Pick<Store, 'log'>,
  { protocol, rewrite: underWay }: PublishedTrial,
): Promise<Erasure[]> {
  const found = new Map<number, Erasure>();
  for await (const records of recordsBetween(log, topicsOf(protocol).audit.name, 0)) {
    for (const { value } of records) {
      const parsed = AuditRecord.safeParse(JSON.parse(Buffer.from(value).toString()));
      if (!parsed.success) continue;
      const { at, who, rewrite } = parsed.data;
      const { edition } = rewrite;
      const known = found.get(edition);
      if (rewrite.step === 'begun') {
        const { erased, reason } = rewrite;
        if (known === undefined)
          found.set(edition, {
            edition,
            erased,
            reason,
            begun: { at, who },
            leftOut: undefined,
            beside: undefined,
            state: 'erased',
          });
      } else if (known === undefined) continue;
      else if (rewrite.step === 'compared') found.set(edition, { ...known, leftOut: rewrite.leftOut });
      else if (rewrite.step === 'abandoned') found.delete(edition);
      else found.set(edition, { ...known, beside: { at, who, step: rewrite } });
    }
  }
  return [...found.values()].flatMap((erasure): Erasure[] => {
    if (erasure.edition === underWay?.edition)
      return [{ ...erasure, state: underWay.copied === undefined ? 'begun' : 'under way' }];
    return erasure.beside === undefined ? [] : [erasure]; // given up, by whoever was killed before the audit log heard of it
  });
}

/** The erasures of a participant: for who knows the id. */
export async function erasuresOfParticipant(
  store: Pick<Store, 'log'>,
  trial: PublishedTrial,
  participant: string,
): Promise<Erasure[]> {
  const found: Erasure[] = [];
  for (const erasure of await erasuresOf(store, trial))
    if (await isErased(trial.protocol.trial, participant, erasure.erased)) found.push(erasure);
  return found;
}
