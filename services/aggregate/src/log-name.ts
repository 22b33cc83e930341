import { sha256 } from '@holdfast/events';

/** Names a topic in the keys of objects: one that was made anew has other records at the same offsets, and what is of it lies apart. */
export const logNameOf = (logId: string): string => sha256(logId).slice(0, 16);

/** A number in a key: keys in order of their characters are in order of it. */
export const padded = (n: number, digits: number): string => String(n).padStart(digits, '0');
