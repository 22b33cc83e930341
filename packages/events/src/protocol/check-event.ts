import { type HoldfastEvent, maySendArms, siteOf } from '../event.ts';
import type { Instrument } from '../instruments.ts';
import type { Problem } from '../problem.ts';
import type { ObservationType } from '../types/observation-types.ts';
import { checkScore } from './check-score.ts';
import { instrumentsOf } from './instruments.ts';
import type { Protocol } from './protocol.ts';
import { type AmendedProtocol, scheduledVisits } from './schedule.ts';

/** What a protocol knows, as sets: built once per protocol, asked for every event. */
type Known = {
  readonly sites: ReadonlySet<string>;
  readonly arms: ReadonlySet<string>;
  readonly strata: ReadonlySet<string>;
  readonly substances: ReadonlySet<string>;
  /** The unit that each substance's amounts are counted in, of those that have one. */
  readonly units: ReadonlyMap<string, string>;
  /** Levels of each factor of the arms. */
  readonly factors: ReadonlyMap<string, ReadonlySet<string>>;
  /** Undefined, like `periods` and `declaredInstruments`: the protocol lists none, and any passes. */
  readonly baseline: ReadonlySet<string> | undefined;
  readonly periods: ReadonlySet<string> | undefined;
  readonly declaredInstruments: ReadonlySet<string> | undefined;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly visits: ReadonlySet<string>;
  /** Whether a reason may quote what was sent: in a double-blind trial never, since an arm may stand in any field by mistake. */
  readonly quotes: boolean;
};

const declareIt = 'correct it, or publish a protocol version that declares it';

/** Anything that has names in an order: a set of them, or a map by them. */
type Names = { readonly size: number; keys(): Iterable<string> };

function listed(values: Names): string {
  if (values.size === 0) return 'none';
  const shown = [...values.keys()].slice(0, 12).join(', ');
  return values.size > 12 ? `${shown}, …` : shown;
}

type Observation = {
  [T in ObservationType]: { type: T; data: Extract<HoldfastEvent, { type: `org.holdfast.${T}.v1` }>['data'] };
}[ObservationType];

