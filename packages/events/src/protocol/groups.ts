import { z } from 'zod';
import { CovariateId, FactorId, InstrumentId } from '../identifiers.ts';
import type { Instrument } from '../instruments.ts';
import { type Report, reportRepeats } from './report.ts';

export const GroupId = FactorId;

const Bands = z
  .array(
    z.strictObject({
      label: z.string().min(1).max(64),
      from: z.number().meta({ description: 'lowest value of the band; it ends where the next one begins' }),
    }),
  )
  .min(1)
  .max(16)
  .meta({ description: 'bands of a number, in increasing order; below the first one nobody is in any' });

/** How participants are divided: by stratum, by a baseline covariate, or by the last score up to study day 0. */
export const Group = z
  .strictObject({
    id: GroupId,
    title: z.string().min(1).max(200).optional(),
    by: z.union(
      [z.literal('stratum'), z.strictObject({ covariate: CovariateId }), z.strictObject({ score: InstrumentId })],
      { error: 'must be stratum; covariate with its name; or score with an instrument' },
    ),
    bands: Bands.optional().meta({ description: 'of a number; absent: each value is a group of its own' }),
  })
  .meta({ title: 'Group', description: 'A division of the participants that rates can be split by.' });
export type Group = z.infer<typeof Group>;

/** Who counts in a measure, and in which arm. */
export const Population = z
  .strictObject({
    id: GroupId,
    title: z.string().min(1).max(200).optional(),
    requires: z
      .enum(['randomisation', 'dose'])
      .meta({ description: 'randomisation: everybody randomised; dose: who was given a first dose' }),
    arm: z
      .enum(['planned', 'actual'])
      .default('planned')
      .meta({ description: 'planned: as randomised; actual: the arm that gives the drug of the first dose' }),
  })
  .meta({ title: 'Population' });
export type Population = z.infer<typeof Population>;

type Known = {
  readonly groups: readonly Group[];
  readonly populations: readonly Population[];
  readonly blinding: 'open' | 'double';
  readonly closed: readonly string[];
  readonly arms: readonly { readonly gives?: readonly string[] | undefined; readonly factors?: object | undefined }[];
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly baseline: ReadonlySet<string> | undefined;
};

const reserved = ['arm', 'site', 'group', 'period'];

/** What is wrong with groups and populations beyond their shape. */
export function checkGroups(known: Known, report: Report): void {
  const { groups, populations, arms, instruments, baseline } = known;
  const factors = new Set(arms.flatMap((arm) => Object.keys(arm.factors ?? {})));
  reportRepeats(
    groups.map(({ id }) => id),
    (i) => ['groups', i, 'id'],
    'group',
    report,
  );
  groups.forEach(({ id, by, bands = [] }, index) => {
    const at = (...path: PropertyKey[]) => ['groups', index, ...path];
    if (reserved.includes(id)) report(at('id'), `"${id}" is split by anyway; choose another name`);
    if (factors.has(id)) report(at('id'), `"${id}" is a factor of the arms; choose another name`);
    bands.forEach((band, i) => {
      if (i > 0 && band.from <= (bands[i - 1]?.from ?? 0))
        report(at('bands', i, 'from'), 'is not above the band before; put them in increasing order');
    });
    if (by === 'stratum') {
      if (bands.length > 0) report(at('bands'), 'is of a number, and a stratum is none; remove it');
      return;
    }
    if ('score' in by) {
      if (bands.length === 0) report(at('bands'), 'is missing for a score; say which scores go together');
      if (!instruments.has(by.score))
        report(at('by', 'score'), `"${by.score}" is no instrument of the trial; declare it under instruments`);
      else if (instruments.get(by.score)?.total === undefined)
        report(
          at('by', 'score'),
          `"${by.score}" has no total, so nobody would be in any band; declare a total under instruments, or choose another group`,
        );
      if (known.blinding === 'double' && known.closed.includes('scale-score'))
        report(at('by', 'score'), 'would show closed scores to blinded people; choose another group');
    } else if (baseline !== undefined && !baseline.has(by.covariate))
      report(at('by', 'covariate'), `"${by.covariate}" is no covariate of the trial; declare it under baseline`);
  });
  reportRepeats(
    populations.map(({ id }) => id),
    (i) => ['populations', i, 'id'],
    'population',
    report,
  );
  populations.forEach(({ arm }, index) => {
    if (arm === 'actual' && !arms.every(({ gives = [] }) => gives.length > 0))
      report(['populations', index, 'arm'], 'needs what each arm gives; declare gives for every arm');
  });
}
