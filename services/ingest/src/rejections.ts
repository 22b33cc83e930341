import { isClosed } from '@holdfast/access';
import {
  canonicalJson,
  envelopeOf,
  fieldNames,
  type HoldfastEvent,
  type Problem,
  type Protocol,
  sha256,
  shortType,
} from '@holdfast/events';
import { type EventLog, recordsBetween } from '@holdfast/log';
import { rejectedTopic, type Trials, topicsOf } from '@holdfast/trials';

/** A rejected input, as it is handed in to be kept: where it came from, and why it was rejected. */
export type Rejection = {
  /** The published trial that it says it is of; undefined if it names none, or is not even JSON. */
  readonly trial: string | undefined;
  /** File and line, or whatever lets the sender find it again. */
  readonly where: string;
  readonly problems: readonly Problem[];
  readonly input: unknown;
  /** The mapping, if a table import made it: its next full export says anew whether it is in order. */
  readonly mapping?: string;
  /** The source that the sender speaks for, where that is known: also what names none is then listed for its site. */
  readonly from?: string;
  /** What was sent can be read in two ways, and `input` is only one of them. */
  readonly isAmbiguous?: boolean;
};

/** Which event a rejected input would have been, as far as it says so in a way that an accepted event could. */
export type RejectedIdentity = {
  readonly source?: string;
  readonly id?: string;
  readonly subject?: string;
  /** Short type; `sealed` if it is closed. */
  readonly type?: string;
  /** Of the canonical content; absent where a digest could be guessed from. */
  readonly sha256?: string;
};

/** A rejected input as it is listed: everything but what was sent. */
export type KeptRejection = {
  readonly where: string;
  readonly problems: readonly Problem[];
  /** When it was rejected, the last time if it came several times. */
  readonly receivedtime: string;
  readonly mapping?: string;
  readonly from?: string;
  readonly of: RejectedIdentity;
  readonly isAmbiguous?: boolean;
  /** Whether a later full export of the same mapping came without it. */
  readonly isOutdated: boolean;
  /** Where in its topic what was sent is kept. */
  readonly offset: number;
};

/** How much is kept of the reasons of one rejection: an input may have any number of fields, with names of any length. */
const mostReasons = 50;
const longestReason = 1_500;

/** The reasons in a bounded size. */
export function shortened(problems: readonly Problem[]): readonly Problem[] {
  const cut = (text: string) => (text.length > longestReason ? `${text.slice(0, longestReason)} …` : text);
  const shown = problems.slice(0, mostReasons).map(({ path, message }) => ({ path: cut(path), message: cut(message) }));
  const more = problems.length - shown.length;
  return more > 0 ? [...shown, { path: '', message: `has ${more} problems more` }] : shown;
}

const day = /^\d{4}-\d\d-\d\d$/;

/**
 * The reasons as they may stand in clear for a double-blind trial (or of none that is known): whoever invents a field, or a substance, may have written an
 * arm there. What neither an event schema nor the protocol names is a `?`.
 */
export function withoutInventedNames(problems: readonly Problem[], protocol: Protocol | undefined): readonly Problem[] {
  const substances = new Set(protocol?.substances.map(({ id }) => id));
  const isKnown = (step: string) => fieldNames().has(step) || substances.has(step) || day.test(step);
  const shown = (path: string) =>
    path
      .split('.')
      .map((step) => {
        const [, name = '', index = ''] = /^([^[]*)((?:\[\d+\])*)$/.exec(step) ?? [];
        return isKnown(name) ? `${name}${index}` : '?';
      })
      .join('.')
      .replace(/\?(\.\?)+/g, '?');
  return problems.map(({ path, message }) => ({ path: path === '' ? '' : shown(path), message }));
}

/** Whether anybody is blind to what an input of this trial (or of none that is known) may say. */
export function isBlind(protocol: Protocol | undefined, trials: Trials): boolean {
  if (protocol !== undefined) return protocol.blinding === 'double';
  return [...trials.values()].some((published) => published.protocol.blinding === 'double');
}

/** The reasons as they may stand anywhere: in a bounded size, and quoting nothing that may be closed. */
export function problemsInClear(
  problems: readonly Problem[],
  protocol: Protocol | undefined,
  trials: Trials,
): readonly Problem[] {
  const bounded = shortened(problems);
  return isBlind(protocol, trials) ? withoutInventedNames(bounded, protocol) : bounded;
}

/** Which event an input would have been, as may stand in clear: where there is a blind, neither a closed type nor a digest. */
export function identityOf(input: unknown, isSomebodyBlind: boolean, protocol: Protocol | undefined): RejectedIdentity {
  const { type, ...identity } = envelopeOf(input);
  if (isSomebodyBlind) {
    if (type === undefined) return identity;
    const { data } = input as { data?: unknown };
    return { ...identity, type: isClosed(type, data, protocol?.closed) ? 'sealed' : shortType(type) };
  }
  return {
    ...identity,
    ...(type === undefined ? {} : { type: shortType(type) }),
    ...(identity.id === undefined ? {} : { sha256: digestOf(input) }),
  };
}

function digestOf(input: unknown): string {
  const { receivedtime: _, ...content } = input as HoldfastEvent;
  return sha256(canonicalJson(content));
}

type RejectedRecord =
  | (Omit<KeptRejection, 'of' | 'isOutdated' | 'offset'> & { readonly of?: RejectedIdentity })
  /** A full export of this mapping began then: what it rejected before is outdated. */
  | { readonly exported: string; readonly since: string };

const decoder = new TextDecoder();

/**
 * The rejected inputs of a trial; without a protocol, those that name no published trial. What came several times is given once.
 */
export async function readRejections(log: EventLog, protocol: Protocol | undefined): Promise<KeptRejection[]> {
  const topic = protocol === undefined ? rejectedTopic.name : topicsOf(protocol).rejected.name;
  if (!(await log.topics()).some(({ name }) => name === topic)) return [];
  const kept = new Map<string, Omit<KeptRejection, 'isOutdated'>>();
  const exported = new Map<string, string>();
  for await (const records of recordsBetween(log, topic, 0)) {
    for (const { offset, value } of records) {
      const record = JSON.parse(decoder.decode(value)) as RejectedRecord;
      if ('exported' in record) {
        exported.set(record.exported, record.since);
        continue;
      }
      const { where, problems, receivedtime, mapping, from, isAmbiguous, of = {} } = record;
      const key = JSON.stringify([where, mapping, problems, of.source, of.id, of.subject, of.type]);
      kept.set(key, {
        ...{ where, problems, receivedtime, of, offset },
        ...(mapping === undefined ? {} : { mapping }),
        ...(from === undefined ? {} : { from }),
        ...(isAmbiguous ? { isAmbiguous } : {}),
      });
    }
  }
  return [...kept.values()].map((rejection) => {
    const since = rejection.mapping === undefined ? undefined : exported.get(rejection.mapping);
    return { ...rejection, isOutdated: since !== undefined && rejection.receivedtime < since };
  });
}
