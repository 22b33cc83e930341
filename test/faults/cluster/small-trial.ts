import { type Protocol, parseProtocol } from '@holdfast/events';
import type { Chance } from './chance.ts';

const text = (trial: string) => `
format: holdfast-protocol/1
trial: ${trial}
version: 1
title: A trial on a cluster that fails
blinding: open
clock: live
timeZone: UTC
partitions: 4
plannedFollowUp: 28
arms: [{ id: A }, { id: B }]
sites: [S1]
substances: [{ id: cocaine }]
measures:
  - { id: abstinence, kind: rolling-abstinence, substances: [cocaine], evidence: urine-only, windows: [7, 14], coverage: { atLeast: 1 }, horizon: 28, policies: [observed-only, missing-is-use] }
  - { id: first-use, kind: first-use, substances: [cocaine], evidence: urine-only, windows: [7], horizon: 28 }
`;

export function smallTrial(trial: string): Protocol {
  const parsed = parseProtocol(text(trial));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

export type Role = 'site' | 'randomisation';
export type SentEvent = { readonly id: string; readonly source: string; readonly [field: string]: unknown };
/** What is sent at once, and once more if `again`. */
export type Sending = { readonly role: Role; readonly events: readonly SentEvent[]; readonly again: boolean };

const date = (day: number) => new Date(Date.UTC(2025, 0, 6 + day)).toISOString().slice(0, 10);

/**
 * Everything that is sent of one participant, in the order in which it is sent, which is any: enrolled, randomised, an arm, urine screens, of which
 * some are corrected or taken back, some are told twice.
 */
export function participantsSendings(trial: string, subject: string, chance: Chance): readonly Sending[] {
  const dayZero = chance.whole(0, 30);
  const envelope = (role: Role, what: string, type: string, day: number, data: object): SentEvent => {
    const time = `${date(dayZero + day)}T10:00:00+00:00`;
    const from = role === 'site' ? 'sites/S1' : 'randomisation';
    return {
      specversion: '1.0',
      id: `${subject}-${what}`,
      source: `/trials/${trial}/${from}`,
      subject,
      type: `org.holdfast.${type}.v1`,
      time,
      recordedtime: time,
      data,
    };
  };
  const site = (what: string, type: string, day: number, data: object) => envelope('site', what, type, day, data);
  const results = () => ({ results: { cocaine: chance.oneOf(['negative', 'negative', 'positive']) } });
  const weeks = [7, 14, 21, 28].filter(() => chance.percent(90));
  const screens = weeks.map((day) => site(`screen-${day}`, 'urine-screen', day, results()));
  const second = screens
    .filter(() => chance.percent(25))
    .map(({ id, source, type, time }, i) => {
      const said = { target: { source, id }, reason: 'entered for another one', by: 'coordinator' };
      return chance.percent(70)
        ? site(`correction-${i}`, 'correction', 30, { ...said, event: { type, time, data: results() } })
        : site(`retraction-${i}`, 'retraction', 30, said);
    });
  const events = chance.shuffled([
    site('enrolled', 'participant-enrolled', 0, { consentDate: date(dayZero) }),
    site('randomised', 'participant-randomised', 0, { date: date(dayZero) }),
    ...screens,
    ...second,
  ]);
  const sendings: Sending[] = [];
  while (events.length > 0)
    sendings.push({ role: 'site', events: events.splice(0, chance.whole(1, 6)), again: chance.percent(20) });
  const arm = envelope('randomisation', 'arm', 'arm-assigned', 0, { arm: chance.oneOf(['A', 'B']) });
  return chance.shuffled([...sendings, { role: 'randomisation', events: [arm], again: chance.percent(20) }]);
}
