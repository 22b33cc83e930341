import { civilDay, dateOf, Protocol } from '@holdfast/events';
import { expect, test } from 'vitest';
import { fold } from './fold.ts';
import { follower } from './followed.ts';
import type { History, Observation } from './observation.ts';

const protocol = Protocol.parse({
  format: 'holdfast-protocol/1',
  trial: 'T-1',
  version: 1,
  title: 'A trial that seals what is given',
  blinding: 'double',
  clock: 'imported',
  partitions: 1,
  plannedFollowUp: 84,
  arms: [{ id: 'A' }, { id: 'B' }],
  sites: ['GB-01'],
  substances: [{ id: 'alcohol' }],
  measures: [{ id: 'doses', kind: 'exposure', horizon: 84 }],
});
const dayZero = civilDay('2026-03-02');
const clock = dayZero + 200;
const site = '/trials/T-1/sites/GB-01';

let sent = 0;
function said(side: 'open' | 'sealed', type: string, id: string, data: object, day = 3): Observation {
  sent += 1;
  const sha256 = String(sent).padStart(64, '0');
  return { side, type, source: site, id, sha256, recordedAt: sent, day: dayZero + day, data } as unknown as Observation;
}

const start = [
  said('open', 'participant-enrolled', 'e', { consentDate: dateOf(dayZero) }, 0),
  said('open', 'participant-randomised', 'r', { date: dateOf(dayZero) }, 0),
];
const visit = (id: string) => said('open', 'visit-attended', id, { visit: 'W1' });
const dose = (id: string) => said('sealed', 'dose-given', id, { drug: 'ketamine', given: { mg: 50 } });
const target = (id: string) => ({ target: { source: site, id }, reason: 'wrong', by: 'DM' });

function history(observations: readonly Observation[]): History {
  return {
    participant: 'P-1',
    open: observations.filter((one): one is Observation<'open'> => one.side === 'open'),
    sealed: observations.filter((one): one is Observation<'sealed'> => one.side === 'sealed'),
  };
}

/** What is given in the end, as followed from event to event, where that goes without the whole history. */
function doses(observations: readonly Observation[]): { readonly followed: number; readonly folded: number } {
  let followed = follower(protocol)(history(start));
  const here = [...start];
  for (const one of observations) {
    here.push(one);
    if (followed.take(one) === 'settle-anew') followed = follower(protocol)(history(here));
  }
  const valuesOf = (values: readonly { kind: string; value: number }[]) =>
    values.filter(({ kind }) => kind === 'sessions').reduce((sum, { value }) => sum + value, 0);
  return {
    followed: valuesOf(followed.factsAt(clock).flatMap(([, { values }]) => values)),
    folded: valuesOf(fold(protocol, history(here), clock).closed.values),
  };
}

test('a dose that comes sealed under an identity which an open retraction took back is taken back', () => {
  expect(doses([dose('7')])).toEqual({ followed: 1, folded: 1 });
  expect(doses([visit('7'), said('open', 'retraction', '8', target('7')), dose('7')])).toEqual({
    followed: 0,
    folded: 0,
  });
});
