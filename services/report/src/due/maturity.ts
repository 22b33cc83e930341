import { horizonOf } from '@holdfast/events';
import type { EventLog } from '@holdfast/log';
import { isOpenMeasure } from '@holdfast/outcomes';
import { everybody, maturityCurve } from '@holdfast/tallies';
import { type PublishedTrial, readTallies, topicsOf } from '@holdfast/trials';
import { ReportRefused } from '../report-refused.ts';
import type { DueSlot } from './due-slot.ts';

/** How many of so many a share (0 to 1) is, a part of one being one more: 0.56 of 25 are 14, though floating point makes it a little more. */
export function partOf(all: number, share: number): number {
  return Math.ceil(share * all - 1e-9);
}

/** Says of slots that are due by maturity whether they are. It reads tallies only when there are new ones. */
export function maturityWatch(): { isDue(log: EventLog, trial: PublishedTrial, slot: DueSlot): Promise<boolean> } {
  const seen = new Map<string, string>();
  return {
    async isDue(log, { protocol, erasedRandomised = 0 }, { name, of }) {
      const { when } = of.declared;
      if (!('mature' in when)) return false;
      const measure = protocol.measures.find(({ id }) => id === when.measure);
      if (measure === undefined || !isOpenMeasure(measure, protocol))
        throw new ReportRefused(
          `the report ${of.declared.id} of ${protocol.trial} waits for ${when.measure}, which is no measure of open events; amend the protocol`,
        );
      const topic = topicsOf(protocol).openTallies.name;
      if (!(await log.topics()).some((known) => known.name === topic)) return false;
      const ends = (await log.ends(topic)).join(' ');
      const key = `${topic} ${name}`;
      if (seen.get(key) === ends) return false;
      const { tallies } = await readTallies(log, protocol, 'open');
      const day = horizonOf(measure, protocol);
      const [on] = maturityCurve(tallies, measure.id, { from: day, to: day }, everybody);
      const planned = protocol.plannedParticipants ?? Number.POSITIVE_INFINITY;
      // Who was erased is not waited for.
      const isDue = (on?.mature ?? 0) + erasedRandomised >= partOf(planned, when.mature);
      if (!isDue) seen.set(key, ends);
      return isDue;
    },
  };
}
