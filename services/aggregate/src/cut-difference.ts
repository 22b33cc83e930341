import { civilDay, type HoldfastEvent, shortType, upcast, upcasts } from '@holdfast/events';
import { type Observation, replace, settleIdentity } from '@holdfast/outcomes';
import type { SelectedEvent } from './cut-contents.ts';

/**
 * How an event differs between two selections. `added`, `removed`: only the second, only the first has it. `replaced`: the second has
 * other content under its identity. `resent`: the same of a sealed event, whose content does not show. Of events that both have, by
 * what counts of them after all corrections and retractions: `corrected`, another event's content counts in the second; `retracted`,
 * nothing counts any more; `restored`, it counts itself again.
 */
export type EventChange = {
  readonly change: 'added' | 'removed' | 'replaced' | 'resent' | 'corrected' | 'retracted' | 'restored';
  readonly participant: string;
  readonly type: string;
  readonly source: string;
  readonly id: string;
  /** The event that corrects or retracts it. */
  readonly by: { readonly source: string; readonly id: string } | undefined;
};

type Identity = { readonly subject: string | undefined; readonly source: string; readonly id: string };
const identityKey = ({ subject, source, id }: Identity) => `${subject}\n${source}\n${id}`;

/** A selection's events, as often as they are asked for. */
export type EventsOf = () => AsyncIterable<SelectedEvent>;

const isReplacing = (type: string) => type === 'org.holdfast.correction.v1' || type === 'org.holdfast.retraction.v1';

function observationOf({ record, sha256 }: SelectedEvent): Observation {
  const { type, source, id, time, recordedtime, data } = upcast(JSON.parse(record) as HoldfastEvent, upcasts);
  const recordedAt = Date.parse(recordedtime);
  return {
    side: 'open',
    type: shortType(type),
    source,
    id,
    sha256,
    recordedAt,
    day: civilDay(time),
    data,
  } as Observation;
}

type Counting = {
  readonly observations: readonly Observation[];
  /** By the SHA-256 of an original that counts: the event whose content counts for it. */
  readonly leaves: ReadonlyMap<string, { readonly source: string; readonly id: string }>;
};

/** What counts of some participants' open events. Boxes stay shut: what replaces a sealed event is as good as unknown here. */
async function countingOf(events: EventsOf, participants: ReadonlySet<string>): Promise<Map<string, Counting>> {
  const observed = new Map<string, Map<string, Observation>>();
  if (participants.size > 0) {
    for await (const event of events()) {
      const { subject = '', type } = event.envelope;
      if (!participants.has(subject) || type === 'org.holdfast.sealed.v1') continue;
      const known = observed.get(subject) ?? new Map<string, Observation>();
      observed.set(subject, known);
      if (!known.has(event.sha256)) known.set(event.sha256, observationOf(event));
    }
  }
  return new Map(
    [...observed].map(([participant, all]) => {
      const observations = [...all.values()];
      const { effective } = replace(settleIdentity(observations).counting);
      return [participant, { observations, leaves: new Map(effective.map((one) => [one.sha256, one])) }];
    }),
  );
}

/** How the originals that both selections have of a participant came to count otherwise. */
function* recounted(
  participant: string,
  first: Counting,
  second: Counting,
  isNew: (sha256: string) => boolean,
): Generator<EventChange> {
  const inFirst = new Set(first.observations.map(({ sha256 }) => sha256));
  for (const { type, source, id, sha256 } of second.observations) {
    const [was, is] = [first.leaves.get(sha256), second.leaves.get(sha256)];
    if (!inFirst.has(sha256) || (was?.source === is?.source && was?.id === is?.id)) continue;
    const row = { participant, type: `org.holdfast.${type}.v1`, source, id };
    if (is === undefined) {
      const targets = [{ source, id }, ...(was === undefined ? [] : [was])];
      const by = second.observations.find(
        (one) =>
          one.type === 'retraction' &&
          isNew(one.sha256) &&
          targets.some((target) => target.source === one.data.target.source && target.id === one.data.target.id),
      );
      yield { ...row, change: 'retracted', by: by && { source: by.source, id: by.id } };
    } else if (is.source === source && is.id === id) yield { ...row, change: 'restored', by: undefined };
    else yield { ...row, change: 'corrected', by: { source: is.source, id: is.id } };
  }
}

/** By which events the second selection differs from the first, by participant, source and id. */
export async function eventChanges(first: EventsOf, second: EventsOf): Promise<EventChange[]> {
  const before = new Set<string>();
  for await (const { sha256 } of first()) before.add(sha256);
  const after = new Set<string>();
  const added = new Map<string, SelectedEvent>();
  for await (const event of second()) {
    after.add(event.sha256);
    if (!before.has(event.sha256)) added.set(event.sha256, event);
  }
  const news = [...added.values()];
  const newIdentities = new Set(news.map(({ envelope }) => identityKey(envelope)));
  const removed = new Map<string, SelectedEvent>();
  const known = new Set<string>();
  for await (const event of first()) {
    const key = identityKey(event.envelope);
    if (newIdentities.has(key)) known.add(key);
    if (!after.has(event.sha256)) removed.set(event.sha256, event);
  }
  const touched = new Set(
    [...news, ...removed.values()].flatMap(({ envelope: { type, subject = '' } }) =>
      isReplacing(type) ? [subject] : [],
    ),
  );
  const [countedFirst, countedSecond] = [await countingOf(first, touched), await countingOf(second, touched)];

  const row = ({ envelope }: SelectedEvent, change: EventChange['change']): EventChange => {
    const { subject, type, source, id } = envelope;
    return { change, participant: subject ?? '', type, source, id, by: undefined };
  };
  const changes = [
    ...news.map((event) => {
      const again = event.envelope.type === 'org.holdfast.sealed.v1' ? 'resent' : 'replaced';
      return row(event, known.has(identityKey(event.envelope)) ? again : 'added');
    }),
    ...[...removed.values()].flatMap((event) =>
      newIdentities.has(identityKey(event.envelope)) ? [] : [row(event, 'removed')],
    ),
    ...[...countedSecond].flatMap(([participant, counting]) => {
      const counted = countedFirst.get(participant);
      return counted === undefined ? [] : [...recounted(participant, counted, counting, (sha256) => added.has(sha256))];
    }),
  ];
  const order = ({ participant, source, id, change }: EventChange) => JSON.stringify([participant, source, id, change]);
  const unique = new Map(changes.map((change) => [JSON.stringify([order(change), change.by]), change]));
  return [...unique.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, change]) => change);
}
