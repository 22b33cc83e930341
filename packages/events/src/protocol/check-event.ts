import { type HoldfastEvent, siteOf } from '../event.ts';
import type { Problem } from '../problem.ts';
import type { ObservationType } from '../types/observation-types.ts';
import { type AmendedProtocol, scheduledVisits } from './schedule.ts';

/** What a protocol knows, as sets: built once per protocol, asked for every event. */
type Known = {
  readonly sites: ReadonlySet<string>;
  readonly arms: ReadonlySet<string>;
  readonly strata: ReadonlySet<string>;
  readonly substances: ReadonlySet<string>;
  readonly visits: ReadonlySet<string>;
  /** Whether a reason may quote what was sent: in a double-blind trial never, since an arm may stand in any field by mistake. */
  readonly quotes: boolean;
};

function listed(values: ReadonlySet<string>): string {
  if (values.size === 0) return 'none';
  const shown = [...values].slice(0, 12).join(', ');
  return values.size > 12 ? `${shown}, …` : shown;
}

type Observation = {
  [T in ObservationType]: { type: T; data: Extract<HoldfastEvent, { type: `org.holdfast.${T}.v1` }>['data'] };
}[ObservationType];

function checkObservation(observation: Observation, source: string, known: Known, at: string): Problem[] {
  const problems: Problem[] = [];
  const unknown = (path: string, what: string, value: string, values: ReadonlySet<string>) =>
    problems.push({
      path: `${at}${path}`,
      message: `${known.quotes ? `${what} "${value}" is not in` : `is no ${what} of`} the protocol (it has ${listed(values)}); correct it, or publish a protocol version that declares it`,
    });
  const checkVisit = (visit: string | undefined) => {
    if (visit !== undefined && known.visits.size > 0 && !known.visits.has(visit))
      unknown('.visit', 'visit', visit, known.visits);
  };
  switch (observation.type) {
    case 'participant-randomised': {
      const { stratum } = observation.data;
      if (stratum !== undefined && !known.strata.has(stratum)) unknown('.stratum', 'stratum', stratum, known.strata);
      break;
    }
    case 'arm-assigned':
      if (siteOf(source) !== undefined) {
        problems.push({
          path: 'source',
          message: 'arms come from the randomisation service, never from a site; send it from /trials/…/randomisation',
        });
      }
      if (!known.arms.has(observation.data.arm)) {
        // The arm is a closed value: the reason names the field and what is allowed, never what was sent.
        problems.push({
          path: `${at}.arm`,
          message: `is no arm of the protocol (it has ${listed(known.arms)}); write it as there`,
        });
      }
      break;
    case 'urine-screen':
      checkVisit(observation.data.visit);
      for (const substance of Object.keys(observation.data.results)) {
        if (!known.substances.has(substance))
          unknown(`.results.${substance}`, 'substance', substance, known.substances);
      }
      break;
    case 'use-calendar':
      for (const [day, uses] of Object.entries(observation.data.days)) {
        for (const substance of Object.keys(uses)) {
          if (!known.substances.has(substance))
            unknown(`.days.${day}.${substance}`, 'substance', substance, known.substances);
        }
      }
      break;
    case 'participant-enrolled':
      observation.data.substances?.forEach((substance, index) => {
        if (!known.substances.has(substance))
          unknown(`.substances[${index}]`, 'substance', substance, known.substances);
      });
      break;
    case 'visit-attended':
    case 'visit-missed':
    case 'scale-score':
      checkVisit(observation.data.visit);
      break;
    default:
  }
  return problems;
}

/** Judges an event of valid schema by its trial's protocol alone: never by a participant's past, never by a sealed value. */
export function protocolCheck(protocol: AmendedProtocol): (event: HoldfastEvent) => readonly Problem[] {
  const known: Known = {
    sites: new Set(protocol.sites),
    arms: new Set(protocol.arms.map((arm) => arm.id)),
    strata: new Set(protocol.strata),
    substances: new Set(protocol.substances.map((substance) => substance.id)),
    visits: scheduledVisits(protocol),
    quotes: protocol.blinding === 'open',
  };
  const short = (type: string) => type.slice('org.holdfast.'.length, -'.v1'.length);
  return (event) => {
    const site = siteOf(event.source);
    const problems: Problem[] = [];
    if (site !== undefined && !known.sites.has(site)) {
      problems.push({
        path: 'source',
        message: `site "${site}" is not in the protocol (it has ${listed(known.sites)}); correct it, or publish a protocol version that declares it`,
      });
    }
    switch (event.type) {
      case 'org.holdfast.correction.v1': {
        const { type, data } = event.data.event;
        return [
          ...problems,
          ...checkObservation({ type: short(type), data } as Observation, event.source, known, 'data.event.data'),
        ];
      }
      case 'org.holdfast.retraction.v1':
      case 'org.holdfast.sealed.v1':
      case 'org.holdfast.day-turned.v1':
        return problems;
      default:
        return [
          ...problems,
          ...checkObservation(
            { type: short(event.type), data: event.data } as Observation,
            event.source,
            known,
            'data',
          ),
        ];
    }
  };
}
