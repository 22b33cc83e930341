import { z } from 'zod';
import {
  ArmId,
  CivilDate,
  CovariateId,
  FactorId,
  PeriodId,
  SiteId,
  SubstanceId,
  TrialId,
  Unit,
  VisitId,
} from '../identifiers.ts';
import { BiomarkerKind } from '../types/biomarker.ts';
import { observationTypes } from '../types/observation-types.ts';
import { checkEstimands, Estimand } from './estimands.ts';
import { checkGroups, Group, Population } from './groups.ts';
import { DeclaredInstrument, instrumentsOf } from './instruments.ts';
import { checkMeasure } from './measures/check-measure.ts';
import { Measure } from './measures/measure.ts';
import { checkPatterns, checkSubstances, PatternRule } from './patterns.ts';
import { type Report, reportRepeats } from './report.ts';
import { checkReportSchedules, ReportSchedule } from './report-schedules.ts';
import { timeZone } from './time-zone.ts';

const Arm = z.strictObject({
  id: ArmId,
  title: z.string().min(1).max(200).optional(),
  control: z.boolean().optional(),
  studyDrugs: z
    .array(SubstanceId)
    .max(8)
    .optional()
    .meta({ description: 'what the arm gives, as far as urine finds it among the trial’s substances' }),
  gives: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(8)
    .optional()
    .meta({ description: 'the drugs of its doses, as `dose-given` names them; tells the arm that was actually given' }),
  factors: z.record(FactorId, z.string().min(1).max(64)).optional(),
});

const Substance = z
  .strictObject({
    id: SubstanceId,
    title: z.string().min(1).max(200).optional(),
    unit: Unit.optional().meta({
      description: 'what its amounts are counted in, such as drinks; grams are always understood',
    }),
    gramsPerUnit: z
      .number()
      .positive()
      .max(10_000)
      .optional()
      .meta({ description: 'grams of pure substance in one unit: of a standard drink 14 (US), 8 (UK) or 10 (WHO)' }),
  })
  .refine(({ unit, gramsPerUnit }) => unit !== undefined || gramsPerUnit === undefined, {
    path: ['gramsPerUnit'],
    error: 'is of no unit; declare the unit, or remove it',
  });

/** A name that events use, with a title for people. */
const titled = <I extends z.ZodType>(id: I) => z.strictObject({ id, title: z.string().min(1).max(200).optional() });

const Visit = z
  .strictObject({
    id: VisitId,
    day: z.int().min(-400).max(4000).meta({ description: 'study day that the visit is targeted at' }),
    opens: z.int().min(0).max(365).default(0).meta({ description: 'days before the target from which it counts' }),
    closes: z.int().min(0).max(365).default(0).meta({ description: 'days after the target until which it counts' }),
    collects: z.array(z.enum(['urine', 'calendar', ...BiomarkerKind.options])).default([]),
  })
  .meta({ title: 'Scheduled visit' });
export type Visit = z.infer<typeof Visit>;

const Amendment = z
  .strictObject({
    appliesTo: z.enum(['new-participants', 'everybody']).default('new-participants').meta({
      description: 'who gets this version’s visits, windows and entry lag; measures and rules are for everybody',
    }),
    from: CivilDate.optional().meta({
      description:
        'first day of randomisation that the schedule is for; absent: the day of publication in the trial’s zone',
    }),
  })
  .refine(({ appliesTo, from }) => appliesTo === 'new-participants' || from === undefined, {
    path: ['from'],
    error: 'says from when new participants have the schedule, but appliesTo says everybody has it; leave one out',
  })
  .meta({ title: 'Amendment' });

// Day 0 is open by design: without it a blinded coordinator could not even see who is due.
const alwaysOpen = ['participant-enrolled', 'participant-randomised', 'participant-rerandomised'];
const closable = Object.keys(observationTypes).filter((type) => !alwaysOpen.includes(type)) as [string, ...string[]];

