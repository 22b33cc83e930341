import type { Opener } from '@holdfast/access';
import { type Decoded, recordDecoder } from '@holdfast/aggregate';
import { type HoldfastEvent, type Protocol, siteOf } from '@holdfast/events';
import { type KeptRejection, readRejections } from '@holdfast/ingest';
import { type EventLog, partitionOf, recordsBetween } from '@holdfast/log';
import { identityKey } from '@holdfast/outcomes';
import { topicsOf } from '@holdfast/trials';

/** Whether a rejected input is still to be mended, was (an event of its identity was accepted since), or is in no later full export. */
export const rejectionStates = ['open', 'mended', 'outdated'] as const;
export type RejectionState = (typeof rejectionStates)[number];

export type RejectedInput = KeptRejection & { readonly state: RejectionState };

/** The site whose rejected input it is: whose token sent it, else whose event it says it is. */
export const siteThatSent = ({ from, of }: KeptRejection): string | undefined => siteOf(from ?? of.source ?? '');

/** The identities that an event speaks of: its own, and that of what it replaces. */
function identitiesOf(decoded: Decoded): string[] {
  if (decoded.kind === 'clock' || decoded.kind === 'mark' || decoded.kind === 'foreign') return [];
  if (decoded.kind !== 'open' && decoded.kind !== 'sealed') return [identityKey(decoded)];
  const { observation } = decoded;
  const isReplacing = observation.type === 'correction' || observation.type === 'retraction';
  return [identityKey(observation), ...(isReplacing ? [identityKey(observation.data.target)] : [])];
}

/** Of participants, by identity: when an event that speaks of it was received last. */
async function lastReceived(
  log: EventLog,
  protocol: Protocol,
  opener: Opener | undefined,
  participants: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const { name, partitions } = topicsOf(protocol).events;
  const decode = recordDecoder(opener);
  const latest = new Map<string, string>();
  for (const partition of new Set([...participants].map((one) => partitionOf(one, partitions)))) {
    for await (const records of recordsBetween(log, name, partition)) {
      for (const record of records) {
        if (!participants.has(record.key)) continue;
        const identities = identitiesOf(await decode(record));
        if (identities.length === 0) continue;
        const { receivedtime = '' } = JSON.parse(Buffer.from(record.value).toString()) as HoldfastEvent;
        for (const identity of identities) {
          const of = `${record.key}\n${identity}`;
          if (receivedtime > (latest.get(of) ?? '')) latest.set(of, receivedtime);
        }
      }
    }
  }
  return latest;
}

export type RejectedInputsOptions = {
  /** Opens what is sealed; without it no sealed correction settles anything. */
  readonly opener: Opener | undefined;
  readonly participant?: string;
};

/**
 * A trial's rejected inputs, each with what became of it. Whatever says which event it would have been is mended once an event of that
 * participant, source and id is accepted; what does not say so can never be recognised again.
 */
export async function rejectedInputs(
  log: EventLog,
  protocol: Protocol,
  { opener, participant }: RejectedInputsOptions,
): Promise<readonly RejectedInput[]> {
  const all = await readRejections(log, protocol);
  const rejections = all.filter(({ of }) => participant === undefined || of.subject === participant);
  const subjects = new Set(rejections.flatMap(({ of }) => of.subject ?? []));
  const latest = await lastReceived(log, protocol, opener, subjects);
  const isMended = ({ of: { subject, source, id }, receivedtime }: KeptRejection) => {
    if (subject === undefined || source === undefined || id === undefined) return false;
    return (latest.get(`${subject}\n${identityKey({ source, id })}`) ?? '') > receivedtime;
  };
  return rejections.map((one) => ({ ...one, state: isMended(one) ? 'mended' : stateOf(one) }));
}

const stateOf = ({ isOutdated }: KeptRejection): RejectionState => (isOutdated ? 'outdated' : 'open');

/** The rejected inputs that name no published trial. */
export async function unattributedInputs(log: EventLog): Promise<readonly RejectedInput[]> {
  return (await readRejections(log, undefined)).map((one) => ({ ...one, state: stateOf(one) }));
}
