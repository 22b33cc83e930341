import { type Choices, landmarkName } from '@holdfast/events';
import type { ValueFact } from '../facts.ts';
import { type DosingDay, dosingDays } from './dosing-sessions.ts';
import { type Assessment, atLandmark, byPrecedence, needDoses } from './landmarks.ts';
import type { MeasureFold, Told } from './measure-fold.ts';
import { endOfTrial, lastDayOf, maturitySpells } from './participant-days.ts';

type Chosen = { readonly chosen: number; readonly offered: number };

/** A choice task says no hours: it belongs to the last dose on its day or before, and is 24 hours for each day after it. */
function tasksIn(
  { substance }: Choices,
  { observations, dayZero }: Told,
  dosing: readonly DosingDay[],
): Assessment<Chosen>[] {
  return observations.toSorted(byPrecedence).flatMap((one): Assessment<Chosen>[] => {
    if (one.type !== 'choice-task' || one.data.substance !== substance) return [];
    const { visit, chosen, offered } = one.data;
    const day = one.day - dayZero;
    const dose = dosing.findLast((dosed) => dosed.day <= day);
    const afterDose = dose && { session: dose.session, hours: 24 * (day - dose.day) };
    return [{ day, visit, afterDose, ofVisitOrDay: true, value: { chosen, offered } }];
  });
}

/**
 * Laboratory self-administration. At each landmark that has come due: `due`; and if the task was done, `chosen`: how often the
 * substance was chosen, of how often it was offered. Of several tasks at a landmark one counts, as of several scores. Tasks after the
 * administrative end do not count.
 */
export const choicesFold: MeasureFold<Choices> = {
  types: ({ at }) => ['choice-task', ...(needDoses(at) ? (['dose-given'] as const) : [])],
  judge: (measure, told) => {
    const { protocol, observations, dayZero } = told;
    const end = endOfTrial(protocol, dayZero);
    const lastDay = lastDayOf(protocol.plannedFollowUp, protocol, dayZero);
    const dosing = needDoses(measure.at) ? dosingDays(observations, dayZero) : [];
    const tasks = tasksIn(measure, told, dosing);
    const landmarks = measure.at.map((landmark) => ({
      item: landmarkName(landmark),
      taskAt: atLandmark(landmark, tasks, dosing, end),
    }));
    return (when) => {
      const values = landmarks.flatMap(({ item, taskAt }): ValueFact[] => {
        const at = taskAt(when);
        if (at === undefined) return [];
        const head = { measure: measure.id, item, day: at.day };
        const due: ValueFact = { ...head, kind: 'due', value: 1, of: 1 };
        if (at.value === undefined) return [due];
        return [due, { ...head, kind: 'chosen', value: at.value.chosen, of: at.value.offered }];
      });
      return {
        counted: [],
        spells: maturitySpells(measure, lastDay, when.mature(measure, lastDay)),
        firstEvents: [],
        values,
      };
    };
  },
};
