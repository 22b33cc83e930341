import type { DuckDBBlobValue, DuckDBConnection } from '@duckdb/node-api';
import type { History, Observation } from '@holdfast/outcomes';
import { append } from './append.ts';
import { evidenceTexts, readEvidence } from './evidence-text.ts';
import type { Numbers } from './numbers.ts';
import type { Vault } from './vault.ts';

/** What a shard keeps of events: all that the fold needs, participant by participant. */
export type Evidence = {
  /** Keeps what was not known yet, as it is handed over; what was so far can be read before that is over after a `flush`. */
  keep(handOver: (keep: (fresh: History) => void, flush: () => void) => Promise<void>): Promise<void>;
  /** All that is kept of some participants. */
  of(participants: readonly string[]): Promise<ReadonlyMap<string, History>>;
  /** Of some open events, all contents that are kept: by participant, for each identity that is asked for. */
  openEvents(wanted: ReadonlyMap<string, readonly Identity[]>): Promise<ReadonlyMap<string, readonly Open[]>>;
};

type Identity = { readonly source: string; readonly id: string };
type Open = Observation<'open'>;

type Reading = {
  readonly participant: string;
  readonly open: Observation<'open'>[];
  readonly sealed: Observation<'sealed'>[];
};

export function evidenceIn(connection: DuckDBConnection, participants: Numbers<string>, vault: Vault): Evidence {
  const numberOf = (participant: string): number => participants.of(participant, () => participant);
  return {
    keep: (handOver) =>
      append(connection, 'evidence', (evidence) => {
        const keep = ({ participant, open, sealed }: History): void => {
          const [openTexts, sealedTexts] = [evidenceTexts(open), evidenceTexts(sealed)];
          for (let i = 0; i < Math.max(openTexts.length, sealedTexts.length); i += 1) {
            const hidden = sealedTexts[i];
            evidence.appendInteger(numberOf(participant));
            evidence.appendVarchar(openTexts[i] ?? '');
            if (hidden === undefined) evidence.appendNull();
            else evidence.appendBlob(vault.protect(hidden));
            evidence.endRow();
          }
        };
        return handOver(keep, () => evidence.flushSync());
      }),

    async of(names) {
      const histories = new Map<string, Reading>();
      if (names.length === 0) return histories;
      // Their numbers stand in the text, so that only their rows are fetched.
      const rows = await connection.runAndReadAll(
        `SELECT participant, open, sealed FROM evidence WHERE participant IN (${names.map(numberOf).join(', ')})`,
      );
      for (const [number, open, sealed] of rows.getRows()) {
        const participant = participants.at(number as number);
        const history = histories.get(participant) ?? { participant, open: [], sealed: [] };
        histories.set(participant, history);
        for (const observation of readEvidence(open as string, 'open')) history.open.push(observation);
        if (sealed === null) continue;
        const text = vault.reveal((sealed as DuckDBBlobValue).bytes);
        for (const observation of readEvidence(text, 'sealed')) history.sealed.push(observation);
      }
      return histories;
    },

    async openEvents(wanted) {
      const found = new Map<string, Open[]>();
      if (wanted.size === 0) return found;
      const rows = await connection.runAndReadAll(
        `SELECT participant, open FROM evidence WHERE participant IN (${[...wanted.keys()].map(numberOf).join(', ')})`,
      );
      for (const [number, open] of rows.getRows() as [number, string][]) {
        const participant = participants.at(number);
        const identities = wanted.get(participant) ?? [];
        // Most texts hold nothing that is asked for: those are not read.
        if (!identities.some(({ source, id }) => open.includes(`\t${source}\t${id}\t`))) continue;
        const isAsked = (one: Open) => identities.some(({ source, id }) => one.source === source && one.id === id);
        found.set(participant, [...(found.get(participant) ?? []), ...readEvidence(open, 'open').filter(isAsked)]);
      }
      return found;
    },
  };
}