function checkObservation(observation: Observation, source: string, known: Known, at: string): Problem[] {
  const problems: Problem[] = [];
  const refuse = (path: string, message: string) => {
    problems.push({ path: `${at}${path}`, message });
  };
  const unknown = (path: string, what: string, value: string, values: Names) =>
    refuse(
      path,
      `${known.quotes ? `${what} "${value}" is not in` : `is no ${what} of`} the protocol (it has ${listed(values)}); ${declareIt}`,
    );
  const checkVisit = (visit: string | undefined) => {
    if (visit !== undefined && known.visits.size > 0 && !known.visits.has(visit))
      unknown('.visit', 'visit', visit, known.visits);
  };
  if ('visit' in observation.data) checkVisit(observation.data.visit);
  switch (observation.type) {
    case 'participant-randomised': {
      const { stratum } = observation.data;
      if (stratum !== undefined && !known.strata.has(stratum)) unknown('.stratum', 'stratum', stratum, known.strata);
      break;
    }
    case 'arm-assigned':
      if (!maySendArms(source)) {
        problems.push({
          path: 'source',
          message: 'arms come from the randomisation service, never from a site; send it from /trials/…/randomisation',
        });
      }
      if (!known.arms.has(observation.data.arm)) {
        // The arm is a closed value: the reason names the field and what is allowed, never what was sent.
        refuse('.arm', isNone('arm', known.arms));
      }
      break;
    case 'urine-screen':
      for (const substance of Object.keys(observation.data.results)) {
        if (!known.substances.has(substance))
          unknown(`.results.${substance}`, 'substance', substance, known.substances);
      }
      break;
    case 'biomarker': {
      const { substance } = observation.data;
      if (!known.substances.has(substance)) unknown('.substance', 'substance', substance, known.substances);
      break;
    }
    case 'use-calendar':
      for (const [day, uses] of Object.entries(observation.data.days)) {
        for (const [substance, { unit }] of Object.entries(uses)) {
          if (!known.substances.has(substance))
            unknown(`.days.${day}.${substance}`, 'substance', substance, known.substances);
          const counted = known.units.get(substance);
          if (unit !== undefined && counted !== undefined && unit !== counted && unit !== 'g')
            refuse(`.days.${day}.${substance}.unit`, `is not what the protocol counts it in; use ${counted} or g`);
        }
      }
      break;
    case 'participant-enrolled':
      observation.data.substances?.forEach((substance, index) => {
        if (!known.substances.has(substance))
          unknown(`.substances[${index}]`, 'substance', substance, known.substances);
      });
      if (known.baseline !== undefined) {
        for (const covariate of Object.keys(observation.data.baseline ?? {})) {
          if (!known.baseline.has(covariate))
            unknown(`.baseline.${covariate}`, 'baseline covariate', covariate, known.baseline);
        }
      }
      break;
    case 'period-started': {
      const { period } = observation.data;
      if (known.periods !== undefined && !known.periods.has(period))
        unknown('.period', 'period', period, known.periods);
      break;
    }
    case 'choice-task': {
      const { substance } = observation.data;
      if (!known.substances.has(substance)) unknown('.substance', 'substance', substance, known.substances);
      break;
    }
    case 'scale-score': {
      const { instrument: id } = observation.data;
      const instrument = known.instruments.get(id);
      if (instrument !== undefined)
        checkScore(observation.data, instrument, known.quotes ? id : 'its instrument', refuse);
      else if (known.declaredInstruments !== undefined) {
        const named = known.quotes ? `instrument "${id}" ` : '';
        refuse(
          '.instrument',
          `${named}is neither in the table of instruments nor in the protocol (it has ${listed(known.declaredInstruments)}); ${declareIt}`,
        );
      }
      break;
    }
    case 'treatment-discontinued': {
      const { factor } = observation.data;
      if (factor !== undefined && !known.factors.has(factor)) unknown('.factor', 'factor', factor, known.factors);
      break;
    }
    case 'allocation-guess': {
      // What was guessed is a closed value, as an arm is.
      const { arm, factor, level } = observation.data;
      if (arm !== undefined && !known.arms.has(arm)) refuse('.arm', isNone('arm', known.arms));
      const levels = factor === undefined ? undefined : known.factors.get(factor);
      if (factor !== undefined && levels === undefined) refuse('.factor', isNone('factor', known.factors));
      if (level !== undefined && levels?.has(level) === false) refuse('.level', isNone('level of that factor', levels));
      break;
    }
    // An overdose names whatever was taken: no report of one is refused for what the protocol does not know.
    default:
  }
  return problems;
}

/** The reason for a name of what is closed: it says what is allowed, never what was sent. */
function isNone(what: string, values: Names): string {
  return `is no ${what} of the protocol (it has ${listed(values)}); write it as there`;
}

function idsOf(list: readonly { readonly id: string }[] | undefined): ReadonlySet<string> | undefined {
  return list && new Set(list.map(({ id }) => id));
}

function factorsOf({ arms }: Protocol): ReadonlyMap<string, ReadonlySet<string>> {
  const levels = new Map<string, Set<string>>();
  for (const { factors = {} } of arms) {
    for (const [factor, level] of Object.entries(factors))
      levels.set(factor, (levels.get(factor) ?? new Set()).add(level));
  }
  return levels;
}

/** Judges an event of valid schema by its trial's protocol alone: never by a participant's past, never by a sealed value. */
export function protocolCheck(protocol: AmendedProtocol): (event: HoldfastEvent) => readonly Problem[] {
  const known: Known = {
    sites: new Set(protocol.sites),
    arms: new Set(protocol.arms.map((arm) => arm.id)),
    strata: new Set(protocol.strata),
    substances: new Set(protocol.substances.map((substance) => substance.id)),
    units: new Map(protocol.substances.flatMap(({ id, unit }) => (unit === undefined ? [] : [[id, unit]]))),
    factors: factorsOf(protocol),
    baseline: idsOf(protocol.baseline),
    periods: idsOf(protocol.periods),
    declaredInstruments: idsOf(protocol.instruments),
    instruments: instrumentsOf(protocol.instruments ?? []),
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
        message: `site "${site}" is not in the protocol (it has ${listed(known.sites)}); ${declareIt}`,
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
      case 'org.holdfast.cut-marked.v1':
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
