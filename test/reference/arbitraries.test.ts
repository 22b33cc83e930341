import { isClosed } from '@holdfast/access';
import { isUseMeasure, parseEvent, protocolCheck, shortType } from '@holdfast/events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  arbAsOf,
  arbCase,
  arbHistory,
  arbProtocol,
  arbRearranged,
  arbTrial,
  judgedKinds,
  observationOf,
  toEvent,
} from './arbitraries.ts';
import { naiveFold } from './naive-fold.ts';
import { naiveKinds } from './naive-kinds.ts';

test('every generated observation is that of a valid event which its protocol accepts', () => {
  fc.assert(
    fc.property(arbCase(), ({ protocol, history }) => {
      const check = protocolCheck(protocol);
      for (const observation of [...history.open, ...history.sealed]) {
        const parsed = parseEvent(toEvent(protocol.trial, history.participant, observation));
        if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
        expect(check(parsed.value)).toEqual([]);
      }
    }),
  );
});

test('an observation and its event are two forms of one thing', () => {
  fc.assert(
    fc.property(arbCase({ sealedRetractions: true }), ({ protocol, history }) => {
      for (const observation of [...history.open, ...history.sealed]) {
        const event = toEvent(protocol.trial, history.participant, observation);
        if (event.type === 'org.holdfast.day-turned.v1' || event.type === 'org.holdfast.cut-marked.v1')
          throw new Error('nobody generates Holdfast’s own records');
        expect(observationOf(event, observation.side)).toStrictEqual(observation);
      }
    }),
  );
});

test('what lies sealed is what is closed in a double-blind trial', () => {
  fc.assert(
    fc.property(arbCase(), ({ protocol, history }) => {
      const closed = ({ type, data }: { type: string; data: unknown }) =>
        protocol.blinding === 'double' && isClosed(type, data, protocol.closed);
      expect(history.open.filter(closed)).toEqual([]);
      expect(history.sealed.filter((observation) => !closed(observation))).toEqual([]);
    }),
  );
});

test('a rearranged history is the same set, and the naive fold says the same of it', () => {
  const rearranged = arbCase({ sealedRetractions: true }).chain((given) =>
    fc.record({ given: fc.constant(given), again: arbRearranged(given.history) }),
  );
  fc.assert(
    fc.property(rearranged, ({ given: { protocol, history, asOf }, again }) => {
      expect(naiveFold(protocol, again, asOf)).toEqual(naiveFold(protocol, history, asOf));
    }),
  );
});

test('the participants of a trial have distinct ids', () => {
  fc.assert(
    fc.property(
      arbProtocol().chain((protocol) => arbTrial(protocol)),
      (trial) => {
        expect(new Set(trial.map((history) => history.participant)).size).toBe(trial.length);
      },
    ),
  );
});

test('generated cases are rich: every issue, outcome, event type and odd day turns up', () => {
  const seen = new Map<string, number>();
  const saw = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  const cases = fc.sample(
    arbProtocol().chain((protocol) =>
      fc.tuple(fc.constant(protocol), arbHistory(protocol, 'P-1', { sealedRetractions: true }), arbAsOf(protocol)),
    ),
    { seed: 1, numRuns: 2000 },
  );
  for (const [protocol, history, asOf] of cases) {
    for (const observation of [...history.open, ...history.sealed]) {
      saw(observation.type);
      if (observation.type === 'correction')
        saw(`to ${shortType(observation.data.event.type as 'org.holdfast.urine-screen.v1')}`);
      const event = toEvent(protocol.trial, history.participant, observation);
      if (event.time.slice(0, 10) !== new Date(event.time).toISOString().slice(0, 10)) saw('another day in UTC');
    }
    const naive = naiveFold(protocol, history, asOf);
    for (const issue of new Set(naive.issues.map((each) => each.issue))) saw(`issue ${issue}`);
    if (naive.dayZero !== undefined) saw('randomised');
    for (const [group, member] of Object.entries(naive.groups)) saw(`${group} ${member}`);
    if (naive.periods.length > 1) saw('in two periods');
    if (naive.actualArm !== undefined && naive.actualArm !== naive.arm) saw('given another arm');
    for (const measure of protocol.measures) {
      const measured = naive.measures[measure.id];
      if (measured === undefined) continue;
      saw(`kind ${measure.kind}`);
      if (measure.population !== undefined)
        saw(`${measured.randomised.length > 0 ? 'in' : 'not in'} ${measure.population}`);
      if (isUseMeasure(measure) && measured.cells.some((cell) => cell.abstinent))
        saw(`abstinent by ${measure.evidence}`);
    }
    for (const { cells, followed, firstEvent, mature, statuses, values } of Object.values(naive.measures)) {
      if (mature.length > 0) saw('a mature day');
      for (const status of new Set(statuses.map((day) => day.status))) saw(`day ${status}`);
      for (const { policy, abstinent } of cells) if (abstinent) saw(`abstinent by ${policy}`);
      if (followed.some(({ missing }) => missing)) saw('followed and missing');
      if (values.length > 0) saw('a value');
      if (cells.some((cell) => cell.abstinent)) saw('abstinent');
      if (cells.some((cell) => cell.assessable && !cell.abstinent)) saw('assessable, not abstinent');
      if (firstEvent !== undefined) saw(`outcome ${firstEvent.outcome}`);
      if (firstEvent?.outcome === 'censored' && firstEvent.day > 0) saw('censored later than day 0');
    }
  }
  if (process.env.SHOW_COVERAGE === '1') console.log(Object.fromEntries([...seen].sort()));
  const expected = [
    ...['conflict', 'competing-corrections', 'target-not-seen', 'cycle', 'correction-of-retraction', 'no-enrolment'],
    ...['second-enrolment', 'second-randomisation', 'second-arm', 'no-arm'],
  ].map((issue) => `issue ${issue}`);
  expected.push('outcome event', 'outcome censored', 'outcome competing', 'censored later than day 0', 'randomised');
  expected.push(
    'a mature day',
    'abstinent',
    'assessable, not abstinent',
    'biomarker',
    ...['use', 'abstinent', 'missing', 'unscheduled', 'not-yet', 'controlled', 'off-study'].map(
      (status) => `day ${status}`,
    ),
    ...['observed-only', 'missing-is-use', 'worst-case', 'best-case', 'carry-forward-5'].map(
      (policy) => `abstinent by ${policy}`,
    ),
    ...[
      'urine-only',
      'self-report-only',
      'any-positive',
      'confirmed-by-urine',
      'confirmed-by-relative',
      'confirmed-by-urine-or-relative',
    ].map((rule) => `abstinent by ${rule}`),
    'followed and missing',
    ...['mild', 'severe', 'not known'].map((member) => `severity ${member}`),
    ...['female', 'male', 'not known'].map((member) => `sex ${member}`),
    ...['18 to 39', '40 and more', 'not known'].map((member) => `age-band ${member}`),
    ...['low', 'high', 'not known'].map((member) => `depression ${member}`),
    'in two periods',
    'given another arm',
    ...['in everybody', 'in dosed', 'not in dosed', 'in as-treated', 'not in as-treated', 'in in-the-arm-given'],
    ...[...judgedKinds, ...Object.keys(naiveKinds)].map((kind) => `kind ${kind}`),
    'another day in UTC',
    'to urine-screen',
    'to arm-assigned',
  );
  for (const what of expected) expect(seen.get(what) ?? 0, what).toBeGreaterThan(20);
});
