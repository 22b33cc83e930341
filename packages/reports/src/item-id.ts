/** Kinds of items whose names begin with that of another kind. */
const longerKinds = ['safety-rates', 'survival-landmarks'];

/**
 * Names an item of a measure: `survival-relapse`. A measure whose id goes on as a longer kind does has a dot before it, which no id
 * has: of a measure `landmarks-relapse` that is `survival.landmarks-relapse`, and `survival-landmarks-relapse` is of `relapse`.
 */
export function itemId(kind: string, measure: string): string {
  const id = `${kind}-${measure}`;
  const isOfLonger = longerKinds.some((longer) => longer !== kind && id.startsWith(`${longer}-`));
  return isOfLonger ? `${kind}.${measure}` : id;
}
