import type { ValueMeasure } from '@holdfast/events';

/** Of each kind of measure, the values that only say yes (1 of 1) or no (0 of 1): their mean is a proportion of participants. */
export const yesOrNoKinds: { readonly [K in ValueMeasure['kind']]: readonly string[] } = {
  'days-of-use': [],
  amount: [],
  'no-heavy-days': ['no-heavy-days'],
  'risk-level': ['fell-one', 'fell-two'],
  scale: ['response', 'remission'],
  choices: [],
  visits: ['kept', 'late'],
  exposure: [],
  'adverse-events': [],
  suicidality: ['behaviour', 'rose'],
  'vital-peaks': ['severe'],
};

/** Whether a value of a measure only says yes or no. Of a visit it does; over all visits it is a share of them. */
export function isYesOrNo({ kind: ofMeasure }: ValueMeasure, kind: string, item: string): boolean {
  return yesOrNoKinds[ofMeasure].includes(kind) && (ofMeasure !== 'visits' || item !== '');
}
