import type { Protocol, ValueMeasure } from '@holdfast/events';
import { distribution, type Tallies, valueSummary } from '@holdfast/tallies';
import { type By, partsOf } from './selectors.ts';
import { type AskedValues, dueOf, shownValues } from './shown-values.ts';
import type { Value } from './value.ts';
import { unitOfValue } from './value-units.ts';

export const endpointColumns = [
  'trial',
  'measure',
  'kind',
  'item',
  'missing',
  'arm',
  'site',
  'group',
  'due',
  'n',
  'sum',
  'mean',
  'sd',
  'median',
  'lower_quartile',
  'upper_quartile',
  'minimum',
  'maximum',
  'lower',
  'upper',
  'method',
] as const;

/** A row for each value of a measure and each part of a trial. */
export function endpointRows(
  protocol: Protocol,
  measure: ValueMeasure,
  tallies: Tallies,
  by: By,
  token: (arm: string) => string,
  asked: AskedValues,
): Value[][] {
  const parts = partsOf(protocol, by, token, tallies);
  return shownValues(tallies, protocol, measure, asked).flatMap(({ kind, item, policy, yesOrNo }) =>
    parts.map(({ arm, site, group, slice }) => {
      const valued = distribution(tallies, { measure: measure.id, kind, item, policy }, slice);
      const of = valueSummary(valued, yesOrNo);
      return [
        ...[protocol.trial, measure.id, kind, item, policy, arm, site, group],
        ...[dueOf(tallies, measure, item, slice), of.n, of.n === 0 ? undefined : of.sum, of.mean, of.sd, of.median],
        ...[of.lowerQuartile, of.upperQuartile, of.minimum, of.maximum, of.lower, of.upper, of.method],
        unitOfValue(measure, kind, item),
      ];
    }),
  );
}
