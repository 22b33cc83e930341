import { randomUUID } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import type { EventLog } from '@holdfast/log';
import { openTokenBook, type Token, type TokenBook } from '@holdfast/trials';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type HungDoor, type LiveDoor, openLiveDoor } from '../live-door.ts';
import type { Refused, Verdicts } from './answers.ts';
import { statusOf } from './answers.ts';
import { inflate } from './inflate.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { Refusal, refusalOf, refusals } from './refusal.ts';
import { eventsIn, formatOf, type Sent } from './sent-events.ts';
import { judgeAll, type Sender, whereOf } from './take-in.ts';
import { sourceOf } from './token-scope.ts';
import { type Place, waitingRoom } from './waiting-room.ts';

export type IngestRoutesOptions = {
  readonly log: EventLog;
  readonly now?: () => Date;
  readonly limits?: Partial<Limits>;
  /** How soon what others publish, create and revoke takes effect. */
  readonly pauseMs?: number;
  /** Told of every request whose events were judged, when what it holds is durable. */
  readonly onTakenIn?: (taken: TakenIn) => void;
};

/** What a request came to. */
export type TakenIn = {
  readonly trial: string;
  /** The site that sent it, or the service that did. */
  readonly site: string;
  readonly accepted: number;
  readonly rejected: number;
};

/** What the hooks know of a request before its body is read. */
type Admitted = { readonly sender: Sender; readonly place: Place };
/** What a request is taken in by. */
type Way = {
  readonly doors: LiveDoor;
  readonly limits: Limits;
  readonly onTakenIn: IngestRoutesOptions['onTakenIn'];
};

const secretIn = (authorization: string | undefined): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];

/** The token that a request came with; refuses what is none, or may send nothing. */
function senderOf(request: FastifyRequest, book: TokenBook): Sender {
  const secret = secretIn(request.headers.authorization);
  const header = 'send the header Authorization: Bearer TOKEN';
  if (secret === undefined) throw new Refusal('no-token', `the request has no token; ${header}`);
  const token: Token | 'unknown' | 'revoked' = book.tokenOf(secret);
  if (token === 'revoked') throw new Refusal('no-token', 'the token was revoked; ask the trial unit for another one');
  if (token === 'unknown')
    throw new Refusal('no-token', `the token is not known here; ${header}, as \`holdfast token create\` wrote it`);
  return { token, source: sourceOf(token), request: request.id };
}

/** Of how many bytes the body is, as far as that is said; of one that comes in pieces it may be the most there may be. */
function announcedBytes({ headers }: FastifyRequest, { bodyBytes }: Limits): number {
  const length = headers['content-length'];
  if (length === undefined) return headers['transfer-encoding'] === undefined ? 0 : bodyBytes;
  if (Number(length) > bodyBytes)
    throw new Refusal('too-large', `the body is larger than ${bodyBytes} bytes; send it in several requests`);
  return Number(length);
}

/** Waits for both also where one fails: what still runs is still held. */
async function bothDone<T>(work: Promise<T>, other: Promise<void>): Promise<T> {
  await Promise.allSettled([work, other]);
  await other;
  return work;
}

/** A double-blind trial whose key is not published yet: nothing of it can be sealed, so its senders must wait. */
function refuseWithoutKey({ trials }: HungDoor, { token: { trial } }: Sender): void {
  const published = trials.get(trial);
  if (published?.protocol.blinding !== 'double' || published.key !== undefined) return;
  const why = 'the trial is double-blind and has no key yet; nothing of it can be sealed';
  throw new Refusal('not-now', why, { retryAfter: 60 });
}

/** The events in a request's body. What cannot be read at all is kept too, before that is said. */
async function eventsOf(
  request: FastifyRequest,
  { sender, place }: Admitted,
  { door }: HungDoor,
  { bodyBytes, eventsPerRequest }: Limits,
): Promise<readonly Sent[]> {
  const { format, encoding } = formatOf(request.headers);
  const packed = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const body = await inflate(packed, encoding, bodyBytes);
  if (body !== packed) place.take({ bytes: body.length });
  if (body.length === 0 && (format === 'structured' || format === 'batch'))
    throw new Refusal('unreadable', 'the body is empty; send one event or several');
  const sent = eventsIn(body, format, request.raw.rawHeaders, eventsPerRequest);
  if ('events' in sent) {
    place.take({ events: sent.events.length });
    return sent.events;
  }
  const { problem, text } = sent.unreadable;
  const what = { problems: [{ path: '', message: problem }], input: text };
  const rejection = { trial: undefined, where: whereOf(sender), ...what, from: sender.source };
  await place.durable(door.keepRejected([rejection]));
  throw new Refusal('unreadable', `the body ${problem}`);
}

