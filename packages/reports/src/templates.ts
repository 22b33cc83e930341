import type { ReportKind } from './model.ts';
import { abstinence } from './sections/abstinence.ts';
import { bySite } from './sections/by-site.ts';
import { factorial } from './sections/factorial.ts';
import { relapse, retention } from './sections/first-events.ts';
import { enrolment, flow } from './sections/flow.ts';
import { estimands, policies, valuesUnderPolicies } from './sections/outcomes.ts';
import { safety, vitals } from './sections/safety.ts';
import type { Section } from './sections/section.ts';
import { sites } from './sections/sites.ts';
import { afterDose, amounts, exposure, scores, visits } from './sections/values.ts';
import { weeksOfUse } from './sections/weeks-of-use.ts';

/** A kind of report: for whom, and what stands in it. */
export type ReportTemplate = {
  readonly title: string;
  /** By arm: in a double-blind trial it needs what looks at numbers by arm need. */
  readonly byArm: boolean;
  /** Of one site alone. */
  readonly ofSite: boolean;
  readonly sections: readonly Section[];
};

export const templates: Readonly<Record<ReportKind, ReportTemplate>> = {
  'dsmb-closed': {
    title: 'Closed report to the data-safety monitoring board',
    byArm: true,
    ofSite: false,
    sections: [
      ...[flow, enrolment, retention, visits, exposure, abstinence, relapse, bySite, factorial],
      ...[amounts, scores, safety, vitals, afterDose, sites],
    ],
  },
  'dsmb-open': {
    title: 'Open report to the data-safety monitoring board',
    byArm: false,
    ofSite: false,
    sections: [
      flow,
      enrolment,
      retention,
      visits,
      exposure,
      abstinence,
      relapse,
      amounts,
      scores,
      safety,
      vitals,
      sites,
    ],
  },
  status: {
    title: 'Trial status',
    byArm: false,
    ofSite: false,
    sections: [flow, enrolment, retention, visits, sites],
  },
  site: {
    title: 'Site report',
    byArm: false,
    ofSite: true,
    sections: [flow, enrolment, sites],
  },
  outcome: {
    title: 'Outcome report',
    byArm: true,
    ofSite: false,
    sections: [estimands, policies, relapse, weeksOfUse, factorial, valuesUnderPolicies],
  },
};
