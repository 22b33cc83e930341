import { type CivilDay, dateOf, type ObservationType, type Protocol } from '@holdfast/events';
import { dayOfDeath } from '@holdfast/outcomes';
import type { AnalysedParticipant } from './analysed-participant.ts';
import { type Column, type DataSet, dataSet, flag, subjectColumns, yesOrNo } from './data-set.ts';
import { factorNames } from './trial-design.ts';

type One = AnalysedParticipant;

/** The study day of a participant's first event of a type. */
const firstDay =
  (wanted: ObservationType) =>
  ({ standing: { dayZero }, observations }: One): number | undefined => {
    const days = observations.flatMap(({ type, day }) => (type === wanted ? [day] : []));
    return dayZero === undefined || days.length === 0 ? undefined : Math.min(...days) - dayZero;
  };

/** The last study day of planned follow-up that is over at the cut. */
function lastFollowed({ standing: { dayZero } }: One, { plannedFollowUp }: Protocol, clock: CivilDay | undefined) {
  if (dayZero === undefined || clock === undefined) return undefined;
  return Math.min(plannedFollowUp, clock - dayZero - 1);
}

/** Whether what the columns of a type of event say may be known. */
const tells = ({ closed }: Protocol, withArms: boolean, type: Protocol['closed'][number]) =>
  withArms || !closed.includes(type);

const inText = (value: string | number | boolean | undefined) => (value === undefined ? undefined : String(value));

const flagColumn = { type: 'text', codes: yesOrNo } as const;
const known = (is: boolean | undefined) => (is === undefined ? undefined : flag(is));

