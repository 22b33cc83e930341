import { canonicalJson, fullType, type ObservationType, sha256 } from '@holdfast/events';
import { identityKey, type Observation, replace, settleIdentity } from '@holdfast/outcomes';

type Identity = { readonly source: string; readonly id: string };

/** An event that a mapping imported, as corrections and retractions have left it. */
export type ImportedState = Identity & {
  readonly participant: string;
  /** Whether it lies sealed: only what is sealed can replace it. */
  readonly isSealed: boolean;
  /** What the imports said of it last: a digest of type, time and data. */
  readonly said: string;
  /** Which event said so. */
  readonly saidBy: string;
  /** The event whose content counts now, and so the one to correct; undefined if somebody took it back by hand. */
  readonly counting: Identity | undefined;
  /** What to retract in order to take it back, or to bring it back: the event, or the last retraction by an import. */
  readonly turnedBy: Identity;
  /** Milliseconds: anything recorded later outranks all that was said of it. */
  readonly recordedAt: number;
};

/** An event of a log with its `time` as written, which the fold has no use for. */
export type TimedObservation = { readonly observation: Observation; readonly time: string };

type Correction = Extract<Observation, { type: 'correction' }>;
type Retraction = Extract<Observation, { type: 'retraction' }>;

/** A digest of what an event says happened: equal if, and only if, type, time and data are equal. */
export function contentDigest(event: { readonly type: string; readonly time: string; readonly data: unknown }): string {
  const { type, time, data } = event;
  return sha256(canonicalJson({ type, time, data }));
}

/**
 * What the imports of a mapping, and people since, have made of the events that it imported for one participant; with each,
 * whether the last import said that it is there. A function of the set of events.
 *
 * @param isOurs whether the mapping made an id
 */
export function importedEvents(
  participant: string,
  all: readonly TimedObservation[],
  isOurs: (id: string) => boolean,
): readonly { readonly type: ObservationType; readonly stands: boolean; readonly state: ImportedState }[] {
  const open = all.filter(({ observation }) => observation.side === 'open');
  // A retraction in clear acts on both sides.
  const sealed = all.filter(({ observation }) => observation.side === 'sealed' || observation.type === 'retraction');
  const isSealed = ({ side }: Observation) => side === 'sealed';
  return [
    ...importedOf(participant, open, isOurs, () => true),
    ...(sealed.length === 0 ? [] : importedOf(participant, sealed, isOurs, isSealed)),
  ];
}

function importedOf(
  participant: string,
  timed: readonly TimedObservation[],
  isOurs: (id: string) => boolean,
  isOfSide: (observation: Observation) => boolean,
) {
  const times = new Map(timed.map(({ observation, time }) => [observation, time]));
  const { counting } = settleIdentity(timed.map(({ observation }) => observation));
  const corrections: Correction[] = [];
  const retractions: Retraction[] = [];
  const roots: Exclude<Observation, Correction | Retraction>[] = [];
  for (const observation of counting.values()) {
    if (observation.type === 'correction') corrections.push(observation);
    else if (observation.type === 'retraction') retractions.push(observation);
    else if (isOurs(observation.id) && isOfSide(observation)) roots.push(observation);
  }
  if (roots.length === 0) return [];

  const ourRetractions = new Map(
    retractions.filter(({ id }) => isOurs(id)).map((retraction) => [identityKey(retraction.data.target), retraction]),
  );
  /** The imports' own retractions: of the event, of that retraction when it came back, and so on. */
  const turnsOf = (root: Observation): Retraction[] => {
    const turns: Retraction[] = [];
    for (let at: Observation = root; ; ) {
      const turn = ourRetractions.get(identityKey(at));
      if (turn === undefined || turns.includes(turn)) return turns;
      turns.push(turn);
      at = turn;
    }
  };
  const rootOf = (correction: Correction): Observation | undefined => {
    const walked = new Set<Observation>();
    let at: Observation | undefined = correction;
    while (at?.type === 'correction' && !walked.has(at)) {
      walked.add(at);
      at = counting.get(identityKey(at.data.target));
    }
    return at;
  };
  const correctionsOf = new Map<Observation, Correction[]>();
  for (const correction of corrections) {
    const root = rootOf(correction);
    if (root !== undefined) correctionsOf.set(root, [...(correctionsOf.get(root) ?? []), correction]);
  }
  const turns = new Map(roots.map((root) => [root, turnsOf(root)]));
  const byHand = new Map(counting);
  for (const turn of [...turns.values()].flat()) byHand.delete(identityKey(turn));
  const winners = new Map(replace(byHand).effective.map(({ sha256: root, source, id }) => [root, { source, id }]));
  const recordedAt = Math.max(...[...corrections, ...retractions].map((replacing) => replacing.recordedAt));

  return roots.map((root) => {
    const ours = (correctionsOf.get(root) ?? []).filter(({ id }) => isOurs(id));
    const last = ours.reduce<Correction | undefined>(
      (best, next) => (best === undefined || next.recordedAt > best.recordedAt ? next : best),
      undefined,
    );
    const chain = turns.get(root) ?? [];
    const { source, id } = chain.at(-1) ?? root;
    const said =
      last === undefined
        ? { type: fullType(root.type), time: times.get(root) ?? '', data: root.data }
        : last.data.event;
    const state: ImportedState = {
      source: root.source,
      id: root.id,
      participant,
      isSealed: root.side === 'sealed',
      said: contentDigest(said),
      saidBy: (last ?? root).id,
      counting: winners.get(root.sha256),
      turnedBy: { source, id },
      recordedAt: Math.max(root.recordedAt, recordedAt),
    };
    return { type: root.type, stands: chain.length % 2 === 0, state };
  });
}