/**
 * Takes in what a request holds, and resolves when all of it is durable: what is accepted in the trial's log, what is rejected where
 * it is listed.
 */
async function takeIn(
  request: FastifyRequest,
  admitted: Admitted,
  { doors, limits, onTakenIn }: Way,
): Promise<Verdicts> {
  const { sender, place } = admitted;
  const hung = doors.now();
  refuseWithoutKey(hung, sender);
  const sent = await eventsOf(request, admitted, hung, limits);
  const { verdicts, accepted, rejections } = await judgeAll(sent, hung, sender);
  const appended = await place.durable(bothDone(hung.door.admit(accepted), hung.door.keepRejected(rejections)));
  const { id, trial, site, role } = sender.token;
  const counts = { accepted: accepted.length, rejected: rejections.length };
  request.log.info({ token: id, trial, site, ...counts, appended }, 'events taken in');
  onTakenIn?.({ trial, site: site ?? role, ...counts });
  return { verdicts };
}

/** What may be logged of a defect: where it is. Its message may quote what was sent. */
function placeOf(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  return { type: error.name, at: error.stack?.split('\n').filter((line) => /^ +at /.test(line)) };
}

/** Answers a request that is refused as a whole, with nothing of what was sent. */
function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): Refused {
  const refusal = refusalOf(error);
  if (refusal === undefined) {
    request.log.error(placeOf(error), 'a defect of ours');
    reply.status(500);
    return {
      error: { code: 'defect', message: 'something is wrong here; tell whoever runs this server the request id' },
    };
  }
  const { code, message, retryAfter } = refusal;
  const { status } = refusals[code];
  if (status === 503) request.log.warn({ err: refusal.cause }, message);
  else request.log.info({ code }, 'request refused');
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (status === 405) reply.header('allow', 'POST');
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  reply.status(status);
  return { error: { code, message } };
}

/** The way in over HTTP: a Fastify plugin. */
export async function ingestRoutes(app: FastifyInstance, options: IngestRoutesOptions): Promise<void> {
  const { log, now = () => new Date(), pauseMs, onTakenIn } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const following = {
    failed: (err: unknown) =>
      app.log.warn({ err }, 'publications and tokens cannot be read; the known ones stay in force'),
    ...(pauseMs === undefined ? {} : { pauseMs }),
  };
  const book = await openTokenBook(log, following);
  const doors = await openLiveDoor({ log, now, ...following });
  app.addHook('onClose', async () => {
    book.stop();
    doors.stop();
  });

  const way: Way = { doors, limits, onTakenIn };
  const room = waitingRoom(limits);
  const admitted = new WeakMap<FastifyRequest, Admitted>();
  const admittedOf = (request: FastifyRequest): Admitted => {
    const found = admitted.get(request);
    if (found === undefined) throw new Error('a request came past the hook that looks at its token');
    return found;
  };

  app.setGenReqId(() => randomUUID());
  app.setErrorHandler((error, request, reply) => reply.send(refuse(error, request, reply)));
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: limits.bodyBytes },
    async (_: unknown, body: Buffer) => body,
  );

  await app.register(rateLimit, {
    global: false,
    max: limits.requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => admittedOf(request).sender.token.id,
    errorResponseBuilder: (_, { max, ttl }) =>
      new Refusal('too-many-requests', `more than ${max} requests a minute with this token; send more events in each`, {
        retryAfter: Math.ceil(ttl / 1000),
      }),
  });

  app.post('/v1/events', {
    config: { rateLimit: {} },
    onRequest: async (request, reply) => {
      const place = room.enter();
      reply.raw.once('close', place.leave);
      admitted.set(request, { sender: senderOf(request, book), place });
    },
    preParsing: async (request) => {
      formatOf(request.headers);
      admittedOf(request).place.take({ bytes: announcedBytes(request, limits) });
    },
    handler: async (request, reply) => {
      const answer = await takeIn(request, admittedOf(request), way);
      return reply.status(statusOf(answer)).send(answer);
    },
  });
  app.route({
    method: ['GET', 'PUT', 'PATCH', 'DELETE'],
    url: '/v1/events',
    handler: async () => {
      throw new Refusal('no-such-method', 'events come by POST; nothing else can be done here');
    },
  });
}