function columnsOf(protocol: Protocol, clock: CivilDay | undefined, withArms: boolean): readonly Column<One>[] {
  const arms = new Map(protocol.arms.map((arm) => [arm.id, arm]));
  const isRandomised = ({ flow }: One) => flow.randomised !== undefined;
  return [
    ...subjectColumns(protocol.trial),
    {
      ...{ name: 'SITEID', label: 'Site', type: 'text', origin: 'Derived' },
      source: 'the site that sent the randomisation, else the enrolment, else the screening',
      of: ({ flow }) => flow.site,
    },
    ...(!tells(protocol, withArms, 'screened')
      ? []
      : ([
          {
            ...{ ...flagColumn, name: 'SCRNFL', label: 'Screened', origin: 'Derived' },
            ...{ source: 'a screening counts', of: ({ flow }) => flag(flow.eligible !== undefined) },
          },
          {
            ...{ ...flagColumn, name: 'ELIGFL', label: 'Eligible', origin: 'Collected' },
            ...{ source: 'the last screening; empty if not screened', of: ({ flow }) => known(flow.eligible) },
          },
        ] satisfies Column<One>[])),
    {
      ...{ ...flagColumn, name: 'ENRLFL', label: 'Enrolled', origin: 'Derived' },
      ...{ source: 'an enrolment counts', of: ({ flow }) => flag(flow.isEnrolled) },
    },
    {
      ...{ ...flagColumn, name: 'RANDFL', label: 'Randomised', origin: 'Derived' },
      ...{ source: 'a randomisation counts: the intention-to-treat population', of: (one) => flag(isRandomised(one)) },
    },
    {
      ...{ name: 'RANDDT', label: 'Date of randomisation', type: 'date', origin: 'Collected' },
      source: 'study day 0: days in all data sets are this date’s differences (ADaM has no day 0; here it has)',
      of: ({ standing: { dayZero } }) => (dayZero === undefined ? undefined : dateOf(dayZero)),
    },
    ...(withArms
      ? ([
          {
            ...{ name: 'TRT01P', label: 'Arm, as randomised', type: 'text', origin: 'Collected' },
            ...{ source: 'arm-assigned; empty if no arm is known', of: ({ arm }) => arm },
          },
          {
            ...{ name: 'TRT01A', label: 'Arm, as given', type: 'text', origin: 'Derived' },
            source: 'the arm of the drug of the first dose, where a population of the protocol asks for it; else empty',
            of: ({ actualArm }) => actualArm,
          },
          ...factorNames(protocol).map(
            (factor, i): Column<One> => ({
              ...{ name: `FAC${i + 1}P`, label: `Factor ${factor}, as randomised`, type: 'text', origin: 'Derived' },
              source: `the level of ${factor} of TRT01P`,
              of: ({ arm }) => (arm === undefined ? undefined : arms.get(arm)?.factors?.[factor]),
            }),
          ),
          {
            ...{ ...flagColumn, name: 'DOSEFL', label: 'Given a dose', origin: 'Derived' },
            source: 'a dose on study day 0 or later; empty of everybody where the trial tells of no doses',
            of: ({ flow }) => known(flow.isDosed),
          },
        ] satisfies Column<One>[])
      : []),
    {
      ...{ name: 'STRATUM', label: 'Stratum at randomisation', type: 'text', origin: 'Collected' },
      ...{ source: 'the randomisation', of: ({ settled }) => settled.randomisation?.data.stratum },
    },
    ...(protocol.baseline ?? []).map(
      ({ id }, i): Column<One> => ({
        ...{ name: `BASE${i + 1}`, label: `Baseline ${id}`, type: 'text', origin: 'Collected' },
        ...{ source: 'the enrolment', of: ({ settled }) => inText(settled.enrolment?.data.baseline?.[id]) },
      }),
    ),
    ...protocol.groups.map(
      ({ id }, i): Column<One> => ({
        ...{ name: `GRP${i + 1}`, label: `Group ${id}`, type: 'text', origin: 'Derived' },
        ...{
          source: `the member of ${id}, as the protocol groups participants`,
          of: ({ standing }) => standing.groups[id],
        },
      }),
    ),
    ...protocol.populations
      .filter(({ requires }) => withArms || requires === 'randomisation')
      .map(
        ({ id, requires }, i): Column<One> => ({
          ...{ ...flagColumn, name: `POP${i + 1}FL`, label: `Population ${id}`, origin: 'Derived' },
          source: requires === 'dose' ? 'randomised and given a dose' : 'randomised',
          of: (one) => flag(isRandomised(one) && (requires === 'randomisation' || one.flow.isDosed === true)),
        }),
      ),
    ...(!tells(protocol, withArms, 'treatment-discontinued')
      ? []
      : ([
          {
            ...{ ...flagColumn, name: 'DCTFL', label: 'Discontinued treatment', origin: 'Derived' },
            ...{ source: 'a treatment-discontinued counts', of: ({ flow }) => flag(flow.hasDiscontinued) },
          },
          {
            ...{ name: 'DCTDY', label: 'Study day of discontinuing treatment', type: 'integer', origin: 'Derived' },
            ...{ source: 'the day of the first treatment-discontinued', of: firstDay('treatment-discontinued') },
          },
        ] satisfies Column<One>[])),
    ...(!tells(protocol, withArms, 'participant-left')
      ? []
      : ([
          {
            ...{ name: 'EOSSTT', label: 'How follow-up ended', type: 'text', origin: 'Collected' },
            codes: { completed: 'completed follow-up', lost: 'lost to follow-up', stopped: 'stopped', died: 'died' },
            source:
              'the earliest participant-left, of several on one day died, else lost, else stopped; empty if no end is on record',
            of: ({ flow }) => flow.left,
          },
          {
            ...{ name: 'EOSDY', label: 'Study day on which follow-up ended', type: 'integer', origin: 'Derived' },
            ...{ source: 'the day of the earliest participant-left', of: firstDay('participant-left') },
          },
          {
            ...{ name: 'DTHDY', label: 'Study day of death', type: 'integer', origin: 'Derived' },
            source: 'the day of the earliest participant-left by death, also after another end of follow-up',
            of: ({ standing: { dayZero }, observations }) =>
              dayZero === undefined ? undefined : dayOfDeath(observations, dayZero),
          },
        ] satisfies Column<One>[])),
    {
      ...{ name: 'FUPDY', label: 'Last study day of follow-up that is over', type: 'integer', origin: 'Derived' },
      source: 'the planned follow-up, or the day before the clock of the cut if that is earlier',
      of: (one) => lastFollowed(one, protocol, clock),
    },
  ];
}

/** ADSL: a row for everybody of whom anything arrived. */
export const subjectLevel = (
  protocol: Protocol,
  clock: CivilDay | undefined,
  people: readonly One[],
  withArms: boolean,
): DataSet =>
  dataSet(
    {
      ...{ name: 'ADSL', label: 'Subject-level analysis data set' },
      ...{ structure: 'a participant of whom anything arrived', keys: ['USUBJID'] },
    },
    columnsOf(protocol, clock, withArms),
    people,
  );

/** ADIE: why somebody was not eligible. */
export function notEligible({ trial }: Protocol, people: readonly One[]): DataSet {
  const rows = people.flatMap(({ participant, flow: { eligible, reasons } }) =>
    eligible === false ? reasons.map((reason) => ({ participant, reason })) : [],
  );
  const reason: Column<(typeof rows)[number]> = {
    ...{ name: 'IETERM', label: 'Criterion not met', type: 'text', origin: 'Collected' },
    ...{ source: 'the last screening', of: (row) => row.reason },
  };
  return dataSet(
    {
      ...{ name: 'ADIE', label: 'Criteria not met', structure: 'a criterion that a participant did not meet' },
      keys: ['USUBJID', 'IETERM'],
    },
    [...subjectColumns(trial), reason],
    rows,
  );
}
