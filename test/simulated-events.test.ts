import {
  civilDay,
  dateOf,
  isOwnRecord,
  type Protocol,
  parseEvent,
  protocolCheck,
  sha256,
  shortType,
} from '@holdfast/events';
import { fold, type History, type Observation } from '@holdfast/outcomes';
import {
  type EnteredEvent,
  ofSize,
  parseScenario,
  type Scenario,
  scenarioProblems,
  simulateTrial,
} from '@holdfast/simulate';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { protocolNamed, scenarioNamed } from './simulated-trial.ts';

let protocol: Protocol;
let scenario: Scenario;
beforeAll(async () => {
  protocol = await protocolNamed('alcohol-2x2');
  scenario = ofSize(await scenarioNamed('more-kare', protocol), 24);
});

const without = { late: 0, corrected: 0, contradictory: 0, rejected: 0, twice: 0 };
const checked = ({ event }: EnteredEvent) => protocolCheck(protocol)(event);

/** What the events mean for each participant, once every day is mature; without what is only listed. */
function meant(entered: readonly EnteredEvent[]): Map<string, object> {
  const histories = new Map<string, Observation<'open'>[]>();
  for (const one of entered) {
    const { event } = one;
    if (isOwnRecord(event.type) || !('subject' in event) || checked(one).length > 0) continue;
    const { type, source, id, subject, time, recordedtime, data } = event;
    const observation = {
      side: 'open',
      type: shortType(type),
      source,
      id,
      sha256: sha256(JSON.stringify([type, time, recordedtime, data])),
      recordedAt: Date.parse(recordedtime),
      day: Math.floor(Date.parse(time) / 86_400_000),
      data,
    } as unknown as Observation<'open'>;
    histories.set(subject, [...(histories.get(subject) ?? []), observation]);
  }
  const clock = (entered.at(-1)?.day ?? 0) + 800;
  return new Map(
    [...histories].map(([participant, open]) => {
      const history: History = { participant, open, sealed: [] };
      const { spells, firstEvents, values } = fold({ ...protocol, blinding: 'open' }, history, clock).open;
      // Values come in the order of what they were made of.
      return [participant, { spells, firstEvents, values: values.map((value) => JSON.stringify(value)).sort() }];
    }),
  );
}

describe('a simulated trial', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(simulateTrial(protocol, scenario)).toEqual(simulateTrial(protocol, scenario));
    expect(simulateTrial(protocol, { ...scenario, seed: 1 })).not.toEqual(simulateTrial(protocol, scenario));
  });

  test('obeys its protocol, but for what a site gets wrong and sends again', () => {
    const entered = simulateTrial(protocol, scenario);
    for (const { event } of entered) expect(parseEvent(event)).toMatchObject({ ok: true });
    const refused = entered.filter((one) => checked(one).length > 0);
    expect(refused.length).toBeGreaterThan(0);
    const accepted = new Set(entered.filter((one) => checked(one).length === 0).map(({ event }) => event.id));
    expect(refused.filter(({ event }) => !accepted.has(event.id))).toEqual([]);
    expect(simulateTrial(protocol, { ...scenario, faults: without }).filter((one) => checked(one).length > 0)).toEqual(
      [],
    );
  });

  test('says nothing that its protocol does not declare', () => {
    const bare = { ...protocol, instruments: [{ id: 'BDI-II' }] } as Protocol;
    const types = (given: Protocol) => new Set(simulateTrial(given, scenario).map(({ event }) => event.type));
    expect(types(protocol)).toContain('org.holdfast.scale-score.v1');
    expect(types(bare)).not.toContain('org.holdfast.scale-score.v1');
  });

  test('has arms from the randomisation service alone, and nothing of a site once it is silent', () => {
    const silent = dateOf(civilDay(scenario.firstDay) + 133);
    const quiet = {
      ...scenario,
      sites: { ...scenario.sites, 'GB-01': { ...scenario.sites['GB-01'], silentAfter: 133 } },
    };
    const parsed = parseScenario(JSON.stringify(quiet));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const entered = simulateTrial(protocol, parsed.value);
    const of = (source: string) => entered.filter(({ event }) => event.source.endsWith(source));
    expect(of('/randomisation').map(({ event }) => event.type)).toEqual(
      of('/randomisation').map(() => 'org.holdfast.arm-assigned.v1'),
    );
    expect(of('/randomisation')).toHaveLength(scenario.participants);
    const times = of('/sites/GB-01').map(({ event }) => event.recordedtime.slice(0, 10));
    expect(times.length).toBeGreaterThan(0);
    expect(times.filter((time) => time >= silent)).toEqual([]);
  });
});

test('whatever goes wrong on the way, the facts in the end are those of the same trial without a fault', () => {
  const share = fc.double({ min: 0, max: 0.2, noNaN: true });
  const faults = fc.record({ late: share, corrected: share, contradictory: share, rejected: share, twice: share });
  fc.assert(
    fc.property(fc.nat({ max: 1_000_000 }), faults, (seed, given) => {
      const seeded = { ...ofSize(scenario, 6), seed };
      const faulty = simulateTrial(protocol, { ...seeded, faults: given });
      expect(meant(faulty)).toEqual(meant(simulateTrial(protocol, { ...seeded, faults: without })));
    }),
    { numRuns: 15 },
  );
});

test('a scenario that does not fit its protocol is told what is wrong, and where', () => {
  const wrong: Scenario = {
    ...scenario,
    substance: 'heroin',
    sites: { ...scenario.sites, 'GB-99': { weight: 1, eventsTold: 1, entersLater: 0 } },
  };
  expect(scenarioProblems(wrong, protocol).map(({ path }) => path)).toEqual(['substance', 'sites.GB-99']);
  const { arms, ...others } = scenario;
  const [, ...rest] = Object.entries(arms);
  expect(
    scenarioProblems({ ...others, arms: Object.fromEntries(rest) }, protocol).map(({ message }) => message),
  ).toContain('say nothing of arm "Ketamine 0.8 + therapy"; add it');
  expect(parseScenario('format: holdfast-scenario/1\nparticipant: 3\n')).toMatchObject({ ok: false });
});
