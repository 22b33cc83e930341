import type { Visit, Visits } from '@holdfast/events';
import { dayOfLeaving } from '../excluded-days.ts';
import type { StudyDay, ValueFact } from '../facts.ts';
import type { MeasureFold } from './measure-fold.ts';
import { endOfTrial, lastDayOf, maturitySpells } from './participant-days.ts';

/** The day on which a visit was kept, if it was: the first within its window, else the first. */
function keptOn(visit: Visit, attended: readonly StudyDay[]): StudyDay | undefined {
  return attended.find((day) => isInWindow(visit, day)) ?? attended[0];
}

function isInWindow({ day: target, opens, closes }: Visit, day: StudyDay): boolean {
  return day >= target - opens && day <= target + closes;
}

/**
 * Visits of the participant's schedule up to the horizon, once their window has closed and the entry lag is over. Each is `due` unless
 * it is targeted after the day of leaving (death is one) and was not kept before that; `kept`, 1 or 0, if a `visit-attended` names it,
 * on whatever day; of a kept one, `late`, 1 or 0: it was attended outside its window alone, before it opened or after it closed. Over
 * all, without an item: `kept` of how many were due. Nothing but `visit-attended` says that somebody came: samples come by post,
 * scores by telephone.
 */
export const visitsFold: MeasureFold<Visits> = {
  types: () => ['visit-attended', 'participant-left'],
  judge: (measure, { protocol, observations, dayZero }) => {
    const end = endOfTrial(protocol, dayZero);
    const lastDay = lastDayOf(measure.horizon, protocol, dayZero);
    const left = dayOfLeaving(observations, dayZero);
    const attended = new Map<string, StudyDay[]>();
    for (const { type, day, data } of observations) {
      if (type !== 'visit-attended' || data.visit === undefined || day - dayZero > end) continue;
      attended.set(
        data.visit,
        [...(attended.get(data.visit) ?? []), day - dayZero].sort((a, b) => a - b),
      );
    }
    return (when) => {
      const { schedule, clock } = when;
      const values: ValueFact[] = [];
      const total = { due: 0, kept: 0, day: Number.NEGATIVE_INFINITY };
      const today = clock === undefined ? Number.NEGATIVE_INFINITY : clock - dayZero;
      for (const visit of schedule.visits) {
        if (visit.day > Math.min(measure.horizon, end) || today <= visit.day + visit.closes + schedule.entryLag)
          continue;
        const kept = keptOn(
          visit,
          (attended.get(visit.id) ?? []).filter((day) => day < today),
        );
        if (kept === undefined && left !== undefined && visit.day > left) continue;
        const day = kept ?? visit.day;
        const head = { measure: measure.id, item: visit.id, day, of: 1 };
        values.push({ ...head, kind: 'due', value: 1 }, { ...head, kind: 'kept', value: kept === undefined ? 0 : 1 });
        if (kept !== undefined) values.push({ ...head, kind: 'late', value: isInWindow(visit, kept) ? 0 : 1 });
        total.due += 1;
        total.kept += kept === undefined ? 0 : 1;
        total.day = Math.max(total.day, day);
      }
      if (total.due > 0) {
        const head = { measure: measure.id, day: total.day };
        values.push(
          { ...head, kind: 'due', value: 1, of: 1 },
          { ...head, kind: 'kept', value: total.kept, of: total.due },
        );
      }
      return {
        counted: [],
        spells: maturitySpells(measure, lastDay, when.mature(measure, lastDay)),
        firstEvents: [],
        values,
      };
    };
  },
};
