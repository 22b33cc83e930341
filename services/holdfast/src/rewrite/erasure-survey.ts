import { envelopeOf, segmentsWith } from '@holdfast/aggregate';
import { recordsBetween } from '@holdfast/log';
import { type PublishedTrial, topicsOf } from '@holdfast/trials';
import type { Store } from '../store.ts';
import { cutsOn, dropFilesNaming, reportsNaming, type Sought } from './beside-the-log.ts';
import { countRejectedOfNoTrial } from './rejected-of-no-trial.ts';

/** Something of a participant that there is in a store. */
export type Found = {
  readonly what: string;
  readonly count: number;
  readonly becomes: 'removed' | 'rewritten' | 'blotted out' | 'STAYS';
};

/** The participants in a trial's log. */
export async function everybodyIn({ log }: Pick<Store, 'log'>, { protocol }: PublishedTrial): Promise<Set<string>> {
  const { name, partitions } = topicsOf(protocol).events;
  const everybody = new Set<string>();
  for (let partition = 0; partition < partitions; partition += 1)
    for await (const records of recordsBetween(log, name, partition)) for (const { key } of records) everybody.add(key);
  everybody.delete('');
  return everybody;
}

export type Survey = {
  readonly found: readonly Found[];
  /** Whether an event, or a rejected input, has it as its subject: else it is an id that nobody was sent by. */
  readonly isKnown: boolean;
};

/** What there is of a participant in a store, by place. It changes nothing. */
export async function surveyOf(
  store: Store,
  trial: PublishedTrial,
  { named, leaving, partOf }: Sought,
): Promise<Survey> {
  const { log, objects } = store;
  const { trial: id } = trial.protocol;
  const topics = topicsOf(trial.protocol);
  const of = { open: 0, sealed: 0, foreign: 0, others: 0, audit: 0, archived: 0 };
  const rejected = { own: 0, naming: 0, elsewhere: 0, none: 0 };
  for (let partition = 0; partition < topics.events.partitions; partition += 1)
    for await (const records of recordsBetween(log, topics.events.name, partition))
      for (const record of records) {
        if (leaving.isEventOut(record)) {
          const { type } = envelopeOf(Buffer.from(record.value).toString('utf8'));
          of[type === '' ? 'foreign' : type === 'org.holdfast.sealed.v1' ? 'sealed' : 'open'] += 1;
        } else if (named.isInBytes(record.value)) of.others += 1;
      }
  for await (const records of recordsBetween(log, topics.rejected.name, 0))
    for (const record of records) rejected[await partOf(record)] += 1;
  for await (const records of recordsBetween(log, topics.audit.name, 0))
    for (const { value } of records) if (leaving.auditWithout(value) !== value) of.audit += 1;
  const segments = new Set<string>();
  for await (const { key, out } of segmentsWith(objects, id, leaving.isEventOut)) {
    segments.add(key);
    of.archived += out;
  }
  const cuts = await cutsOn(store, id, segments);
  const { receipts, delivered } = await dropFilesNaming(store, named);
  const reports = await reportsNaming(store, id, named);
  const found: Found[] = [
    { what: 'events in the log, open', count: of.open, becomes: 'removed' },
    { what: 'events in the log, sealed', count: of.sealed, becomes: 'removed' },
    { what: 'records in the log that are no events', count: of.foreign, becomes: 'removed' },
    { what: 'rejected inputs', count: rejected.own + rejected.naming, becomes: 'removed' },
    {
      what: 'rejected inputs of no trial',
      count: await countRejectedOfNoTrial(log, leaving.isRejectionOut),
      becomes: 'removed',
    },
    { what: 'records of the audit log that name the participant', count: of.audit, becomes: 'blotted out' },
    { what: 'records in the archive', count: of.archived, becomes: 'removed' },
    { what: 'archive segments that they are in', count: segments.size, becomes: 'rewritten' },
    {
      what: `data cuts on these${cuts.length === 0 ? '' : ` (${cuts.map(({ name }) => name).join(', ')})`}`,
      count: cuts.length,
      becomes: 'rewritten',
    },
    {
      what: `files of stored reports in which the id stands${reports.length === 0 ? '' : ` (${reports.join(', ')})`}`,
      count: reports.length,
      becomes: 'STAYS',
    },
    { what: 'receipts in the drop folder', count: receipts.length, becomes: 'blotted out' },
    { what: 'other files in the drop folder', count: delivered.length, becomes: 'STAYS' },
    { what: 'events of others that name the participant', count: of.others, becomes: 'STAYS' },
    { what: 'rejected inputs of others that name the participant', count: rejected.elsewhere, becomes: 'STAYS' },
    {
      what: 'rejected inputs of other trials, or of others, that name this id',
      count: await countRejectedOfNoTrial(log, async (record) => (await partOf(record)) === 'elsewhere'),
      becomes: 'STAYS',
    },
  ];
  return {
    found: found.filter(({ count }) => count > 0),
    isKnown: of.open + of.sealed + of.archived + rejected.own > 0,
  };
}
