import { CivilDate, type Parsed, type Problem, type Protocol, parseYaml } from '@holdfast/events';
import { z } from 'zod';

const share = z.number().min(0).max(1);
const spread = z.number().min(0);
const rate = z.number().min(0).max(1000);
const Normal = z.strictObject({ mean: z.number(), sd: spread });
const name = z.string().min(1).max(120);

const Course = z
  .strictObject({
    relapse: z.strictObject({ scale: z.number().positive(), shape: z.number().positive().max(5) }).meta({
      description: 'cumulative hazard of relapse on day d: (d / scale) ^ shape; a shape below 1 is front-loaded',
    }),
    recovery: share.default(0).meta({ description: 'chance, each day in relapse, of getting out of it' }),
    useInRelapse: share.default(1).meta({ description: 'chance of use on a day in relapse' }),
    useWhenWell: share.default(0).meta({ description: 'chance of use on any other day' }),
    relapsedAtStart: share.default(0).meta({ description: 'share that is using when randomised' }),
  })
  .meta({ description: 'use day by day: two states, well and relapsed' });
export type Course = z.infer<typeof Course>;

const Drug = z.strictObject({
  name: z.string().min(1).max(64),
  route: z.enum(['oral', 'iv', 'im', 'intranasal', 'sublingual', 'depot']).default('iv'),
  mgPerKg: z.number().min(0),
  systolicRise: Normal.optional().meta({ description: 'mmHg at the peak, 40 minutes after the dose began' }),
  diastolicRise: Normal.optional(),
  dissociation: Normal.optional().meta({ description: 'CADSS at the peak' }),
});
export type Drug = z.infer<typeof Drug>;

const Arm = z.strictObject({
  course: Course,
  doses: z.array(z.strictObject({ day: z.int().min(0), drug: name })).default([]),
  therapy: z
    .strictObject({
      kind: z.string().min(1).max(64),
      days: z.array(z.int().min(0)).min(1),
      minutes: z.number().positive().max(1440),
      attended: share.default(1),
    })
    .optional(),
  response: z
    .record(z.string().regex(/^\d+$/, { error: 'must be a number of hours after the first dose' }), share)
    .optional()
    .meta({ description: 'share with a fall of depression by half, by hours after the first dose' }),
  cravingFall: share
    .default(0)
    .meta({ description: 'mean fall of craving after the first dose, as a share of baseline' }),
  choices: z
    .record(name, share)
    .optional()
    .meta({ description: 'share of choices in which the substance is taken, by visit' }),
});
export type ArmScenario = z.infer<typeof Arm>;

const Site = z.strictObject({
  weight: z.number().positive().default(1).meta({ description: 'how much it recruits, against the others' }),
  silentAfter: z
    .int()
    .min(0)
    .optional()
    .meta({ description: 'days of recruitment after which it enters nothing more and recruits nobody' }),
  eventsTold: share.default(1).meta({ description: 'share of its adverse events that it reports' }),
  entersLater: z.int().min(0).max(365).default(0).meta({ description: 'days by which it enters everything later' }),
});
export type SiteScenario = z.infer<typeof Site>;

const AdverseEvents = z.strictObject({
  perYear: rate.meta({ description: 'of each participant, while followed' }),
  serious: share.default(0).meta({ description: 'share of them that are serious' }),
  terms: z.array(z.strictObject({ pt: name, soc: name, weight: z.number().positive().default(1) })).min(1),
});

const Claim = z.strictObject({
  measure: name,
  arms: z.array(name).min(1).meta({ description: 'their mean' }),
  minus: z.array(name).min(1).optional().meta({ description: 'less the mean of these' }),
  at: z.union([name, z.int()]).meta({ description: 'study day, stretch, visit or hours, as the measure names it' }),
  value: z.number(),
  reference: z.string().min(1).max(300),
});
export type Claim = z.infer<typeof Claim>;

const none = { hazardSd: 0, siteSd: 0, baselineUse: 0, depression: 0, response: 0 };

