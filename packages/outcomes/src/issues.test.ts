import { civilDay, type EventData, fullType, type ObservationType } from '@holdfast/events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbCase, arbRearranged } from '../../../test/reference/arbitraries.ts';
import { fold } from './fold.ts';
import { identityKey } from './history/identity.ts';
import { issuesOf } from './issues.ts';
import type { History, Observation, Side } from './observation.ts';

const site = '/trials/T/sites/A';
let made = 0;

function said<T extends ObservationType | 'correction' | 'retraction', S extends Side>(
  side: S,
  type: T,
  id: string,
  data: EventData<T>,
): Observation<S> {
  made += 1;
  return {
    side,
    type,
    source: site,
    id,
    sha256: `sha-${id}-${made}`,
    recordedAt: made,
    day: 1,
    data,
  } as unknown as Observation<S>;
}
const retracting = <S extends Side>(side: S, id: string, target: string) =>
  said(side, 'retraction', id, { target: { source: site, id: target }, reason: 'wrong', by: 'DM' });
function correcting<S extends Side, T extends ObservationType>(
  side: S,
  id: string,
  target: string,
  type: T,
  data: EventData<T>,
) {
  const event = { type: fullType(type), time: '2024-03-02T10:00:00+00:00', data } as EventData<'correction'>['event'];
  return said(side, 'correction', id, { target: { source: site, id: target }, reason: 'wrong', by: 'DM', event });
}
const enrolment = said('open', 'participant-enrolled', 'enrolment', { consentDate: '2024-02-01' });
const dose = said('sealed', 'dose-given', 'dose', { drug: 'x', given: { mg: 1 } });
const screen = said('open', 'urine-screen', 'screen', { results: { cocaine: 'negative' } });

const protocol = fc.sample(arbCase(), { numRuns: 1, seed: 1 })[0]?.protocol;
if (protocol === undefined) throw new Error('no protocol');
const blinded = { ...protocol, blinding: 'double' as const };

function listed(open: readonly Observation<'open'>[], sealed: readonly Observation<'sealed'>[]) {
  const boxes = new Set(sealed.map(identityKey));
  const history: History = { participant: 'P', open: [enrolment, ...open], sealed };
  const { open: seen, closed } = issuesOf(blinded, history, boxes);
  // Without the key the boxes are known by identity alone.
  expect(issuesOf(blinded, { ...history, sealed: [] }, boxes).open).toEqual(seen);
  const told = ({ issue, id, reason }: { issue: string; id: string; reason: string }) => [issue, id, reason];
  return { open: seen.map(told), closed: closed.map(told) };
}

describe('across the blind', () => {
  test('an open retraction of a sealed event is in order, and so is what takes it back', () => {
    const retraction = retracting('open', 'r', 'dose');
    expect(listed([retraction], [dose])).toEqual({ open: [], closed: [] });
    expect(listed([retraction, retracting('open', 'rr', 'r')], [dose])).toEqual({ open: [], closed: [] });
    expect(listed([retraction], []).open).toEqual([['target-not-seen', 'r', expect.stringContaining('send it')]]);
  });

  test('an open correction of a sealed event does nothing, and says what to do instead', () => {
    const correction = correcting('open', 'c', 'dose', 'urine-screen', { results: {} });
    const said = ['target-not-seen', 'c', expect.stringContaining('retract both, and send the right event')];
    expect(listed([correction], [dose])).toEqual({ open: [said], closed: [] });
    expect(listed([correction, retracting('open', 'r1', 'c'), retracting('open', 'r2', 'dose')], [dose])).toEqual({
      open: [],
      closed: [],
    });
  });

  test('a sealed correction of an open event does nothing; only the key shows it', () => {
    const correction = correcting('sealed', 'c', 'screen', 'dose-given', { drug: 'x', given: { mg: 1 } });
    const said = ['target-not-seen', 'c', expect.stringContaining('its target is an open event')];
    expect(listed([screen], [correction])).toEqual({ open: [], closed: [said] });
    expect(listed([screen, retracting('open', 'r', 'c')], [correction])).toEqual({ open: [], closed: [] });
  });
});

describe('a conflict', () => {
  const first = said('open', 'urine-screen', 'twice', { results: { cocaine: 'negative' } });
  const second = said('open', 'urine-screen', 'twice', { results: { cocaine: 'positive' } });
  test('is settled by a correction or retraction that came after all its contents, and only by that', () => {
    const both = ['conflict', 'conflict'];
    const kinds = (...more: readonly Observation<'open'>[]) =>
      listed([first, second, ...more], []).open.map(([kind]) => kind);
    expect(kinds()).toEqual(both);
    expect(kinds(correcting('open', 'c', 'twice', 'urine-screen', { results: {} }))).toEqual([]);
    const retraction = retracting('open', 'r', 'twice');
    expect(kinds(retraction)).toEqual([]);
    expect(kinds(retraction, retracting('open', 'rr', 'r'))).toEqual(both);
    const third = said('open', 'urine-screen', 'twice', { results: { cocaine: 'invalid' } });
    expect(kinds(retraction, third)).toEqual([...both, 'conflict']);
  });
});

test('the issues are those of the fold, in any order, but for what is known across the blind', () => {
  const cases = arbCase({ sealedRetractions: true }).chain((given) =>
    arbRearranged(given.history).map((other) => ({ ...given, other })),
  );
  const texts = (issues: readonly object[]) => issues.map((issue) => JSON.stringify(issue)).sort();
  fc.assert(
    fc.property(cases, ({ protocol: any, history, other }) => {
      const boxes = new Set(history.sealed.map(identityKey));
      const folded = fold(any, history, civilDay('2024-06-01'));
      expect(texts(issuesOf(any, history, new Set()).open)).toEqual(texts(folded.open.issues));
      expect(texts(issuesOf(any, history, boxes).closed)).toEqual(texts(folded.closed.issues));
      expect(texts(issuesOf(any, other, boxes).open)).toEqual(texts(issuesOf(any, history, boxes).open));
    }),
    { numRuns: 300 },
  );
});
