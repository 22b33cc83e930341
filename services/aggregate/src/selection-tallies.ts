import { opener, openVault, type TrialKey, trialVault } from '@holdfast/access';
import { civilDay, dateOf, type Protocol, sha256 } from '@holdfast/events';
import { foldVersion, type Observation } from '@holdfast/outcomes';
import { type Arrivals, talliedOnce } from '@holdfast/shards';
import { addUp, noTallies } from '@holdfast/tallies';
import type { TrialTallies } from '@holdfast/trials';
import type { RecordSource } from './record-source.ts';
import { type Selected, selectedArrivals } from './selected-arrivals.ts';
import { clockOf, protocolUpTo, type Selection } from './selection.ts';

export type SelectionOptions = {
  readonly source: RecordSource;
  readonly protocol: Protocol;
  readonly selection: Selection;
  /** The newest date that the source says has begun; null: none. */
  readonly newest: string | null;
  /** What opens the boxes; without it only open events are folded, and only open tallies come out. */
  readonly key: TrialKey | undefined;
  /**
   * Arms that were dealt to participants for rehearsal, in place of those that are sealed: then the tallies are by these arms, and of
   * open events alone.
   */
  readonly dealt?: ReadonlyMap<string, string> | undefined;
  /** What `selectedArrivals` gives of the same selection, if it was read before. */
  readonly selected?: readonly Selected[] | undefined;
};

/** A dealt arm, as the fold is told of arms. */
function dealtArm({ trial }: Protocol, participant: string, arm: string): Observation<'sealed'> {
  const content = JSON.stringify([trial, participant, arm]);
  const head = { side: 'sealed', type: 'arm-assigned', source: `/trials/${trial}/rehearsal`, id: participant } as const;
  return { ...head, sha256: sha256(content), recordedAt: 0, day: 0, data: { arm } };
}

async function* arrivalsOf(all: AsyncIterable<Selected> | Iterable<Selected>): AsyncGenerator<Selected['arrivals']> {
  for await (const { arrivals } of all) yield arrivals;
}

/** Everybody, with the arms that were dealt to them. */
async function* dealtTo(
  all: AsyncIterable<ReadonlyMap<string, Arrivals>>,
  protocol: Protocol,
  dealt: ReadonlyMap<string, string>,
): AsyncGenerator<ReadonlyMap<string, Arrivals>> {
  for await (const some of all) {
    for (const [participant, { sealed }] of some) {
      const arm = dealt.get(participant);
      if (arm !== undefined) sealed.push(dealtArm(protocol, participant, arm));
    }
    yield some;
  }
}

/**
 * The tallies of a selection of a trial's events, folded anew for this question alone. They are those of the `open`
 * side unless the trial is open-label or its key was given: then they are by arm (`closed`).
 */
export async function selectionTallies({
  source,
  protocol,
  selection,
  newest,
  key,
  dealt,
  selected,
}: SelectionOptions): Promise<TrialTallies> {
  const isDouble = protocol.blinding === 'double';
  const opened = isDouble && dealt === undefined ? key : undefined;
  const clock = clockOf(protocol, selection, newest === null ? undefined : civilDay(newest));
  const all = arrivalsOf(selected ?? selectedArrivals(source, protocol, selection, opened && opener(opened)));
  const { open, closed } = await talliedOnce(dealt === undefined ? all : dealtTo(all, protocol, dealt), {
    protocol: protocolUpTo(protocol, selection.cutOff),
    vault: opened === undefined ? openVault : trialVault(opened),
    clock,
  });
  const asOf = clock === undefined ? null : dateOf(clock);
  return {
    tallies: addUp(noTallies, isDouble && opened === undefined && dealt === undefined ? open : closed),
    positions: source.ends.map((offset) => ({ offset, asOf, protocolVersion: protocol.version, foldVersion })),
    chains: source.ends.map(() => undefined),
    stale: [],
  };
}
