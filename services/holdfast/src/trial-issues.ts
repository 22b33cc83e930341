import type { Opener } from '@holdfast/access';
import { type Decoded, participantRecords, recordDecoder } from '@holdfast/aggregate';
import { type CivilDay, type Protocol, siteOf } from '@holdfast/events';
import type { EventLog, LogRecord } from '@holdfast/log';
import { type History, type Issue, type IssueKind, identityKey, issuesOf, type Observation } from '@holdfast/outcomes';
import { topicsOf } from '@holdfast/trials';
import {
  type RejectedInput,
  type RejectionState,
  rejectedInputs,
  siteThatSent,
  unattributedInputs,
} from './rejected-inputs.ts';

/** What `issues` lists: what the fold finds in a history, and what never came into one. */
export const issueKinds = [
  'conflict',
  'competing-corrections',
  'target-not-seen',
  'cycle',
  'correction-of-retraction',
  'no-enrolment',
  'second-enrolment',
  'second-randomisation',
  'second-arm',
  'no-arm',
  'unreadable',
  'rejected',
  'foreign',
] as const satisfies readonly (IssueKind | 'unreadable' | 'rejected' | 'foreign')[];

export type ListedIssue = {
  readonly trial?: string;
  readonly participant?: string;
  readonly issue: (typeof issueKinds)[number];
  readonly type?: string;
  readonly source?: string;
  readonly id?: string;
  /** What is wrong, and what would settle it. */
  readonly reason: string;
  readonly counts: boolean;
  readonly sha256?: string;
  /** Who has to settle it, if that is a site. */
  readonly site?: string;
  /** Settled meanwhile; only rejected inputs stay listed when they are. */
  readonly isSettled: boolean;
};

const settled: Readonly<Record<Exclude<RejectionState, 'open'>, string>> = {
  mended: 'settled: it was corrected, and accepted since',
  outdated: 'settled: a later full export of the same tables came without it',
};

/** One rejected input, as it is listed. */
function rejected(trial: string | undefined, rejection: RejectedInput): ListedIssue {
  const { where, problems, of, from, mapping, state } = rejection;
  const { subject, ...event } = of;
  const what = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; also ');
  const remedy =
    mapping === undefined
      ? `then send it again${of.id === undefined ? '' : ' under the same id'}`
      : 'correct the tables (or the mapping) and import them again';
  const site = siteThatSent(rejection);
  return {
    ...(trial === undefined ? {} : { trial }),
    ...(subject === undefined ? {} : { participant: subject }),
    issue: 'rejected',
    ...(from === undefined ? {} : { source: from }),
    ...event,
    reason: `${where}: ${what}; ${state === 'open' ? remedy : settled[state]}`,
    counts: false,
    ...(site === undefined ? {} : { site }),
    isSettled: state !== 'open',
  };
}

/** What somebody else wrote to the trial's topic: nobody's, as whose it says to be cannot be known. */
function foreign(
  trial: string,
  { partition, offset }: LogRecord,
  { sha256 }: { readonly sha256: string },
): ListedIssue {
  const reason = `record ${offset} of partition ${partition} is no event, and not the door wrote it; find out who may write to the topic`;
  return { trial, issue: 'foreign', reason, counts: false, sha256, isSettled: false };
}

export type TrialIssues = {
  readonly issues: readonly ListedIssue[];
  /** Offsets of the next events, by partition: what was read. */
  readonly offsets: readonly number[];
  readonly clock: CivilDay | undefined;
};

export type TrialIssuesOptions = {
  /** Opens what is sealed; without it the answer is a function of the open events, and of which identities are sealed. */
  readonly opener: Opener | undefined;
  readonly participant?: string;
  readonly held?: number;
};

/** Every issue of a trial, read from the log to its end, with only a part of the participants in memory at any time. */
export async function trialIssues(
  log: EventLog,
  protocol: Protocol,
  { opener, participant, held }: TrialIssuesOptions,
): Promise<TrialIssues> {
  const { trial } = protocol;
  const showsClosed = opener !== undefined || protocol.blinding === 'open';
  const decode = recordDecoder(opener);
  let clock: CivilDay | undefined;
  const issues: ListedIssue[] = [];
  const offsets = await log.ends(topicsOf(protocol).events.name);
  const all = participantRecords<Decoded>(log, protocol, offsets, {
    ...(participant === undefined ? {} : { participant }),
    ...(held === undefined ? {} : { held }),
    read: (record) => {
      const decoded = decode(record);
      if (!(decoded instanceof Promise) && decoded.kind === 'foreign') issues.push(foreign(trial, record, decoded));
      return decoded;
    },
    onOwnRecord: (record) => {
      const decoded = decode(record);
      if (decoded instanceof Promise) return;
      if (decoded.kind === 'clock') clock = Math.max(clock ?? decoded.day, decoded.day);
      if (decoded.kind === 'foreign' && participant === undefined) issues.push(foreign(trial, record, decoded));
    },
  });
  for await (const { participant: name, records } of all) {
    for (const issue of participantIssues(protocol, name, records, showsClosed)) {
      const site = siteOf(issue.source);
      issues.push({ trial, participant: name, ...issue, ...(site === undefined ? {} : { site }), isSettled: false });
    }
  }
  const only = participant === undefined ? {} : { participant };
  for (const one of await rejectedInputs(log, protocol, { opener, ...only })) issues.push(rejected(trial, one));
  return { issues, offsets, clock };
}

type HistoryIssue = Omit<Issue, 'issue'> & { readonly issue: ListedIssue['issue'] };

function participantIssues(
  protocol: Protocol,
  participant: string,
  records: readonly Decoded[],
  showsClosed: boolean,
): readonly HistoryIssue[] {
  const open: Observation<'open'>[] = [];
  const sealed: Observation<'sealed'>[] = [];
  const boxes = new Set<string>();
  const unreadable = new Map<string, HistoryIssue>();
  for (const decoded of records) {
    if (decoded.kind === 'open') open.push(decoded.observation);
    else if (decoded.kind === 'sealed') {
      sealed.push(decoded.observation);
      boxes.add(identityKey(decoded.observation));
    } else if (decoded.kind === 'box') boxes.add(identityKey(decoded));
    else if (decoded.kind === 'unreadable') {
      boxes.add(identityKey(decoded));
      const { source, id, sha256, reason } = decoded;
      const remedy = 'send the right event under another id, and retract this one';
      const issue = { issue: 'unreadable', type: 'sealed', source, id, sha256, counts: false } as const;
      unreadable.set(sha256, { ...issue, reason: `${reason}; ${remedy}` });
    }
  }
  const history: History = { participant, open, sealed };
  const found = issuesOf(protocol, history, boxes);
  if (!showsClosed) return found.open;
  return [...found.open, ...found.closed, ...unreadable.values()];
}

/** The rejected inputs that name no published trial. */
export async function unattributedIssues(log: EventLog): Promise<readonly ListedIssue[]> {
  return (await unattributedInputs(log)).map((one) => rejected(undefined, one));
}
