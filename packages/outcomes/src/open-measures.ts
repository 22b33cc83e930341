import { closedByDefault, type Measure, type Protocol } from '@holdfast/events';
import { typesBehind } from './measures/measure-folds.ts';
import { populationOf } from './populations.ts';

/**
 * Whether blinded people may see a measure (pooled): no event type behind it, nor behind its population, is closed in a
 * double-blind trial.
 */
export function isOpenMeasure(measure: Measure, protocol: Protocol): boolean {
  if (protocol.blinding === 'open') return true;
  const population = populationOf(measure, protocol);
  if (population !== undefined && (population.requires === 'dose' || population.arm === 'actual')) return false;
  const closed = new Set<string>([...closedByDefault, ...protocol.closed]);
  return !typesBehind(measure, protocol).some((type) => closed.has(type));
}
