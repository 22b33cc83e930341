import type { MeasureKind } from '@holdfast/events';
import type { MeasureNote } from './measure-note.ts';

const rates: MeasureNote['values'] = [
  { kind: 'events', meaning: 'first events in the trailing window of each mature day', unit: 'participants' },
  { kind: 'person-days', meaning: 'days at risk in the trailing window of each mature day', unit: 'days' },
];
const ends = (event: string): MeasureNote['values'] => [
  {
    kind: 'first-event',
    meaning: `${event}; or death, if it competes; or the end of observation: one of them for each participant`,
    unit: 'study day',
  },
  ...rates,
];

const curves =
  'Who is censored on a day was at risk of its events. Survival is Kaplan–Meier’s, incidence Aalen–Johansen’s; rates are events per person-day in the last w days, with the exact Poisson interval.';

export const notes: Partial<Record<MeasureKind, MeasureNote>> = {
  'first-use': {
    kind: 'first-use',
    meaning: 'The first day of use after study day 0. Nobody needs to have been abstinent before.',
    formula: `The earliest mature day 1 … horizon, not excluded, on which the evidence rule sees use; a positive biomarker that looks back is dated at its sample. Without use up to the day of death (that day included) death competes (\`death: exclude\`), else observation ends at the last assessment. ${curves}`,
    source: 'Kaplan & Meier 1958; Aalen & Johansen 1978; Ulm 1990 (Poisson limits)',
    missing:
      'A missing day is no use, and observation ends at the last day that was assessed: who is lost is censored there, who never was assessed on day 0.',
    values: ends('the first day of use'),
    example:
      'Negative urines on days 7 and 14, a positive one on day 28, none on day 21: first use on day 28, and the last day known free is 14. Without that positive urine: censored on day 14.',
  },
  lapse: {
    kind: 'lapse',
    meaning:
      'The first day of use after a run of abstinent days, or after a quit day. Time counts from the last day of the run, or from the quit day. Who never was abstinent for so long has nothing to lapse from and counts nowhere: not at risk, not censored.',
    formula: `Origin: the last day of the first run of n days that are each judged abstinent (under a rule of confirmation one of them needs its test), or the quit day, if the participant lived to see its end. Then first use as above, at risk from the day after the origin; the survival curve counts days since the origin. Excluded days neither break nor lengthen a run. \`facts\` and rates by day have the study day of the lapse, also where the run came late: a rate on day d is of those who were at risk by then. ${curves}`,
    source: 'Marlatt & Gordon 1985; Krupitsky & Grinenko 1997',
    missing:
      'A missing day breaks the run. After the origin it is no use, and observation ends at the last day that was assessed; without any it ends on the origin, at time 0.',
    values: ends('the first day of use after the origin'),
    example:
      'After 14 abstinent days: drinking on day 5, none on days 6 … 39, drinking on day 40. The run ends on day 19, so the lapse of day 40 comes after 21 days. With days 8 … 10 in hospital the run ends on day 22.',
  },
  relapse: {
    kind: 'relapse',
    meaning:
      'The onset of the first of the declared patterns of use: so many weeks or days in a row, so many heavy days within a stretch, any use, the pattern of use of before randomisation, or leaving the trial. Dated at its onset, counted once the run that shows it is over: its confirmation.',
    formula: `Looked for from study day \`from\` on, in what is mature without a gap; time counts from day 0. weeks-in-a-row: of the weeks from … from + 6, and so on, n in a row with any day of use; onset is the first day of use in the first, confirmation the last day of the n-th. days-in-a-row: n days of use. heavy-days: k days of use with at least the declared grams, by the participant’s own calendars, within m days; onset is the first of them. baseline-pattern: as many days of use within m days as on days −m … −1. leaving: the day of being lost or stopping (or \`from\`, if that is later). A run that the horizon cuts short stays unconfirmed for good, and its participant is censored before it: so let the horizon lie a whole pattern after the last onset of interest. An onset on the day of death counts, and death does not compete. Excluded days neither break nor lengthen a run of days, nor does a week without any other day. The earliest onset of any pattern counts; of several patterns one that takes longer to confirm may move the date back. ${curves}`,
    source:
      'Lee et al. 2018 (X:BOT: four weeks or seven days in a row); Dakwar et al. 2019 (first use or dropout); Dakwar et al. 2020 (heavy day); Maisto et al. 2016 (how definitions differ)',
    missing:
      'A week (or day) without evidence counts as use or as free, as each pattern declares; under a rule of confirmation a week needs the participant’s word and a test. A day of use of an unknown amount is not heavy, nor is any day of a participant whose covariate names no limit; without a calendar of every one of the days before randomisation, or any use on them, there is no pattern to return to. Who is not confirmed is censored at the last assessment before the first day on which something began that may still become the pattern.',
    values: ends('the onset'),
    example:
      'From day 21, four weeks in a row, missing as use, confirmed by urine: urines are negative until day 21, positive on day 30, refused on days 35 and 42, and there is none on days 49 … 55. The weeks 28–34, 35–41, 42–48 and 49–55 are of use: relapse on day 30, confirmed on day 55. On the morning of day 55 it was censored on day 21, not confirmed.',
  },
  retention: {
    kind: 'retention',
    meaning: 'Time to leaving the trial early, that is to being lost or stopping. Death competes with it.',
    formula: `The day of the earliest \`participant-left\` (of several on one day death counts, then lost or stopped, then completed); one on day 0 or before counts on day 1. Who completed is censored on that day, everybody else on the last mature day, at the latest the horizon. Survival is the share retained. ${curves}`,
    source: 'Kaplan & Meier 1958; Aalen & Johansen 1978',
    missing:
      'Who is not reported to have left is in the trial: so a day counts only when every visit up to it has closed and the entry lag has passed.',
    values: ends('the day of leaving early'),
    example:
      'Horizon 84: Ada stops on day 30 (event), Ben dies on day 30 (competing), Cyd completes on day 70 (censored there), and of Dee nothing is reported (censored on day 84).',
  },
};
