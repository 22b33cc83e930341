import {
  type FirstEventMeasure,
  isRelapseToBeMissing,
  isRelapseToLeave,
  isUseMeasure,
  type Measure,
  type MissingPolicy,
  type Relapse,
  type UseMeasure,
} from '@holdfast/events';

/** What a policy makes of whoever should be known and is not. */
function missingAs(policy: MissingPolicy): string {
  switch (policy) {
    case 'observed-only':
      return 'left out';
    case 'missing-is-use':
    case 'worst-case':
      return 'as use';
    case 'best-case':
      return 'as abstinent';
    default:
      return 'as last judged, never after leaving';
  }
}

type WithPolicies = Extract<UseMeasure, { readonly policies: unknown }>;

/** Leaving, and death where it is no reason to take days out: what comes after is missing. */
function byPolicy({ policies, death }: WithPolicies): string {
  const all = [...new Set<MissingPolicy>(['observed-only', ...policies])];
  const each = all.map((policy) => `${policy}: ${missingAs(policy)}`).join(', ');
  return `${death === 'ignore' ? 'leaving and death' : 'leaving'}: days after it without evidence are missing (${each})`;
}

const afterDeath = ({ death }: UseMeasure) =>
  death === 'exclude' ? ['days after death do not count (while alive)'] : [];

/** What ends the observation of a first event of use without one; relapse may see it in days without evidence. */
function endOfObservation({ death }: Exclude<FirstEventMeasure, { readonly kind: 'retention' }>): string[] {
  return [
    'leaving: censored at the last assessment',
    death === 'exclude' ? 'death competes' : 'death: censored at the last assessment',
  ];
}

function relapse(measure: Relapse): string[] {
  const { death } = measure;
  const [leaves, fills] = [isRelapseToLeave(measure), isRelapseToBeMissing(measure)];
  if (!leaves && !fills) return endOfObservation(measure);
  const after = death === 'ignore' ? 'also after leaving and death' : 'also after leaving';
  return [
    ...(leaves ? ['leaving early (lost or stopped): relapse'] : []),
    ...(fills
      ? [
          `days without evidence, ${after}: as use where the pattern says so, which then may be relapse; else censored at the last assessment`,
        ]
      : []),
    ...(death === 'exclude' ? ['death competes'] : fills ? [] : ['death: censored at the last assessment']),
  ];
}

/** What leaving and death are to a measure. */
function endingsOf(measure: Measure): string[] {
  switch (measure.kind) {
    case 'rolling-abstinence':
    case 'continuous-abstinence':
    case 'days-of-use':
    case 'no-heavy-days':
      return [byPolicy(measure), ...afterDeath(measure)];
    case 'first-use':
    case 'lapse':
      return endOfObservation(measure);
    case 'relapse':
      return relapse(measure);
    case 'amount':
    case 'risk-level':
      return ['leaving and death: days of unknown amount are left out', ...afterDeath(measure)];
    case 'retention':
      return ['leaving early (lost or stopped): the event', 'completing: censored on that day', 'death competes'];
    case 'scale':
    case 'choices':
      return ['leaving and death: what comes due after them is missing'];
    case 'visits':
      return ['leaving and death: visits after them are not due, unless they were kept'];
    case 'adverse-events':
      return ['leaving and death: days followed end, and events with a later onset count all the same'];
    case 'exposure':
    case 'suicidality':
    case 'vital-peaks':
      return ['leaving and death: what is known until then counts'];
  }
}

/** What becomes of what happens after randomisation, in the words of ICH E9(R1). */
export function intercurrentEvents(measure: Measure): string {
  const controlled = !isUseMeasure(measure)
    ? []
    : measure.controlledDays === 'exclude'
      ? ['days in a controlled environment do not count']
      : ['days in a controlled environment count as any other'];
  return ['discontinued treatment: treatment policy', ...endingsOf(measure), ...controlled].join('; ');
}