const shape = z.strictObject({
  format: z.literal('holdfast-protocol/1'),
  trial: TrialId,
  version: z.int().min(1),
  title: z.string().min(1).max(300),
  amendment: Amendment.optional().meta({
    description: 'whom the schedule of this version is for; absent: new participants',
  }),
  blinding: z.enum(['open', 'double']),
  clock: z
    .enum(['live', 'imported'])
    .meta({ description: 'live: one day-turned a day; imported: the import writes one at its end' }),
  dates: z.enum(['real', 'invented']).optional().meta({
    description:
      'whether dates are those of the calendar; only then are there calendar axes. Absent: of a live trial they are, of an imported one they are not',
  }),
  timeZone: timeZone.default('Etc/UTC'),
  partitions: z
    .int()
    .min(1)
    .max(256)
    .default(4)
    .meta({ description: 'fixed for the life of the trial; `rewrite` alone changes it' }),
  plannedFollowUp: z.int().min(1).max(4000).meta({ description: 'last study day on which everybody is followed' }),
  plannedParticipants: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .meta({ description: 'how many are to be randomised; a double-blind trial is over only when so many are' }),
  administrativeEnd: CivilDate.optional().meta({ description: 'after this date nobody counts' }),
  arms: z.array(Arm).min(1).max(32),
  sites: z.array(SiteId).min(1).max(2000),
  strata: z.array(z.string().min(1).max(120)).max(500).default([]),
  substances: z.array(Substance).min(1).max(200),
  baseline: z
    .array(titled(CovariateId))
    .max(200)
    .optional()
    .meta({ description: 'baseline covariates; if declared, no other may be sent' }),
  periods: z
    .array(titled(PeriodId))
    .min(1)
    .max(32)
    .optional()
    .meta({ description: 'periods of a crossover, in order; if declared, no other may be sent' }),
  instruments: z
    .array(DeclaredInstrument)
    .max(200)
    .optional()
    .meta({ description: 'rating scales besides the table of instruments; if declared, no other may be sent' }),
  visits: z.array(Visit).max(500).default([]).meta({ description: 'an empty schedule lets any visit label pass' }),
  entryLag: z
    .int()
    .min(0)
    .max(365)
    .default(0)
    .meta({ description: 'days that sites have to enter what they collected' }),
  evidence: z
    .strictObject({
      unnamed: z
        .enum(['unknown', 'negative'])
        .default('unknown')
        .meta({ description: 'what a substance means that a urine screen does not name' }),
      attendedVisit: z
        .enum(['nothing', 'negative'])
        .default('nothing')
        .meta({ description: 'what a kept visit without any urine screen means' }),
    })
    .default({ unnamed: 'unknown', attendedVisit: 'nothing' }),
  closed: z
    .array(z.enum(closable))
    .default([])
    .meta({ description: 'event types that are closed besides those closed by default' }),
  populations: z
    .array(Population)
    .max(20)
    .default([])
    .meta({ description: 'who can count in a measure, besides everybody randomised' }),
  groups: z.array(Group).max(20).default([]).meta({ description: 'divisions of the participants, for rates by group' }),
  measures: z.array(Measure).min(1).max(100),
  patterns: z
    .array(PatternRule)
    .max(20)
    .default([])
    .meta({ description: 'rules by which weekly use patterns are written; one of them is the default' }),
  // Without defaults: what a protocol does not say leaves its digest as it was.
  estimands: z
    .array(Estimand)
    .min(1)
    .max(50)
    .optional()
    .meta({ description: 'what is estimated, primary and secondary; shown in outcome reports' }),
  reports: z
    .array(ReportSchedule)
    .min(1)
    .max(50)
    .optional()
    .meta({ description: 'reports that are made by themselves, and when' }),
});

/** A trial, declared. Nothing about a particular trial is in code. */
export const Protocol = shape
  .superRefine((protocol, context) => {
    const report: Report = (path, message) => context.addIssue({ code: 'custom', path, message });
    reportRepeats(
      protocol.arms.map((arm) => arm.id),
      (i) => ['arms', i, 'id'],
      'arm',
      report,
    );
    reportRepeats(protocol.sites, (i) => ['sites', i], 'site', report);
    reportRepeats(protocol.strata, (i) => ['strata', i], 'stratum', report);
    reportRepeats(
      protocol.substances.map((substance) => substance.id),
      (i) => ['substances', i, 'id'],
      'substance',
      report,
    );
    reportRepeats(
      protocol.visits.map((visit) => visit.id),
      (i) => ['visits', i, 'id'],
      'visit',
      report,
    );
    for (const [list, what] of [
      ['baseline', 'covariate'],
      ['periods', 'period'],
      ['instruments', 'instrument'],
    ] as const) {
      reportRepeats(
        (protocol[list] ?? []).map(({ id }) => id),
        (i) => [list, i, 'id'],
        what,
        report,
      );
    }
    reportRepeats(
      protocol.measures.map((measure) => measure.id),
      (i) => ['measures', i, 'id'],
      'measure',
      report,
    );
    const instruments = instrumentsOf(protocol.instruments ?? []);
    const baseline = protocol.baseline && new Set(protocol.baseline.map(({ id }) => id));
    for (const [index, measure] of protocol.measures.entries()) {
      checkMeasure(measure, { ...protocol, instruments, baseline }, (path, message) =>
        report(['measures', index, ...path], message),
      );
    }
    checkGroups({ ...protocol, instruments, baseline }, report);
    const known = {
      arms: protocol.arms,
      substances: new Set(protocol.substances.map(({ id }) => id)),
    };
    protocol.arms.forEach(({ studyDrugs = [] }, index) => {
      checkSubstances(studyDrugs, known, (path, message) => report(['arms', index, 'studyDrugs', ...path], message));
    });
    checkPatterns(protocol.patterns, known, (path, message) => report(['patterns', ...path], message));
    checkEstimands(protocol.estimands ?? [], protocol, (path, message) => report(['estimands', ...path], message));
    checkReportSchedules(protocol.reports ?? [], protocol, (path, message) => report(['reports', ...path], message));
  })
  .meta({
    title: 'Holdfast protocol',
    description: 'Declares a trial: arms, sites, substances, evidence rules, measures and patterns.',
  });
export type Protocol = z.infer<typeof Protocol>;

/** Whether a trial's dates are those of the calendar, and not invented when its tables were made. */
export function hasRealDates({ dates, clock }: Protocol): boolean {
  return (dates ?? (clock === 'live' ? 'real' : 'invented')) === 'real';
}
