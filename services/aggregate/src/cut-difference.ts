import type { HoldfastEvent } from '@holdfast/events';
import type { SelectedEvent } from './cut-contents.ts';

/**
 * How an event differs between two selections. `added`, `removed`: only the second, only the first has it. `replaced`: the second has
 * other content under its identity. `resent`: the same of a sealed event, whose content does not show. `corrected`, `retracted`: both
 * have it, and only the second has what corrects or takes it back.
 */
export type EventChange = {
  readonly change: 'added' | 'removed' | 'replaced' | 'resent' | 'corrected' | 'retracted';
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

/** What a correction or retraction names; undefined of all other events, and of what is sealed. */
function targetOf({
  envelope,
  record,
}: SelectedEvent): { change: 'corrected' | 'retracted'; target: Identity } | undefined {
  const { type, subject } = envelope;
  if (type !== 'org.holdfast.correction.v1' && type !== 'org.holdfast.retraction.v1') return undefined;
  const { data } = JSON.parse(record) as Extract<HoldfastEvent, { type: typeof type }>;
  const change = type === 'org.holdfast.correction.v1' ? 'corrected' : 'retracted';
  return { change, target: { subject, ...data.target } };
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
  const targets = news.flatMap((event) => targetOf(event) ?? []);
  const wanted = new Set([
    ...news.map(({ envelope }) => identityKey(envelope)),
    ...targets.map(({ target }) => identityKey(target)),
  ]);
  const removed = new Map<string, SelectedEvent>();
  const typeBefore = new Map<string, string>();
  for await (const event of first()) {
    const key = identityKey(event.envelope);
    if (wanted.has(key)) typeBefore.set(key, event.envelope.type);
    if (!after.has(event.sha256)) removed.set(event.sha256, event);
  }

  const row = (identity: Identity, type: string, change: EventChange['change'], by?: Identity): EventChange => ({
    change,
    participant: identity.subject ?? '',
    type,
    source: identity.source,
    id: identity.id,
    by: by && { source: by.source, id: by.id },
  });
  const newIdentities = new Set(news.map(({ envelope }) => identityKey(envelope)));
  const changes = [
    ...news.map(({ envelope }) => {
      const isKnown = typeBefore.has(identityKey(envelope));
      const again = envelope.type === 'org.holdfast.sealed.v1' ? 'resent' : 'replaced';
      return row(envelope, envelope.type, isKnown ? again : 'added');
    }),
    ...news.flatMap((event) => {
      const found = targetOf(event);
      const type = found && typeBefore.get(identityKey(found.target));
      return found === undefined || type === undefined ? [] : [row(found.target, type, found.change, event.envelope)];
    }),
    ...[...removed.values()].flatMap(({ envelope }) =>
      newIdentities.has(identityKey(envelope)) ? [] : [row(envelope, envelope.type, 'removed')],
    ),
  ];
  const order = ({ participant, source, id, change }: EventChange) => JSON.stringify([participant, source, id, change]);
  const unique = new Map(changes.map((change) => [JSON.stringify([order(change), change.by]), change]));
  return [...unique.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, change]) => change);
}
