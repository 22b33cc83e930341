import type { Report } from '../model.ts';

/** What a reader must not overlook; stands on every page. */
export function markOf({ isClosed, isDummy }: Report): string {
  return isDummy ? 'DUMMY' : isClosed ? 'CLOSED' : '';
}

export function cutInWords({ cut }: Report): string {
  const bounds = `${cut.asOf === null ? '' : `, received by ${cut.asOf}`}${cut.cutOff === null ? '' : `, up to ${cut.cutOff}`}`;
  const rewritten =
    cut.rewrittenAt === undefined ? '' : `, rewritten ${cut.rewrittenAt.slice(0, 10)} to erase a participant`;
  return `data cut ${cut.name} of ${cut.createdAt.slice(0, 10)}${bounds}, as of ${cut.clock ?? 'no day yet'}${rewritten}`;
}

/** Enough of a digest to tell cuts apart. */
export const shortDigest = ({ cut }: Report): string => cut.digest.slice(0, 16);
