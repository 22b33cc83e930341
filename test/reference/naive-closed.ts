import { isUseMeasure, type Measure, type Protocol } from '@holdfast/events';
import { isOpenMeasure } from '@holdfast/outcomes';
import { naiveTypesOfUse } from './naive-evidence.ts';

/** Whether a measure goes by events that are closed: then it is closed too, and reads both sides. */
export function naiveIsClosed(protocol: Protocol, measure: Measure): boolean {
  if (protocol.blinding === 'open') return false;
  // Doses are closed, so who was given one, and which, may be told to nobody blinded.
  const population = protocol.populations.find(({ id }) => id === measure.population);
  if (population?.requires === 'dose' || population?.arm === 'actual') return true;
  const judged = ['rolling-abstinence', 'continuous-abstinence', 'first-use'];
  // Which types another kind's facts are made of, its own tests say.
  if (!isUseMeasure(measure) || !judged.includes(measure.kind)) return !isOpenMeasure(measure, protocol);
  const carries = 'policies' in measure && measure.policies.some((policy) => policy.startsWith('carry-forward'));
  const reads = [...naiveTypesOfUse(protocol, measure), ...(carries ? ['participant-left'] : [])];
  return reads.some((type) => (protocol.closed as readonly string[]).includes(type));
}
