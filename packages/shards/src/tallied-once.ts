import type { AmendedProtocol, CivilDay } from '@holdfast/events';
import { follower } from '@holdfast/outcomes';
import type { Cell } from '@holdfast/tallies';
import type { Arrivals } from './arrivals.ts';
import { BatchDifference } from './batch-difference.ts';
import { type BothSides, cellTallies } from './cell-tallies.ts';
import { cellText, Numbers } from './numbers.ts';
import { freshOf } from './participants.ts';
import { factTally, nothingTallied } from './put-facts.ts';
import type { Vault } from './vault.ts';

/**
 * The tallies that a shard would have of participants of whom all events are at hand and nothing will follow. Each is folded once and
 * let go: no evidence is kept, and nothing is written. Nobody may come twice.
 */
export async function talliedOnce(
  everybody: AsyncIterable<ReadonlyMap<string, Arrivals>> | Iterable<ReadonlyMap<string, Arrivals>>,
  {
    protocol,
    vault,
    clock,
  }: {
    readonly protocol: AmendedProtocol;
    readonly vault: Pick<Vault, 'armToken'>;
    readonly clock: CivilDay | undefined;
  },
): Promise<BothSides> {
  const cells = new Numbers<Cell>();
  const tallyOf = factTally({
    protocol,
    armToken: (arm) => vault.armToken(arm),
    numberOf: (cell) => cells.of(cellText(cell), () => cell),
  });
  const follow = follower(protocol);
  const sum = new BatchDifference();
  for await (const some of everybody) {
    for (const [participant, arrivals] of some) {
      const followed = follow(freshOf(undefined, participant, arrivals));
      const tally = tallyOf(followed);
      for (const [measure, facts] of followed.factsAt(clock)) tally(measure, nothingTallied, facts, sum.add);
    }
  }
  return cellTallies(protocol, cells)(sum.changes());
}
