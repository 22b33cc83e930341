import { dateOf, type HoldfastEvent, Protocol } from '@holdfast/events';

/** How large a trial is that is made to measure what a machine bears: so many participants, about so many events of each. */
export type LoadTrial = { readonly participants: number; readonly eventsEach: number };

/** What a trial's sites send on one day, in order of arrival. */
export type SentDay = { readonly day: number; readonly events: readonly HoldfastEvent[] };

const trial = 'LOAD';
const sites = 8;
const armIds = ['A', 'B', 'C', 'D'] as const;
const firstDay = 20_500;
/** Days over which participants are recruited, and days that each of them is followed. */
const recruitment = 84;
const followUp = 168;
/** Days before randomisation on which participants consent. */
const consentBefore = 7;
/** Corrections, and what is sent twice, for each observation. */
const extraForEach = 0.03;
const latestDelay = 30;

const look = { substances: ['opioids'], evidence: 'urine-only', windows: [28], horizon: followUp };

/** The day after which all of the trial's days are mature. */
export const loadTrialOver = firstDay + recruitment + followUp + 2 * latestDelay;

/**
 * The protocol of a load trial: an open-label trial of four arms and eight sites, with one look at urine screens: the rolling rate of
 * 28 days, and the first use.
 */
export function loadProtocol(): Protocol {
  return Protocol.parse({
    format: 'holdfast-protocol/1',
    trial,
    version: 1,
    title: 'A trial of any size, to measure with',
    blinding: 'open',
    clock: 'imported',
    partitions: 4,
    plannedFollowUp: followUp,
    arms: armIds.map((id) => ({ id })),
    sites: Array.from({ length: sites }, (_, site) => `S${site + 1}`),
    substances: [{ id: 'opioids' }, { id: 'cocaine' }],
    measures: [
      { id: 'abstinence', kind: 'rolling-abstinence', coverage: { atLeast: 1 }, policies: ['observed-only'], ...look },
      { id: 'first-use', kind: 'first-use', ...look },
    ],
  });
}

