import { type OpenArrival, openHistories, type RecordSource, type Selection } from '@holdfast/aggregate';
import { type AmendedProtocol, type CivilDay, dateIn, siteOf } from '@holdfast/events';
import { issuesOf, openFacts, settleOpen } from '@holdfast/outcomes';
import { type Column, type DataSet, dataSet, subjectColumns } from './data-set.ts';

const milliseconds = 86_400_000;

/** Of an event no more than its row says: a large trial has a million. */
type EventRow = {
  readonly participant: string;
  readonly number: number;
  readonly site: string | undefined;
  readonly type: string;
  readonly happened: string;
  readonly received: string | undefined;
  readonly entryDays: number;
};
type IssueRow = {
  readonly participant: string;
  readonly number: number;
  readonly site: string | undefined;
  readonly issue: string;
};

/** Dates of instants in a zone, of which many that follow one another are the same: what came in together was stamped together. */
function dateReader(timeZone: string): (stamp: string) => string {
  let [last, date] = ['', ''];
  return (stamp) => {
    if (stamp !== last) [last, date] = [stamp, dateIn(timeZone, new Date(Date.parse(stamp)))];
    return date;
  };
}

/** What tells a participant's rows apart that are otherwise the same. */
const numberColumn: Column<{ readonly number: number }> = {
  ...{ name: 'ASEQ', label: 'Sequence number', type: 'integer', origin: 'Derived' },
  ...{ source: 'the rows of a participant, counted from 1', of: ({ number }) => number },
};

const eventColumns: readonly Column<EventRow>[] = [
  numberColumn,
  {
    ...{ name: 'SITEID', label: 'Site', type: 'text', origin: 'Collected' },
    ...{ source: 'the site that sent it', of: ({ site }) => site },
  },
  {
    ...{ name: 'EVTYPE', label: 'Type', type: 'text', origin: 'Collected' },
    ...{ source: 'the type of the event', of: ({ type }) => type },
  },
  {
    ...{ name: 'EVDT', label: 'Date on which it happened', type: 'date', origin: 'Collected' },
    source: 'its time as the site wrote it; of a correction or retraction that of the decision',
    of: ({ happened }) => happened,
  },
  {
    ...{ name: 'RECDT', label: 'Date on which it was received', type: 'date', origin: 'Derived' },
    ...{ source: 'when it was received, in the zone of the trial', of: ({ received }) => received },
  },
  {
    ...{ name: 'ENTRYDUR', label: 'Days from event to record', type: 'float', origin: 'Derived' },
    source: 'when the site recorded it less when it happened; none is less than 0',
    of: ({ entryDays }) => entryDays,
  },
];

const issueColumns: readonly Column<IssueRow>[] = [
  numberColumn,
  {
    ...{ name: 'SITEID', label: 'Site', type: 'text', origin: 'Derived' },
    ...{ source: 'the site that sent the event, else that of the participant', of: ({ site }) => site },
  },
  {
    ...{ name: 'ISSUE', label: 'Issue', type: 'text', origin: 'Derived' },
    ...{ source: 'what a person should look at, as `holdfast issues` names it', of: ({ issue }) => issue },
  },
];

/** ADFLOW and ADISSUE: each open event as it came in, and what of them a person should look at; of open events alone. */
export async function dataFlow(
  protocol: AmendedProtocol,
  source: RecordSource,
  selection: Selection,
  clock: CivilDay | undefined,
): Promise<readonly DataSet[]> {
  const events: EventRow[] = [];
  const issues: IssueRow[] = [];
  const arrived: Omit<EventRow, 'participant' | 'number'>[] = [];
  const dateOf = dateReader(protocol.timeZone);
  const take = ({ observation, time, receivedtime }: OpenArrival) =>
    arrived.push({
      ...{ site: siteOf(observation.source), type: observation.type, happened: time.slice(0, 10) },
      received: receivedtime === undefined ? undefined : dateOf(receivedtime),
      entryDays: Math.max(0, observation.recordedAt - Date.parse(time)) / milliseconds,
    });
  for await (const { participant, open, boxes } of openHistories(source, protocol, selection, take)) {
    for (const [i, one] of arrived.splice(0).entries()) events.push({ ...one, participant, number: i + 1 });
    const history = { participant, open, sealed: [] };
    const settled = settleOpen(history, boxes);
    const { site } = openFacts({ ...protocol, measures: [] }, participant, settled, clock);
    const found = issuesOf(protocol, history, boxes, settled);
    const listed = protocol.blinding === 'open' ? [...found.open, ...found.closed] : found.open;
    for (const [i, one] of listed.entries())
      issues.push({ participant, number: i + 1, site: siteOf(one.source) ?? site, issue: one.issue });
  }
  const who = subjectColumns(protocol.trial);
  return [
    dataSet(
      {
        ...{ name: 'ADFLOW', label: 'Data flow', structure: 'an open event, at its first coming' },
        keys: ['USUBJID', 'ASEQ'],
      },
      [...who, ...eventColumns],
      events,
    ),
    dataSet(
      {
        ...{ name: 'ADISSUE', label: 'Issues', structure: 'an open event that a person should look at' },
        keys: ['USUBJID', 'ASEQ'],
      },
      [...who, ...issueColumns],
      issues,
    ),
  ];
}
