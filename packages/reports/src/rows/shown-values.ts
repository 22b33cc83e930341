import {
  isFirstEventMeasure,
  isValueMeasure,
  landmarkName,
  type Measure,
  type Protocol,
  stretchName,
  type ValueMeasure,
} from '@holdfast/events';
import { isYesOrNo } from '@holdfast/outcomes';
import { distribution, everybody, type Slice, type Tallies, valuesOf } from '@holdfast/tallies';
import { chooseMeasure } from './choose-measure.ts';
import { QuestionRefused } from './question-refused.ts';

/** One of a measure's values, and whether it only says yes or no. */
export type ShownValue = {
  readonly kind: string;
  readonly item: string;
  readonly policy: string;
  readonly yesOrNo: boolean;
};

/** The value measure that a question names; or the only one there is. */
export function chooseValueMeasure(protocol: Protocol, name: string | undefined): ValueMeasure {
  const measures = protocol.measures.filter(isValueMeasure);
  const measure = chooseMeasure(name === undefined ? { ...protocol, measures } : protocol, name);
  if (!isValueMeasure(measure))
    throw new QuestionRefused(
      `${measure.id} gives no values (kind: ${measure.kind}); ask \`holdfast ${isFirstEventMeasure(measure) ? 'survival' : 'rates'} --measure ${measure.id}\``,
    );
  return measure;
}

/** The items that are declared, in their order: stretches of days, landmarks, visits. Others are known by the events alone. */
function declaredItems(measure: ValueMeasure, { visits }: Protocol): readonly string[] {
  if ('over' in measure) return measure.over.map(stretchName);
  if (measure.kind === 'visits') return visits.toSorted((a, b) => a.day - b.day).map(({ id }) => id);
  return 'at' in measure ? measure.at.map(landmarkName) : [];
}

/** The items of a measure that are of a study day; of none given, and of a measure whose items have no days, all that are declared, and what is over all of them. */
export function itemsOn(measure: ValueMeasure, protocol: Protocol, day: number | undefined): readonly string[] {
  const dayOf = new Map<string, number | undefined>();
  const ofVisit = (id: string) => protocol.visits.find((visit) => visit.id === id)?.day;
  if ('over' in measure) for (const stretch of measure.over) dayOf.set(stretchName(stretch), stretch.to);
  if (measure.kind === 'visits') for (const visit of protocol.visits) dayOf.set(visit.id, visit.day);
  if ('at' in measure)
    for (const landmark of measure.at)
      dayOf.set(
        landmarkName(landmark),
        'day' in landmark ? landmark.day : 'visit' in landmark ? ofVisit(landmark.visit) : undefined,
      );
  return day === undefined || dayOf.size === 0
    ? ['', ...declaredItems(measure, protocol)]
    : [...dayOf.keys()].filter((item) => dayOf.get(item) === day);
}

const declaredPolicies = (measure: Measure): readonly string[] => ('policies' in measure ? measure.policies : []);

/** What is asked of a measure's values. */
export type AskedValues = { readonly item?: string; readonly missing?: string };

/**
 * The values of a measure that a question is about, in order of kind, item (as declared, then by name) and policy. Without
 * `missing` those of the declared policies; `all`: of every policy that there is. What is only counted (`due`) is none of them.
 */
export function shownValues(
  tallies: Tallies,
  protocol: Protocol,
  measure: ValueMeasure,
  { item, missing }: AskedValues,
): ShownValue[] {
  const declared = declaredItems(measure, protocol);
  const policies = declaredPolicies(measure);
  // What is over all items has none, and comes first.
  const rank = (name: string) =>
    name === '' ? -1 : declared.includes(name) ? declared.indexOf(name) : declared.length;
  const isAsked = ({ policy }: { readonly policy: string }) =>
    missing === undefined ? policy === '' || policies.includes(policy) : missing === 'all' || policy === missing;
  return valuesOf(tallies, measure.id, everybody)
    .filter((value) => value.kind !== 'due' && isAsked(value) && (item === undefined || value.item === item))
    .sort((a, b) => (a.kind === b.kind ? rank(a.item) - rank(b.item) : 0))
    .map((value) => ({ ...value, yesOrNo: isYesOrNo(measure, value.kind, value.item) }));
}

/** Refuses an item or a policy that a measure has not. */
export function refuseUnknown(
  tallies: Tallies,
  protocol: Protocol,
  measure: ValueMeasure,
  { item, missing }: AskedValues,
): void {
  const values = valuesOf(tallies, measure.id, everybody);
  const items = [...new Set([...declaredItems(measure, protocol), ...values.map((value) => value.item)])].filter(
    (name) => name !== '',
  );
  if (item !== undefined && !items.includes(item))
    throw new QuestionRefused(
      `${measure.id} has no item ${item}; ${items.length === 0 ? 'its values have none, leave --item out' : `it has ${items.join(', ')}`}`,
    );
  const policies = [...new Set([...declaredPolicies(measure), ...values.map(({ policy }) => policy)])].filter(
    (policy) => policy !== '',
  );
  if (missing !== undefined && missing !== 'all' && !policies.includes(missing))
    throw new QuestionRefused(
      `${measure.id} has no policy ${missing}; ${policies.length === 0 ? 'its values are those observed, leave --missing out' : `it has ${policies.join(', ')}, or all of them: all`}`,
    );
}

/** How many participants of a part have an item’s turn behind them, whatever is known of them; undefined where nobody counts that. */
export function dueOf(tallies: Tallies, measure: ValueMeasure, item: string, slice: Slice): number | undefined {
  const count = (part: Slice) =>
    distribution(tallies, { measure: measure.id, kind: 'due', item, policy: '' }, part).reduce(
      (sum, one) => sum + one.count * one.value,
      0,
    );
  return count(everybody) === 0 ? undefined : count(slice);
}
