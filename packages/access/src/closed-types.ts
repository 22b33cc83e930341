import { closedByDefault } from '@holdfast/events';

export { closedByDefault };

/**
 * Types that are closed if their data has a field that tells of treatment: what is measured after a dose shows its effect,
 * and the sequence of a crossover is its allocation.
 */
export const closedIfTold: ReadonlyMap<string, string> = new Map([
  ['scale-score', 'hoursAfterDose'],
  ['vital-signs', 'minutesAfterDose'],
  ['period-started', 'sequence'],
]);

/**
 * Whether an event of a double-blind trial is closed: to be sealed before it is kept, and never shown to blinded people.
 * A correction is as closed as the event it puts in place; if that cannot be made out it is closed too, to be safe.
 *
 * @param type short (`dose-given`) or in full (`org.holdfast.dose-given.v1`)
 * @param data of the event, not necessarily valid
 * @param declared further types that the trial's protocol closes
 */
export function isClosed(type: string, data: unknown, declared: readonly string[] = []): boolean {
  const closed = (short: string) =>
    closedByDefault.includes(short) || declared.some((further) => shortName(further) === short);
  let event = { type: shortName(type), data };
  while (!closed(event.type)) {
    if (event.type !== 'correction') return tellsOfTreatment(event.type, event.data);
    const inner = field(event.data, 'event');
    const innerType = field(inner, 'type');
    if (typeof innerType !== 'string') return true;
    event = { type: shortName(innerType), data: field(inner, 'data') };
  }
  return true;
}

function tellsOfTreatment(type: string, data: unknown): boolean {
  const name = closedIfTold.get(type);
  return name !== undefined && field(data, name) !== undefined;
}

function shortName(type: string): string {
  return type.replace(/^org\.holdfast\./, '').replace(/\.v\d+$/, '');
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}
