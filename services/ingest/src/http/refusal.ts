import { LogError, LogFull } from '@holdfast/log';

/** Why a whole request is refused; what is wrong with one event is its verdict. */
export const refusals = {
  unreadable: { status: 400, says: 'the body (or a header) cannot be read; nothing of it was taken in' },
  'no-token': { status: 401, says: 'no token, an unknown or a revoked one' },
  'not-allowed': { status: 403, says: 'the token is good for something else' },
  'no-such-method': { status: 405, says: 'events come by POST' },
  'too-large': {
    status: 413,
    says: 'the body is too large, packed or unpacked, or holds too many events; send it in several',
  },
  'unknown-format': {
    status: 415,
    says: 'the content type, its character set or the content encoding is not understood',
  },
  'too-many-requests': { status: 429, says: 'too many requests with this token; wait as long as Retry-After says' },
  'not-now': {
    status: 503,
    says: 'the events could not be made durable now; send the same again, under the same ids, after Retry-After seconds',
  },
} as const;
export type RefusalCode = keyof typeof refusals;

/** A whole request is refused: the message says why and what to do, and holds nothing of what was sent. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly retryAfter: number | undefined;
  constructor(code: RefusalCode, message: string, options: ErrorOptions & { readonly retryAfter?: number } = {}) {
    super(message, options);
    this.code = code;
    this.retryAfter = options.retryAfter;
  }
}

/** Fastify's own errors, by status. */
const ofStatus: Readonly<Record<number, Refusal>> = {
  400: new Refusal('unreadable', 'the request is not as its headers say; send the whole body'),
  413: new Refusal('too-large', 'the body is too large; send it in several requests'),
  415: new Refusal('unknown-format', 'the content type is not understood; send application/cloudevents+json'),
};

/** What goes wrong while events are taken in, as the sender should see it; undefined for a defect of ours. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof LogFull)
    return new Refusal('not-now', 'there is no room for more events; whoever runs this server must make some', {
      cause: error,
      retryAfter: 30,
    });
  if (error instanceof LogError)
    return new Refusal('not-now', 'the log cannot be written now; send the same again', {
      cause: error,
      retryAfter: error.retryable ? 2 : 30,
    });
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' ? ofStatus[status] : undefined;
}
