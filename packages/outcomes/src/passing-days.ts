/** Bytes that are taken from the system at once. */
const slabBytes = 64 * 1_024;

let slab = new ArrayBuffer(slabBytes);
let used = 0;

/** Where the next bytes of a slab begin; each is given out once, and new ones are 0. */
function place(bytes: number): number {
  if (used + bytes > slabBytes) {
    slab = new ArrayBuffer(Math.max(slabBytes, bytes));
    used = 0;
  }
  const at = used;
  // Whatever comes next begins where two bytes can.
  used += bytes + (bytes & 1);
  return at;
}

/**
 * Arrays of numbers by study day, all 0, for what is soon let go of: judging a participant takes dozens of them. They are cut from
 * slabs, since to take one small array from the system costs twenty times as much. A slab lives as long as any array of it, so what
 * is kept must not be made here.
 */
export function passingDays(days: number): Uint8Array {
  const at = place(days);
  return new Uint8Array(slab, at, days);
}

/** The same for numbers up to 65,535. */
export function passingCounts(days: number): Uint16Array {
  const at = place(2 * days);
  return new Uint16Array(slab, at, days);
}

/** A copy that is soon let go of, too; of the first days only, where so many are said. */
export function passingCopy(of: Uint8Array, days = of.length): Uint8Array {
  const copy = passingDays(days);
  copy.set(of.length > days ? of.subarray(0, days) : of);
  return copy;
}
