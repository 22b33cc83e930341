import type { ValueMeasure } from '@holdfast/events';
import { isYesOrNo } from '@holdfast/outcomes';

const units: { readonly [K in ValueMeasure['kind']]: Readonly<Record<string, string>> } = {
  'days-of-use': { days: 'share of days' },
  // Its own unit, and per what, are the measure's.
  amount: {},
  'no-heavy-days': {},
  'risk-level': { level: 'level, 0 to 4', shift: 'levels fallen' },
  scale: { score: 'points', change: 'points' },
  choices: { chosen: 'share of choices' },
  visits: { kept: 'share of visits' },
  exposure: {
    sessions: 'doses',
    mg: 'mg',
    'mg-per-kg': 'mg/kg',
    'stopped-early': 'doses',
    'therapy-sessions': 'sessions',
    'therapy-minutes': 'minutes',
  },
  'adverse-events': {
    'worst-grade': 'grade, 1 to 5',
    events: 'events',
    'serious-events': 'events',
    'person-days': 'days',
  },
  suicidality: { ideation: 'type, 0 to 5', 'ideation-before': 'type, 0 to 5' },
  'vital-peaks': { systolic: 'mmHg', diastolic: 'mmHg', 'heart-rate': 'beats/min' },
};

/** What a measure's values are numbers of, and their mean and quartiles too: `points`, `g/day`, `share of days`. */
export function unitOfValue(measure: ValueMeasure, kind: string, item: string): string | undefined {
  if (isYesOrNo(measure, kind, item)) return 'share of participants';
  if (measure.kind === 'amount') return `${measure.unit}/${measure.per === 'day' ? 'day' : 'day of use'}`;
  return units[measure.kind][kind];
}
