import { type CivilDay, civilDay, type Protocol } from '@holdfast/events';
import { type Chance, chanceFrom } from './chance.ts';
import type { ArmScenario, Scenario } from './scenario.ts';

export type Participant = {
  readonly subject: string;
  readonly site: string;
  readonly consent: CivilDay;
  readonly dayZero: CivilDay;
  readonly arm: Protocol['arms'][number];
  /** What the scenario says of the arm. */
  readonly given: ArmScenario;
  readonly stratum: string | undefined;
  readonly baseline: Readonly<Record<string, string | number>>;
  /** Standard normal deviates: what nobody knows, use before, depression before, and how little depression yields to treatment. */
  readonly deviates: {
    readonly unknown: number;
    readonly use: number;
    readonly depression: number;
    readonly yielding: number;
  };
  /** The participant's own chance, a part for each thing that happens. */
  readonly chance: Chance;
};

/** What the site adds to each participant's log hazard of relapse. Sites are the same for every participant of a seed. */
export function siteEffect({ seed, heterogeneity }: Scenario, site: string): number {
  return heterogeneity.siteSd * chanceFrom(seed).part('sites').part(site).normal();
}

/** The first day on which a site is silent; undefined: it never is. */
export function silentFrom({ firstDay, sites }: Scenario, site: string): CivilDay | undefined {
  const after = sites[site]?.silentAfter;
  return after === undefined ? undefined : civilDay(firstDay) + after;
}

/** The sites that recruit on a day, by weight: whom a site recruits it also randomises before it falls silent. */
function recruiting({ sites }: Protocol, scenario: Scenario, day: CivilDay): ReadonlyMap<string, number> {
  const randomised = day + scenario.recruitment.daysToRandomisation;
  return new Map(
    sites.flatMap((site) => {
      const silent = silentFrom(scenario, site);
      return silent !== undefined && randomised >= silent ? [] : [[site, scenario.sites[site]?.weight ?? 1] as const];
    }),
  );
}

function covariates({ baseline }: Scenario, chance: Chance): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(baseline).map(([name, said]) => {
      const own = chance.part(name);
      if ('mean' in said && 'sd' in said && Object.keys(said).length === 2)
        return [name, Math.max(0, Math.round(said.mean + said.sd * own.normal()))];
      return [name, own.weighted(new Map(Object.entries(said))) ?? ''];
    }),
  );
}

function stratumOf({ strata }: Protocol, baseline: Participant['baseline'], chance: Chance): string | undefined {
  const [first, ...others] = strata;
  if (first === undefined) return undefined;
  // Strata that are values of a covariate go with it.
  return strata.find((one) => Object.values(baseline).includes(one)) ?? chance.pick([first, ...others]);
}

/** Everybody who is randomised, in order of consent; arms in permuted blocks of one each. */
export function recruited(protocol: Protocol, scenario: Scenario): Participant[] {
  const chance = chanceFrom(scenario.seed).part('recruitment');
  const { perWeek, daysToRandomisation } = scenario.recruitment;
  let since = 0;
  let block: Protocol['arms'] = [];
  return Array.from({ length: scenario.participants }, (_, i): Participant => {
    since += chance.waiting(7 / perWeek);
    const consent = civilDay(scenario.firstDay) + Math.floor(since);
    const site = chance.weighted(recruiting(protocol, scenario, consent)) ?? '';
    if (block.length === 0) block = chance.shuffled(protocol.arms);
    const arm = block.pop() as Protocol['arms'][number];
    const own = chanceFrom(scenario.seed).part('participant').part(i);
    const deviates = own.part('deviates');
    const baseline = covariates(scenario, own.part('covariates'));
    return {
      subject: `${site}-${String(i + 1).padStart(4, '0')}`,
      site,
      consent,
      dayZero: consent + chance.whole(Math.min(1, daysToRandomisation), daysToRandomisation),
      arm,
      given: scenario.arms[arm.id] as ArmScenario,
      stratum: stratumOf(protocol, baseline, own.part('stratum')),
      baseline,
      deviates: {
        unknown: deviates.normal(),
        use: deviates.normal(),
        depression: deviates.normal(),
        yielding: deviates.normal(),
      },
      chance: own,
    };
  });
}
