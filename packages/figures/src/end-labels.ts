/** A label that wants to stand at a height, and the height at which it does. */
export type Placed<Label> = Label & { readonly at: number };

/**
 * Moves labels apart that would overlap, keeping their order: each is at least `gap` from the next, all lie within `from` … `to` if
 * there is room, and none is moved further than it must.
 */
export function apart<Label extends { readonly wanted: number }>(
  labels: readonly Label[],
  { gap, from, to }: { readonly gap: number; readonly from: number; readonly to: number },
): Placed<Label>[] {
  const sorted = [...labels].sort((a, b) => a.wanted - b.wanted);
  const at = sorted.map(({ wanted }) => Math.min(to, Math.max(from, wanted)));
  for (let i = 1; i < at.length; i += 1) at[i] = Math.max(at[i] ?? 0, (at[i - 1] ?? 0) + gap);
  for (let i = at.length - 1, ceiling = to; i >= 0; i -= 1, ceiling = (at[i + 1] ?? 0) - gap)
    at[i] = Math.min(at[i] ?? 0, ceiling);
  return sorted.map((label, i) => ({ ...label, at: at[i] ?? label.wanted }));
}
