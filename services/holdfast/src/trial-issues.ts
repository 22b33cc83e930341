import type { Opener } from '@holdfast/access';
import { type Decoded, participantRecords, recordDecoder } from '@holdfast/aggregate';
import { type CivilDay, civilDay, type HoldfastEvent, type Protocol } from '@holdfast/events';
import { type KeptRejection, readRejections } from '@holdfast/ingest';
import type { EventLog, LogRecord } from '@holdfast/log';
import { type History, type Issue, type IssueKind, identityKey, issuesOf, type Observation } from '@holdfast/outcomes';
import { topicsOf } from '@holdfast/trials';

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
] as const satisfies readonly (IssueKind | 'unreadable' | 'rejected')[];

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
  /** Settled meanwhile; only rejected inputs stay listed when they are. */
  readonly isSettled: boolean;
};

/** One rejected input, as it is listed. */
function rejected(trial: string | undefined, rejection: KeptRejection, settledBy: string | undefined): ListedIssue {
  const { where, problems, of, from } = rejection;
  const { subject, ...event } = of;
  const what = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; also ');
  const remedy =
    settledBy ??
    (rejection.mapping === undefined
      ? `then send it again${of.id === undefined ? '' : ' under the same id'}`
      : 'correct the tables (or the mapping) and import them again');
  return {
    ...(trial === undefined ? {} : { trial }),
    ...(subject === undefined ? {} : { participant: subject }),
    issue: 'rejected',
    ...(from === undefined ? {} : { source: from }),
    ...event,
    reason: `${where}: ${what}; ${remedy}`,
    counts: false,
    isSettled: settledBy !== undefined,
  };
}

type Seen = { readonly decoded: Decoded; readonly receivedtime: string };

/** When a record was received: the envelope's last field of that name. Only asked for participants with rejected inputs. */
function receivedtimeOf(record: LogRecord): string {
  const { receivedtime } = JSON.parse(new TextDecoder().decode(record.value)) as HoldfastEvent;
  return receivedtime ?? '';
}

/** The identities that an event speaks of: its own, and that of what it replaces. */
function identitiesOf(decoded: Decoded): string[] {
  if (decoded.kind === 'clock' || decoded.kind === 'mark') return [];
  if (decoded.kind !== 'open' && decoded.kind !== 'sealed') return [identityKey(decoded)];
  const { observation } = decoded;
  const isReplacing = observation.type === 'correction' || observation.type === 'retraction';
  return [identityKey(observation), ...(isReplacing ? [identityKey(observation.data.target)] : [])];
}

function rejectionsOf(
  trial: string,
  rejections: readonly KeptRejection[],
  records: readonly Seen[],
): readonly ListedIssue[] {
  const latest = new Map<string, string>();
  for (const { decoded, receivedtime } of records) {
    for (const key of identitiesOf(decoded)) if (receivedtime > (latest.get(key) ?? '')) latest.set(key, receivedtime);
  }
  return rejections.map((rejection) => {
    const { source, id } = rejection.of;
    const since = source === undefined || id === undefined ? undefined : latest.get(identityKey({ source, id }));
    const isSettled = since !== undefined && since > rejection.receivedtime;
    const settledBy = isSettled ? 'settled: it was corrected, and accepted since' : outdated(rejection);
    return rejected(trial, rejection, settledBy);
  });
}

function outdated({ isOutdated }: KeptRejection): string | undefined {
  return isOutdated ? 'settled: a later full export of the same tables came without it' : undefined;
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
  const rejections = new Map<string | undefined, KeptRejection[]>();
  for (const rejection of await readRejections(log, protocol)) {
    const { subject } = rejection.of;
    if (participant !== undefined && subject !== participant) continue;
    rejections.set(subject, [...(rejections.get(subject) ?? []), rejection]);
  }
  const decode = recordDecoder(opener);
  let clock: CivilDay | undefined;
  const offsets = await log.ends(topicsOf(protocol).events.name);
  const all = participantRecords<Seen>(log, protocol, offsets, {
    ...(participant === undefined ? {} : { participant }),
    ...(held === undefined ? {} : { held }),
    read: (record) => {
      const receivedtime = rejections.has(record.key) ? receivedtimeOf(record) : '';
      const outcome = decode(record);
      return outcome instanceof Promise
        ? outcome.then((decoded) => ({ decoded, receivedtime }))
        : { decoded: outcome, receivedtime };
    },
    onOwnRecord: ({ value }) => {
      const event = JSON.parse(new TextDecoder().decode(value)) as HoldfastEvent;
      if (event.type !== 'org.holdfast.day-turned.v1') return;
      const day = civilDay(event.data.date);
      clock = Math.max(clock ?? day, day);
    },
  });
  const issues: ListedIssue[] = [];
  for await (const { participant: name, records } of all) {
    for (const issue of participantIssues(protocol, name, records, showsClosed))
      issues.push({ trial, participant: name, ...issue, isSettled: false });
    const here = rejections.get(name);
    if (here === undefined) continue;
    issues.push(...rejectionsOf(trial, here, records));
    rejections.delete(name);
  }
  for (const rejection of [...rejections.values()].flat()) issues.push(rejected(trial, rejection, outdated(rejection)));
  return { issues, offsets, clock };
}

type HistoryIssue = Omit<Issue, 'issue'> & { readonly issue: ListedIssue['issue'] };

function participantIssues(
  protocol: Protocol,
  participant: string,
  records: readonly Seen[],
  showsClosed: boolean,
): readonly HistoryIssue[] {
  const open: Observation<'open'>[] = [];
  const sealed: Observation<'sealed'>[] = [];
  const boxes = new Set<string>();
  const unreadable = new Map<string, HistoryIssue>();
  for (const { decoded } of records) {
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
  const rejections = await readRejections(log, undefined);
  return rejections.map((rejection) => rejected(undefined, rejection, outdated(rejection)));
}
