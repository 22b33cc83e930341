import { createHmac, timingSafeEqual } from 'node:crypto';

/** Links of open and of closed reports are signed by secrets of their own: who has one can make none of the other. */
export type LinkSecrets = { readonly open: string | undefined; readonly closed: string | undefined };

/** A file of a report, up to a moment (seconds since 1970). */
export type LinkTo = {
  readonly trial: string;
  readonly report: string;
  readonly file: string;
  readonly expires: number;
};

function signatureOf(secret: string, side: 'open' | 'closed', { trial, report, file, expires }: LinkTo): Buffer {
  const signed = ['holdfast-link/1', side, trial, report, file, expires].join('\n');
  return createHmac('sha256', secret).update(signed).digest();
}

/** A link that opens one file until it expires, to whoever has it. */
export function signedLink(base: string, secret: string, side: 'open' | 'closed', to: LinkTo): string {
  const { trial, report, file, expires } = to;
  const path = [trial, report, file].map(encodeURIComponent).join('/');
  const signature = signatureOf(secret, side, to).toString('base64url');
  return `${base.replace(/\/+$/, '')}/reports/${path}?expires=${expires}&signature=${signature}`;
}

/** On which side a link opens what it names; undefined if it was not signed here, or has expired. */
export function openedBy(
  secrets: LinkSecrets,
  to: LinkTo,
  signature: string,
  now: Date,
): 'open' | 'closed' | undefined {
  if (!Number.isSafeInteger(to.expires)) return undefined;
  const given = Buffer.from(signature, 'base64url');
  const isSigned = (side: 'open' | 'closed'): boolean => {
    const secret = secrets[side];
    if (secret === undefined) return false;
    const right = signatureOf(secret, side, to);
    return given.length === right.length && timingSafeEqual(given, right);
  };
  const [isOpen, isClosed] = [isSigned('open'), isSigned('closed')];
  if (now.getTime() >= to.expires * 1000) return undefined;
  if (isOpen) return 'open';
  return isClosed ? 'closed' : undefined;
}
