import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { EventLog, LogRecord } from '@holdfast/log';
import { recordsBetween } from '@holdfast/log';
import { z } from 'zod';
import { type Following, type FollowOptions, follow } from './follow.ts';
import { tokensTopic } from './topics.ts';

/** What the bearer of a token may do: a site and the randomisation service send their own events, a coordinator sends none. */
export const tokenRoles = ['site', 'randomisation', 'coordinator'] as const;
export type TokenRole = (typeof tokenRoles)[number];

/** What a token is good for. */
export type Grant = {
  readonly trial: string;
  readonly role: TokenRole;
  /** Of a site's token, and of no other. */
  readonly site?: string;
};

/** A token as it is known: never its secret, of which only a hash is kept. */
export type Token = Grant & {
  readonly id: string;
  readonly createdAt: string;
  readonly revokedAt?: string;
};

/** A token was asked for that makes no sense, or that is not there: the message says why and what to do. */
export class TokenRefused extends Error {
  readonly code = 'HF_TOKEN_REFUSED';
  override readonly name = 'TokenRefused';
}

type TokenRecord =
  | ({ readonly kind: 'created'; readonly id: string; readonly at: string; readonly sha256: string } & Grant)
  | { readonly kind: 'revoked'; readonly id: string; readonly at: string };

type KnownToken = Token & { readonly hash: Buffer };

const Id = z.string().regex(/^[0-9a-f]{12}$/);

/** The hash needs no salt and no slowness: nobody guesses 256 random bits. */
const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

const decoder = new TextDecoder();

/** A token that was created twice is the first one; what is revoked stays so. */
function takeRecord(tokens: Map<string, KnownToken>, { value }: LogRecord): void {
  const record = JSON.parse(decoder.decode(value)) as TokenRecord;
  const known = tokens.get(record.id);
  if (record.kind === 'revoked') {
    if (known !== undefined && known.revokedAt === undefined) tokens.set(record.id, { ...known, revokedAt: record.at });
    return;
  }
  if (known !== undefined) return;
  const { kind: _, at, sha256, ...grant } = record;
  tokens.set(record.id, { ...grant, createdAt: at, hash: Buffer.from(sha256, 'hex') });
}

async function append(log: EventLog, record: TokenRecord): Promise<void> {
  await log.createTopic(tokensTopic);
  await log.append(tokensTopic.name, [{ key: record.id, value: Buffer.from(JSON.stringify(record)) }]);
}

/** Makes a token. Its secret is in the answer and nowhere else: what is kept cannot be turned back into it. */
export async function createToken(
  log: EventLog,
  { trial, role, site }: Grant,
  now: Date = new Date(),
): Promise<{ readonly id: string; readonly secret: string }> {
  if (role === 'site' && site === undefined)
    throw new TokenRefused('a token of role site is of one site; name it by --site SITE');
  if (role !== 'site' && site !== undefined)
    throw new TokenRefused(`a token of role ${role} is of the whole trial; leave the site out, or choose role site`);
  const id = randomBytes(6).toString('hex');
  const secret = `hf_${id}_${randomBytes(32).toString('base64url')}`;
  const grant = { trial, role, ...(site === undefined ? {} : { site }) };
  await append(log, { kind: 'created', id, at: now.toISOString(), sha256: hashOf(secret).toString('hex'), ...grant });
  return { id, secret };
}

/** All tokens that were ever created, oldest first. */
export async function listTokens(log: EventLog): Promise<readonly Token[]> {
  if (!(await log.topics()).some(({ name }) => name === tokensTopic.name)) return [];
  const tokens = new Map<string, KnownToken>();
  for await (const records of recordsBetween(log, tokensTopic.name, 0))
    for (const record of records) takeRecord(tokens, record);
  return [...tokens.values()].map(({ hash: _, ...token }) => token);
}

/** Takes a token's rights away for good. Whoever follows the tokens knows within a second. */
export async function revokeToken(
  log: EventLog,
  id: string,
  now: Date = new Date(),
): Promise<'revoked' | 'already revoked'> {
  const known = (await listTokens(log)).find((token) => token.id === id);
  // Without what was given, which may be a whole secret.
  if (known === undefined)
    throw new TokenRefused('no token has that id; `holdfast token list` shows them (an id is 12 letters and digits)');
  if (known.revokedAt !== undefined) return 'already revoked';
  await append(log, { kind: 'revoked', id, at: now.toISOString() });
  return 'revoked';
}

/** The tokens of a running server. */
export type TokenBook = Following & {
  /** The token that a secret is of. What is revoked is told apart only to whoever has the secret. */
  tokenOf(secret: string): Token | 'unknown' | 'revoked';
};

/** Opens the book and follows what is created and revoked while the server runs, by whatever process. */
export async function openTokenBook(log: EventLog, options: FollowOptions = {}): Promise<TokenBook> {
  const tokens = new Map<string, KnownToken>();
  const following = await follow(
    log,
    tokensTopic,
    (records) => {
      for (const record of records) takeRecord(tokens, record);
    },
    options,
  );
  return {
    stop: following.stop,
    tokenOf(secret) {
      const [prefix, id] = secret.split('_', 2);
      const known = prefix === 'hf' && Id.safeParse(id).success ? tokens.get(id as string) : undefined;
      if (known === undefined || !timingSafeEqual(known.hash, hashOf(secret))) return 'unknown';
      const { hash: _, ...token } = known;
      return token.revokedAt === undefined ? token : 'revoked';
    },
  };
}