/** A number from 0 to 999 that looks as if drawn: each event of a load trial is a function of its participant and its number alone. */
function drawn(participant: number, n: number, what: number): number {
  let mixed = Math.imul(participant + 1, 0x9e3779b1) ^ Math.imul(n + 1, 0x85ebca6b) ^ Math.imul(what + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return ((mixed ^ (mixed >>> 15)) >>> 0) % 1_000;
}

const siteOf = (participant: number): string => `S${1 + (participant % sites)}`;
const dayZeroOf = (participant: number): number => firstDay + consentBefore + (participant % recruitment);

function event(
  participant: number,
  id: string,
  type: string,
  day: number,
  recorded: number,
  data: object,
  from = `sites/${siteOf(participant)}`,
): HoldfastEvent {
  const minutes = String(participant % 60).padStart(2, '0');
  return {
    specversion: '1.0',
    id: `${participant}-${id}`,
    source: `/trials/${trial}/${from}`,
    subject: `P-${participant}`,
    type: `org.holdfast.${type}.v1`,
    time: `${dateOf(day)}T09:${minutes}:00+00:00`,
    recordedtime: `${dateOf(recorded)}T15:${minutes}:00+00:00`,
    data,
  } as unknown as HoldfastEvent;
}

/** Of eight observations five are calendars of a day, two urine screens, and one is a score. */
function observed(participant: number, n: number, day: number, isChanged: boolean): { type: string; data: object } {
  const isPositive = drawn(participant, n, 0) < 300 !== isChanged;
  switch (n % 8) {
    case 0:
    case 4: {
      const cocaine = drawn(participant, n, 1) < 200 ? 'positive' : 'negative';
      return { type: 'urine-screen', data: { results: { opioids: isPositive ? 'positive' : 'negative', cocaine } } };
    }
    case 2: {
      const total = (drawn(participant, n, 1) + (isChanged ? 1 : 0)) % 28;
      return { type: 'scale-score', data: { instrument: 'PHQ-9', total } };
    }
    default: {
      const date = dateOf(day);
      const days = isPositive ? { [date]: { opioids: {} } } : {};
      const asked = { from: date, to: date, complete: true, interview: date };
      return { type: 'use-calendar', data: { ...asked, days, informant: 'participant' } };
    }
  }
}

type Sending = { readonly day: number; readonly event: HoldfastEvent };

/** What is sent of a participant's `n`th observation: 2 % late, 2 % twice, 1 % corrected later. */
function sendingsOf(participant: number, n: number, day: number): Sending[] {
  const { type, data } = observed(participant, n, day, false);
  const delay = drawn(participant, n, 2) < 20 ? 1 + (drawn(participant, n, 3) % latestDelay) : 0;
  const sent = event(participant, String(n), type, day, day + delay, data);
  const sendings = [{ day: day + delay, event: sent }];
  const fate = drawn(participant, n, 4);
  const later = day + delay + 1 + (drawn(participant, n, 5) % latestDelay);
  if (fate < 20) sendings.push({ day: later, event: sent });
  else if (fate < 30) {
    const { data: changed } = observed(participant, n, day, true);
    const correction = {
      target: { source: sent.source, id: sent.id },
      reason: 'read again',
      by: 'site',
      event: { type: sent.type, time: sent.time, data: changed },
    };
    sendings.push({ day: later, event: event(participant, `${n}-again`, 'correction', later, later, correction) });
  }
  return sendings;
}

/** What is sent of a participant for the first time on `day`. */
function sentOn(participant: number, day: number, observations: number): Sending[] {
  const dayZero = dayZeroOf(participant);
  const once = (id: string, type: string, data: object, from?: string): Sending => ({
    day,
    event: event(participant, id, type, day, day, data, from),
  });
  if (day === dayZero - consentBefore) {
    const data = { consentDate: dateOf(day), substances: ['opioids'] };
    return [once('enrolled', 'participant-enrolled', data)];
  }
  if (day === dayZero) {
    const arm = armIds[participant % armIds.length];
    return [
      once('randomised', 'participant-randomised', { date: dateOf(day) }),
      once('arm', 'arm-assigned', { arm }, 'randomisation'),
    ];
  }
  const studyDay = day - dayZero;
  if (studyDay < 1 || studyDay > followUp) return [];
  const first = (until: number) => Math.ceil((until * observations) / followUp);
  const sendings: Sending[] = [];
  for (let n = first(studyDay - 1); n < first(studyDay); n += 1) sendings.push(...sendingsOf(participant, n, day));
  return sendings;
}

const observationsOf = ({ eventsEach }: LoadTrial): number =>
  Math.max(0, Math.round((eventsEach - 3) / (1 + extraForEach)));

/** A load trial's events, participant by participant: each one's whole history together, in order of arrival. */
export function* loadByParticipant(size: LoadTrial): Generator<readonly HoldfastEvent[]> {
  const observations = observationsOf(size);
  for (let participant = 0; participant < size.participants; participant += 1) {
    const sendings: Sending[] = [];
    const dayZero = dayZeroOf(participant);
    for (let day = dayZero - consentBefore; day <= dayZero + followUp; day += 1)
      sendings.push(...sentOn(participant, day, observations));
    yield sendings.sort((a, b) => a.day - b.day).map((sending) => sending.event);
  }
}

/** A load trial's events as a running trial gets them: day by day, each day participant by participant, what is late on its day. */
export function* loadByDay(size: LoadTrial): Generator<SentDay> {
  const observations = observationsOf(size);
  const heldBack = new Map<number, HoldfastEvent[]>();
  for (let day = firstDay; day <= loadTrialOver; day += 1) {
    const events = heldBack.get(day) ?? [];
    heldBack.delete(day);
    for (let participant = 0; participant < size.participants; participant += 1) {
      for (const sending of sentOn(participant, day, observations)) {
        if (sending.day === day) {
          events.push(sending.event);
          continue;
        }
        const held = heldBack.get(sending.day);
        if (held === undefined) heldBack.set(sending.day, [sending.event]);
        else held.push(sending.event);
      }
    }
    yield { day, events };
  }
}
