import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dateOf } from '../civil-date.ts';
import { Protocol } from './protocol.ts';
import { amendedProtocol, type PublishedVersion, protocolFor, scheduledVisits } from './schedule.ts';

const protocol = (changes: object): Protocol =>
  Protocol.parse({
    format: 'holdfast-protocol/1',
    trial: 'KARE-2',
    version: 1,
    title: 'A trial',
    blinding: 'open',
    clock: 'live',
    plannedFollowUp: 90,
    arms: [{ id: 'ketamine' }],
    sites: ['GB-01'],
    substances: [{ id: 'alcohol' }],
    measures: [
      { id: 'first', kind: 'first-use', substances: ['alcohol'], evidence: 'any-positive', windows: [28], horizon: 84 },
    ],
    ...changes,
  });

const arbVersions: fc.Arbitrary<PublishedVersion[]> = fc
  .array(
    fc.record({
      publishedOn: fc.option(fc.integer({ min: 20_000, max: 20_010 }), { nil: undefined }),
      appliesTo: fc.constantFrom('new-participants', 'everybody', undefined),
      from: fc.option(fc.integer({ min: 20_000, max: 20_010 }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((all) =>
    all.map(({ publishedOn, appliesTo, from }, i) => ({
      publishedOn,
      protocol: protocol({
        version: i + 1,
        entryLag: i,
        visits: [{ id: `V${i}`, day: i }],
        ...(appliesTo === undefined
          ? {}
          : {
              amendment: {
                appliesTo,
                ...(appliesTo === 'everybody' || from === undefined ? {} : { from: dateOf(from) }),
              },
            }),
      }),
    })),
  );

/** From the text of the design alone: the version in force on the day of randomisation, unless an amendment says otherwise. */
function inForce(versions: readonly PublishedVersion[], dayZero: number): Protocol {
  let kept = versions[0]?.protocol;
  for (const { protocol: later, publishedOn } of versions.slice(1)) {
    const { appliesTo = 'new-participants', from } = later.amendment ?? {};
    const date = from ?? (publishedOn === undefined ? '0000' : dateOf(publishedOn));
    if (appliesTo === 'everybody' || date <= dateOf(dayZero)) kept = later;
  }
  if (kept === undefined) throw new Error('there is at least one version');
  return kept;
}

describe('the schedule of a participant', () => {
  test('is that of the version in force on the day of randomisation; all else is the newest', () => {
    fc.assert(
      fc.property(arbVersions, fc.integer({ min: 19_998, max: 20_012 }), (versions, dayZero) => {
        const newest = versions.at(-1)?.protocol;
        const amended = amendedProtocol(versions);
        if (newest === undefined || amended === undefined) throw new Error('there is a newest version');
        const { schedules: _, ...kept } = protocolFor(amended, dayZero) as typeof amended;
        const { visits, entryLag } = inForce(versions, dayZero);
        expect(kept).toEqual({ ...newest, visits, entryLag });
      }),
      { numRuns: 1_000 },
    );
  });

  test('a visit that some participant still has is scheduled', () => {
    const versions = [
      { publishedOn: 20_000, protocol: protocol({ visits: [{ id: 'W4', day: 28 }] }) },
      { publishedOn: 20_100, protocol: protocol({ version: 2, visits: [{ id: 'W5', day: 35 }] }) },
    ];
    const amended = amendedProtocol(versions);
    expect(amended && [...scheduledVisits(amended)]).toEqual(['W4', 'W5']);
  });

  test('an amendment for everybody has no day from which it holds', () => {
    const amendment = { appliesTo: 'everybody', from: '2026-01-01' };
    expect(() => protocol({ version: 2, amendment })).toThrow('leave one out');
  });
});
