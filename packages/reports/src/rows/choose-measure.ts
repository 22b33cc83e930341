import type { Measure, Protocol } from '@holdfast/events';
import { QuestionRefused } from './question-refused.ts';

/** The measure that a question is about: the named one, or the only one there is. */
export function chooseMeasure(protocol: Protocol, name: string | undefined): Measure {
  const names = protocol.measures.map(({ id }) => id);
  if (name === undefined && names.length > 1)
    throw new QuestionRefused(`${protocol.trial} has several measures; choose one by --measure: ${names.join(', ')}`);
  const measure = protocol.measures.find(({ id }) => id === (name ?? names[0]));
  if (measure === undefined)
    throw new QuestionRefused(`${protocol.trial} has no measure ${name}; it has ${names.join(', ')}`);
  return measure;
}
