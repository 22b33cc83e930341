/**
 * Newton's method in the logarithm of what is sought, so that it stays positive, until a step changes no digit that matters.
 * @param step how far the logarithm is to go from here
 */
export function positiveRoot(start: number, step: (at: number) => number): number {
  let root = start;
  for (let round = 0; round < 100; round++) {
    const change = step(root);
    root *= Math.exp(change);
    if (Math.abs(change) < 1e-11) return root;
  }
  throw new Error(`the root near ${root} was not found in 100 rounds`);
}
