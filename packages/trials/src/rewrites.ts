/** What happens to a trial's log: one record of the registry for each step that counts. */
export type RewriteRecord = {
  readonly kind: 'rewrite';
  readonly trial: string;
  readonly edition: number;
  readonly at: string;
} /** `erases`: the new edition is without one participant; who that is, and why, is for the audit log to say. */ & (
  | { readonly step: 'begun'; readonly partitions: number; readonly erases?: true }
  /** From here on the new edition is the trial's log. `copied`: offsets of the old one, by partition, that it had reached by then. */
  | {
      readonly step: 'switched';
      readonly copied: Copied;
      /** The participant whom the new edition is without was randomised. */
      readonly erasedRandomised?: true;
    }
  | { readonly step: 'abandoned' }
  | { readonly step: 'finished' }
);

/** Offsets of the former topics that were copied, by partition. */
export type Copied = {
  readonly events: readonly number[];
  readonly rejected: readonly number[];
  readonly audit: readonly number[];
};

/** A rewriting that was begun, and is neither finished nor abandoned. */
export type RewriteUnderWay = {
  readonly edition: number;
  readonly partitions: number;
  readonly begunAt: string;
  /** Whether a participant is erased by it. */
  readonly erases: boolean;
  /** The log before it, which is in force until it is switched. */
  readonly former: { readonly edition: number; readonly partitions: number };
  /** Undefined until it is switched. */
  readonly copied: Copied | undefined;
};

/** The editions of a trial's log. */
export type Editions = {
  /** In force. */
  readonly edition: number;
  /** Undefined: as the protocol says. */
  readonly partitions: number | undefined;
  /** The last number that was given. */
  readonly last: number;
  readonly underWay: RewriteUnderWay | undefined;
  /** How many participants were randomised and erased since: as many as these are in no tally, and were in the trial all the same. */
  readonly erasedRandomised: number;
};

export const firstEdition: Editions = {
  edition: 1,
  partitions: undefined,
  last: 1,
  underWay: undefined,
  erasedRandomised: 0,
};

/**
 * The editions after a record. Of two who begin at once the first counts; a step of a rewriting that is not under way (any more)
 * counts for nothing, so nobody switches to what another one has abandoned.
 */
export function afterRewrite(known: Editions, record: RewriteRecord, published: number): Editions {
  const { edition, underWay } = known;
  if (record.step === 'begun') {
    if (underWay !== undefined || record.edition !== known.last + 1) return known;
    const former = { edition, partitions: known.partitions ?? published };
    const { partitions, at } = record;
    const erases = record.erases === true;
    const begun = { edition: record.edition, partitions, begunAt: at, erases, former, copied: undefined };
    return { ...known, last: record.edition, underWay: begun };
  }
  if (underWay?.edition !== record.edition) return known;
  const isSwitched = underWay.copied !== undefined;
  if (record.step === 'switched' && !isSwitched) {
    const { partitions } = underWay;
    return {
      ...known,
      ...{ edition: record.edition, partitions, underWay: { ...underWay, copied: record.copied } },
      erasedRandomised: known.erasedRandomised + (record.erasedRandomised === true ? 1 : 0),
    };
  }
  const ends = (record.step === 'finished' && isSwitched) || (record.step === 'abandoned' && !isSwitched);
  return ends ? { ...known, underWay: undefined } : known;
}
