import { type Protocol, sha256 } from '@holdfast/events';

/**
 * Arms dealt to participants for a rehearsal: as many of each as there are, by a permutation that the seed and the participants' ids
 * alone decide. Nothing sealed is looked at, so nothing can be learned from it.
 */
export function dealtArms(
  { arms }: Protocol,
  participants: readonly string[],
  seed: string,
): ReadonlyMap<string, string> {
  const shuffled = [...new Set(participants)]
    .map((participant) => ({ participant, rank: sha256(JSON.stringify([seed, participant])) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return new Map(shuffled.map(({ participant }, i) => [participant, arms[i % arms.length]?.id ?? '']));
}
