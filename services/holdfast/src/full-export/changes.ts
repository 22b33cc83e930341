import type { HoldfastEvent, ParticipantEvent } from '@holdfast/events';
import { type FoundEvent, mappingId } from '@holdfast/tables';
import { contentDigest, type ImportedState } from './imported-event.ts';

/** What became of an imported event. `kept`: it differs, or is gone, and stays as it was all the same. */
export type Change = 'new' | 'changed' | 'gone' | 'back' | 'unchanged' | 'kept';

/** What a full export means for one event: what to send, and what a person should know of it. */
export type Decision = {
  readonly change: Change;
  readonly events: readonly HoldfastEvent[];
  /** Why it was kept, or what else is noteworthy. */
  readonly note?: string;
};

/** What came in an export, judged by the door; `isWhole` unless a part of it was refused. */
export type ExportedEvent = {
  readonly event: ParticipantEvent;
  readonly isSealed: boolean;
  readonly isWhole: boolean;
};

/** Decides what a full export changes of what the mapping imported before. */
export type Changes = {
  /** Of an event of the export, given what was imported under its id. */
  exported(exported: ExportedEvent, before: readonly FoundEvent[]): Decision;
  /** Of an event that stands and that the export has no longer. */
  missing(before: FoundEvent): Decision;
};

/** @param at when the export is imported: its corrections outrank what was said before */
export function changesOf(mapping: string, at: Date): Changes {
  const envelope = ({ source, participant, recordedAt }: ImportedState) => {
    const time = new Date(Math.max(at.getTime(), recordedAt + 1)).toISOString();
    return { specversion: '1.0', source, subject: participant, time, recordedtime: time } as const;
  };

  /** Takes the event back, or brings it back: retracting the last retraction does. */
  const turned = (state: ImportedState, reason: string): HoldfastEvent => ({
    ...envelope(state),
    id: mappingId(mapping, 'retraction', state.turnedBy.source, state.participant, state.turnedBy.id),
    type: 'org.holdfast.retraction.v1',
    data: { target: state.turnedBy, reason: `${reason} (mapping ${mapping})`, by: 'import' },
  });

  const corrected = (state: ImportedState, target: { source: string; id: string }, event: ParticipantEvent) => {
    const { type, time, data } = event;
    const digest = contentDigest(event);
    return {
      ...envelope(state),
      id: mappingId(mapping, 'correction', target.source, state.participant, target.id, state.saidBy, digest),
      type: 'org.holdfast.correction.v1',
      data: {
        target,
        reason: `its row changed in a later export (mapping ${mapping})`,
        by: 'import',
        event: { type, time, data },
      },
    } as HoldfastEvent;
  };

  const stateOf = ({ state }: FoundEvent) => JSON.parse(state) as ImportedState;
  const kept = (note: string): Decision => ({ change: 'kept', events: [], note });

  return {
    exported({ event, isSealed, isWhole }, before) {
      const here = before.find((found) => stateOf(found).source === event.source);
      // Where a participant was moved to another site, what the former one sent is taken back.
      const elsewhere = before
        .filter((found) => found !== here && found.stands)
        .map((found) => turned(stateOf(found), 'a later export has it from another sender'));
      if (here === undefined && before.length === 0) return { change: 'new', events: [event] };
      const held =
        before.find((found) => found.held !== undefined)?.held ?? (isWhole ? undefined : 'a part of it was refused');
      if (here === undefined) {
        if (elsewhere.length > 0 && held !== undefined) return kept(held);
        return { change: elsewhere.length > 0 ? 'changed' : 'back', events: [...elsewhere, event] };
      }
      const state = stateOf(here);
      const isEqual = state.said === contentDigest(event);
      if (isEqual && here.stands && elsewhere.length === 0) return { change: 'unchanged', events: [] };
      if (held !== undefined && (here.stands || elsewhere.length > 0)) return kept(held);
      if (state.isSealed !== isSealed)
        return kept('it would cross from closed to open, or back; retract it, and send the right event by hand');
      const back = here.stands ? [] : [turned(state, 'its row is back in a later export')];
      if (isEqual) return { change: elsewhere.length > 0 ? 'changed' : 'back', events: [...elsewhere, ...back] };
      const { counting } = state;
      if (counting === undefined) {
        if (here.stands)
          return kept('its row changed, but somebody took it back by hand; retract that to let it count');
        return { change: 'back', events: [...elsewhere, ...back], note: 'somebody took it back by hand: it stays so' };
      }
      const correction = corrected(state, counting, event);
      const isByHand = counting.id !== state.saidBy;
      return {
        change: here.stands ? 'changed' : 'back',
        events: [...elsewhere, ...back, correction],
        ...(isByHand ? { note: 'its row changed after somebody had corrected it by hand; the row counts' } : {}),
      };
    },

    missing(before) {
      if (before.held !== undefined) return kept(before.held);
      return { change: 'gone', events: [turned(stateOf(before), 'its row is gone from a later export')] };
    },
  };
}
