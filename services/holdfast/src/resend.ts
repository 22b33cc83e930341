import { outOfScope, type SentContent } from '@holdfast/ingest';
import type { RejectedInput } from './rejected-inputs.ts';

/** Why a rejected input is not among those that can be mended and sent again from a file; in the order in which they are told. */
export const reasonsNotToResend = {
  sealed: 'lie sealed; the trial’s key opens them (--key)',
  'not kept': 'were too large, too deep or too unreadable to be kept; look where they stand',
  ambiguous: 'can be read in two ways, or are no JSON; look where they stand',
  tables: 'come from tables; correct these, or the mapping, and import them again',
  scope: 'speak for another source than the sender may; whoever may has to send them',
} as const;
export type ReasonNotToResend = keyof typeof reasonsNotToResend;

/**
 * The event to be mended and sent again, or why not from here. A file is taken in without a token, so nothing is written to one that its
 * sender's token could not send.
 */
export function toResend(
  { mapping, from, isAmbiguous }: RejectedInput,
  content: SentContent,
): { readonly event: object } | { readonly not: ReasonNotToResend } {
  if (mapping !== undefined) return { not: 'tables' };
  if (typeof content === 'string') return { not: content };
  const { input } = content;
  if (isAmbiguous || typeof input !== 'object' || input === null) return { not: 'ambiguous' };
  if (from !== undefined && outOfScope(input, from).length > 0) return { not: 'scope' };
  return { event: input };
}
