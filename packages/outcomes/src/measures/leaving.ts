import type { CivilDay, EventData } from '@holdfast/events';
import type { StudyDay } from '../facts.ts';
import type { Effective } from '../history/replacing.ts';

type How = EventData<'participant-left'>['how'];

/** Of several ways on one day the first of these counts: who died did not leave, and who was lost did not complete. */
const order: readonly How[] = ['died', 'lost', 'stopped', 'completed'];

/** The earliest leaving, of whatever kind: its study day, and how; undefined while nobody reported one. */
export function leavingOf(
  observations: readonly Effective[],
  dayZero: CivilDay,
): { readonly day: StudyDay; readonly how: How } | undefined {
  const all = observations.flatMap((one) =>
    one.type === 'participant-left' ? [{ day: one.day - dayZero, how: one.data.how }] : [],
  );
  return all.toSorted((a, b) => a.day - b.day || order.indexOf(a.how) - order.indexOf(b.how))[0];
}

/** Whether somebody left before they had completed the trial: was lost, or stopped. */
export function isEarly(how: How): boolean {
  return how === 'lost' || how === 'stopped';
}
