import { sha256 } from '@holdfast/events';
import { literal } from '../sql-text.ts';

/*
 * An id of a mapping is 96 bits of a SHA-256 and 32 check bits: the exclusive or of the three words before them and of a word
 * that only this mapping has. So one sees of an id whether the mapping made it; of ids made otherwise one in 2^32 passes.
 */

const digits = 32;
const pattern = /^[0-9a-f]{32}$/;

function markOf(mapping: string): number {
  return Number.parseInt(sha256(`holdfast mapping\n${mapping}`).slice(0, 8), 16);
}

const word = (hex: string, at: number) => Number.parseInt(hex.slice(at * 8, at * 8 + 8), 16);

function checkWord(mapping: string, hex: string): string {
  const check = (word(hex, 0) ^ word(hex, 1) ^ word(hex, 2) ^ markOf(mapping)) >>> 0;
  return check.toString(16).padStart(8, '0');
}

/** The id that a mapping gives to what these parts name. */
export function mappingId(mapping: string, ...parts: readonly string[]): string {
  const hex = sha256([mapping, ...parts].join('\n')).slice(0, digits - 8);
  return `${hex}${checkWord(mapping, hex)}`;
}

/** Whether a mapping made an id. */
export function isIdOf(mapping: string, id: string): boolean {
  return pattern.test(id) && checkWord(mapping, id) === id.slice(digits - 8);
}

/** SQL for `mappingId(mapping, type, trial, subject, key)` of rows of `selected`, as two numbers `id_first` and `id_last`. */
export function withIds(mapping: string, types: readonly string[], selected: string): string {
  const identity = [literal(mapping), `([${types.map(literal).join(', ')}])[type + 1]`, 'trial', 'subject', 'key'];
  return `(select * exclude (id_hash, id_third),
      (id_third << 32) | xor(xor(id_first >> 32, id_first & 4294967295), xor(id_third, ${markOf(mapping)}::UBIGINT)) as id_last
    from (select *, concat('0x', id_hash[1:16])::UBIGINT as id_first, concat('0x', id_hash[17:24])::UBIGINT as id_third
      from (select *, sha256(concat(${identity.join(', chr(10), ')})) as id_hash from ${selected})))`;
}