export const Scenario = z
  .strictObject({
    format: z.literal('holdfast-scenario/1'),
    trial: name.meta({ description: 'the trial whose protocol it is written for' }),
    title: z.string().min(1).max(300),
    published: z.array(Claim).default([]).meta({ description: 'numbers of the literature that it comes to' }),
    seed: z.int().min(0),
    participants: z.int().min(1).max(1_000_000),
    firstDay: CivilDate.meta({ description: 'recruitment begins' }),
    recruitment: z.strictObject({
      perWeek: z.number().positive().meta({ description: 'participants of all sites together' }),
      daysToRandomisation: z.int().min(0).max(60).default(7).meta({ description: 'at most, from consent' }),
    }),
    sites: z.record(name, Site).default({}).meta({ description: 'sites that differ; the others are as any' }),
    substance: name.meta({ description: 'what is used' }),
    amount: Normal.optional().meta({ description: 'on a day of use, in the protocol’s unit' }),
    useBefore: share.default(0.9).meta({ description: 'share of the 28 days before randomisation with use' }),
    baseline: z
      .record(name, z.union([Normal, z.record(name, share)]))
      .default({})
      .meta({ description: 'covariates: mean and standard deviation, or the share of each value' }),
    heterogeneity: z
      .strictObject({
        hazardSd: spread.default(0).meta({ description: 'of participants, for no known reason' }),
        siteSd: spread.default(0).meta({ description: 'of sites' }),
        baselineUse: z.number().default(0).meta({ description: 'for one standard deviation more of use before' }),
        depression: z.number().default(0).meta({ description: 'for one standard deviation more of depression before' }),
        response: z.number().default(0).meta({ description: 'for who responded: depression fell by half' }),
      })
      .default(none)
      .meta({ description: 'what adds to the log hazard of relapse' }),
    drugs: z.record(name, Drug).default({}),
    arms: z.record(name, Arm),
    periods: z.record(name, z.int()).default({}).meta({ description: 'study day on which each period begins' }),
    depression: z
      .strictObject({ instrument: name, baseline: Normal, spread: z.number().positive().default(0.35) })
      .optional(),
    craving: z.strictObject({ instrument: name, baseline: Normal, noise: spread.default(8) }).optional(),
    choices: z
      .strictObject({
        offered: z.int().min(1).max(1000),
        dose: z.strictObject({ amount: z.number().positive(), unit: name }),
        alternative: z.strictObject({ amount: z.number().positive(), unit: name }),
      })
      .optional(),
    dropout: z
      .strictObject({
        perYear: rate.default(0),
        ifRelapsed: z
          .number()
          .min(0)
          .default(1)
          .meta({ description: 'times as often while relapsed: not 1 is a bias' }),
      })
      .default({ perYear: 0, ifRelapsed: 1 }),
    missedVisits: share.default(0),
    concealed: share.default(0).meta({ description: 'share of participants whose calendars tell of no use: a bias' }),
    urineDetects: z.int().min(0).max(30).default(2).meta({ description: 'days after use on which urine is positive' }),
    adverseEvents: AdverseEvents.optional(),
    suicidality: z
      .strictObject({ ideation: share, severe: share })
      .optional()
      .meta({ description: 'chance at a visit of ideation 1 to 3, and of 4 or 5' }),
    faults: z
      .strictObject({
        late: share.default(0).meta({ description: 'entered weeks after' }),
        corrected: share.default(0).meta({ description: 'wrong at first, corrected a week later' }),
        contradictory: share.default(0).meta({ description: 'sent twice under one id with two contents' }),
        rejected: share.default(0).meta({ description: 'refused at first, put right and sent again' }),
        twice: share.default(0).meta({ description: 'sent twice, word for word' }),
      })
      .default({ late: 0, corrected: 0, contradictory: 0, rejected: 0, twice: 0 })
      .meta({ description: 'shares of what sites send; none of them changes what is true in the end' }),
  })
  .meta({ title: 'Holdfast scenario', description: 'What happens in a virtual trial.' });
export type Scenario = z.infer<typeof Scenario>;

/** Reads a scenario from YAML; each problem's message begins with `line N: path`. */
export function parseScenario(text: string): Parsed<Scenario> {
  return parseYaml(Scenario, text, 'scenario');
}

/** The same scenario with another number of participants, recruited in the same time. */
export function ofSize(scenario: Scenario, participants: number): Scenario {
  const { recruitment } = scenario;
  const perWeek = (recruitment.perWeek * participants) / scenario.participants;
  return { ...scenario, participants, recruitment: { ...recruitment, perWeek } };
}

/** What a scenario says that its protocol does not know. */
export function scenarioProblems(scenario: Scenario, protocol: Protocol): Problem[] {
  const problems: Problem[] = [];
  const known = (path: string, what: string, given: string, names: readonly string[]) => {
    if (!names.includes(given))
      problems.push({
        path,
        message: `${what} "${given}" is not in the protocol (it has ${names.join(', ') || 'none'}); correct it`,
      });
  };
  known('trial', 'trial', scenario.trial, [protocol.trial]);
  known(
    'substance',
    'substance',
    scenario.substance,
    protocol.substances.map(({ id }) => id),
  );
  const arms = protocol.arms.map(({ id }) => id);
  for (const arm of Object.keys(scenario.arms)) known(`arms.${arm}`, 'arm', arm, arms);
  for (const arm of arms)
    if (scenario.arms[arm] === undefined)
      problems.push({ path: 'arms', message: `say nothing of arm "${arm}"; add it` });
  for (const site of Object.keys(scenario.sites)) known(`sites.${site}`, 'site', site, protocol.sites);
  if (protocol.sites.every((site) => scenario.sites[site]?.silentAfter !== undefined))
    problems.push({ path: 'sites', message: 'all fall silent, so nobody could recruit; leave one that does not' });
  const periods = protocol.periods?.map(({ id }) => id) ?? [];
  for (const period of Object.keys(scenario.periods)) known(`periods.${period}`, 'period', period, periods);
  if (protocol.baseline !== undefined) {
    const covariates = protocol.baseline.map(({ id }) => id);
    for (const covariate of Object.keys(scenario.baseline))
      known(`baseline.${covariate}`, 'baseline covariate', covariate, covariates);
  }
  for (const [arm, { doses, choices = {} }] of Object.entries(scenario.arms)) {
    for (const [index, { drug }] of doses.entries()) {
      if (scenario.drugs[drug] === undefined)
        problems.push({
          path: `arms.${arm}.doses[${index}].drug`,
          message: `"${drug}" is none of the scenario’s drugs (it has ${Object.keys(scenario.drugs).join(', ') || 'none'}); declare it under drugs`,
        });
    }
    const visits = protocol.visits.map(({ id }) => id);
    for (const visit of Object.keys(choices)) known(`arms.${arm}.choices.${visit}`, 'visit', visit, visits);
  }
  const measures = protocol.measures.map(({ id }) => id);
  for (const [index, { measure, arms: of, minus = [] }] of scenario.published.entries()) {
    known(`published[${index}].measure`, 'measure', measure, measures);
    for (const arm of [...of, ...minus]) known(`published[${index}]`, 'arm', arm, arms);
  }
  return problems;
}
