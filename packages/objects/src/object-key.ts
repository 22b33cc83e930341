import { InvalidKey } from './object-errors.ts';

const part = /^[A-Za-z0-9][A-Za-z0-9._=-]{0,199}$/;
const longestKey = 800;

const howTo =
  'use parts of 1 to 200 letters, digits and . _ = - between slashes, each beginning with a letter or digit (800 characters at most)';

/**
 * Refuses what is no key in every adapter, so that what one accepts all do: a key is a path of plain names. None begins with a dot,
 * hence none is `..` or hidden.
 */
export function checkKey(key: string): void {
  if (key.length > longestKey || !key.split('/').every((name) => part.test(name)))
    throw new InvalidKey(`'${key}' cannot be the key of an object: ${howTo}`);
}

/** Refuses a prefix that no key can begin with. The empty one is of all keys. */
export function checkPrefix(prefix: string): void {
  const names = prefix.split('/');
  const last = names.pop() ?? '';
  const isBegun = last === '' || part.test(last);
  if (prefix.length > longestKey || !isBegun || !names.every((name) => part.test(name)))
    throw new InvalidKey(`no key begins with '${prefix}': ${howTo}`);
}
