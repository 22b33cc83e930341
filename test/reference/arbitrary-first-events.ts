import type { Protocol } from '@holdfast/events';
import fc from 'fast-check';
import type { MeasureSetting } from './arbitrary-measures.ts';

type ArbMeasure = fc.Arbitrary<Partial<Protocol['measures'][number]>>;

const upTo = (max: number, min = 1) => fc.integer({ min, max: Math.max(min, max) });
const windows = (horizon: number) => fc.uniqueArray(upTo(Math.min(6, horizon)), { minLength: 1, maxLength: 2 });
const missing = fc.constantFrom('use', 'free');

// Short runs, so that in a few weeks some are whole and some are not; none longer than the days on which it could be found.
const pattern = (room: number) =>
  fc.oneof(
    ...(room < 7
      ? []
      : [fc.record({ is: fc.constant('weeks-in-a-row'), weeks: upTo(Math.min(2, Math.floor(room / 7))), missing })]),
    fc.record({ is: fc.constant('days-in-a-row'), days: upTo(Math.min(4, room)), missing }),
    fc
      .tuple(upTo(Math.min(3, room)), fc.nat({ max: 4 }))
      .map(([days, more]) => ({ is: 'heavy-days', days, within: days + more })),
    fc.constant({ is: 'first-use' }),
    fc.constant({ is: 'leaving' }),
    fc.record({ is: fc.constant('baseline-pattern'), within: upTo(9, 7) }),
  );
const heavy = fc.oneof(
  fc.record({ atLeastGrams: fc.constantFrom(1, 1, 2.5, 3, 70) }),
  fc.constant({ by: 'sex', atLeastGrams: { female: 1, male: 4 } }),
);

export const arbLapse = ({ useEvidence, horizon }: MeasureSetting): ArbMeasure =>
  fc
    .tuple(
      useEvidence,
      fc.record({
        kind: fc.constant('lapse'),
        windows: windows(horizon),
        horizon: fc.constant(horizon),
        after: fc.oneof(
          upTo(4).map((abstinentDays) => ({ abstinentDays })),
          upTo(Math.min(6, horizon - 1), 0).map((quitDay) => ({ quitDay })),
        ),
      }),
    )
    .map(([evidence, rest]) => ({ ...evidence, ...rest }) as Partial<Protocol['measures'][number]>);

export const arbRelapse = ({ useEvidence, horizon }: MeasureSetting): ArbMeasure =>
  fc
    .tuple(
      useEvidence,
      upTo(Math.min(4, horizon)).chain((from) =>
        fc.record({
          kind: fc.constant('relapse'),
          windows: windows(horizon),
          horizon: fc.constant(horizon),
          from: fc.constant(from),
          patterns: fc.oneof(
            { weight: 2, arbitrary: pattern(horizon - from + 1).map((one) => [one]) },
            { weight: 1, arbitrary: fc.array(pattern(horizon - from + 1), { minLength: 2, maxLength: 3 }) },
          ),
          heavy,
        }),
      ),
    )
    // Only calendars tell amounts: a protocol with heavy days by urine alone is refused.
    .map(
      ([evidence, rest]) =>
        ({
          ...evidence,
          ...rest,
          ...('evidence' in evidence &&
          evidence.evidence === 'urine-only' &&
          rest.patterns.some(({ is }) => is === 'heavy-days')
            ? { evidence: 'any-positive' }
            : {}),
        }) as Partial<Protocol['measures'][number]>,
    );

export const arbRetention = ({ id, horizon }: MeasureSetting): ArbMeasure =>
  fc.record({
    id: fc.constant(id),
    kind: fc.constant('retention'),
    windows: windows(horizon),
    horizon: fc.constant(horizon),
  }) as ArbMeasure;
