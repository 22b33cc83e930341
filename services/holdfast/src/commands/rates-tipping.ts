import { type AbstinenceMeasure, dateOf, isAbstinenceMeasure, type Protocol } from '@holdfast/events';
import { abstinenceCurve, type ComparedDay, comparedAbstinence, type Slice } from '@holdfast/tallies';
import type { Command } from 'commander';
import { armNames, sideFor, talliesFor } from '../by-arm.ts';
import { CommandFailed } from '../command-failed.ts';
import { type KnownOptions, knownAt } from '../known-at.ts';
import type { Format } from '../output/format.ts';
import { printRows, type Value } from '../output/print-rows.ts';
import { watermarkLine } from '../output/watermark.ts';
import { chooseAxis, chooseWindows, curveDaysOf, firstDayOf, parseAxisDays } from '../rate-selectors.ts';
import { type By, controlArm, factorsOf, noteThoseWithoutArm, parseBy, partsOf } from '../selectors.ts';
import { chooseMeasure, chooseTrial, withStore } from '../store.ts';

export const tippingColumns = [
  'trial',
  'measure',
  'window_days',
  'axis',
  'day',
  'arm',
  'control',
  'site',
  'group',
  'rate',
  'control_rate',
  'difference',
  'lower',
  'upper',
  'missing',
  'control_missing',
  'tipping',
  'method',
] as const;

/** What a question about rates may say. */
export type RatesOptions = KnownOptions & {
  readonly trial?: string;
  readonly measure?: string;
  readonly window?: string;
  readonly missing?: string;
  readonly by?: string;
  readonly axis: string;
  readonly day?: string;
  readonly tipping?: boolean;
  readonly format: Format;
};

/** The abstinence that a comparison is of: the named one, or the only one there is. */
export function chooseAbstinence(protocol: Protocol, name: string | undefined): AbstinenceMeasure {
  const measures = protocol.measures.filter(isAbstinenceMeasure);
  if (measures.length === 0)
    throw new CommandFailed(
      `${protocol.trial} declares no abstinence (kind: rolling-abstinence or continuous-abstinence), and tipping is of nothing else`,
    );
  const measure = chooseMeasure(name === undefined ? { ...protocol, measures } : protocol, name);
  if (!isAbstinenceMeasure(measure))
    throw new CommandFailed(
      `${measure.id} is no share of participants who are abstinent (kind: ${measure.kind}), and tipping is of nothing else; use ${measures.map(({ id }) => id).join(', ')}`,
    );
  return measure;
}

/** An arm, or a level of a factor, and what it is compared with. */
type Pair = {
  readonly arm: string;
  readonly control: string;
  readonly of: ReadonlySet<string>;
  readonly than: ReadonlySet<string>;
};

/** Every arm beside the control arm; or every level of the factor that is asked for beside the control arm's. */
function pairsOf(protocol: Protocol, by: By, token: (arm: string) => string): Pair[] {
  const control = controlArm(protocol);
  const factors = [...factorsOf(protocol)].filter(([factor]) => by.has(factor));
  const [asked, ...more] = factors;
  if (more.length > 0 || (asked !== undefined && by.has('arm')))
    throw new CommandFailed(
      `--tipping compares arms, or the levels of one factor; give one of ${[...(by.has('arm') ? ['arm'] : []), ...factors.map(([factor]) => factor)].join(', ')}`,
    );
  if (asked === undefined) {
    const set = (id: string) => new Set([token(id)]);
    return protocol.arms
      .filter(({ id }) => id !== control.id)
      .map(({ id }) => ({ arm: id, control: control.id, of: set(id), than: set(control.id) }));
  }
  const [factor, levels] = asked;
  const of = (level: string) =>
    new Set(protocol.arms.filter((arm) => arm.factors?.[factor] === level).map(({ id }) => token(id)));
  const reference = control.factors?.[factor];
  if (reference === undefined)
    throw new CommandFailed(
      `the control arm ${control.id} has no level of ${factor}, so there is nothing to compare with; declare it under its factors`,
    );
  return levels
    .filter((level) => level !== reference)
    .map((level) => ({
      arm: `${factor}=${level}`,
      control: `${factor}=${reference}`,
      of: of(level),
      than: of(reference),
    }));
}

/** Each arm's abstinence beside the control's, day by day, and how many of the missing could undo the lead. */
export async function ratesTipping(command: Command): Promise<void> {
  const options = command.optsWithGlobals<RatesOptions>();
  if (options.missing !== undefined)
    throw new CommandFailed(
      '--missing does not go with --tipping: it compares those observed, and says how many of the missing could undo it',
    );
  await withStore(command, 'read', async (store) => {
    const newest = chooseTrial(store, options.trial);
    const axis = chooseAxis(newest.protocol, options.axis);
    const asked = parseAxisDays(axis, options.day);
    const side = sideFor(newest.protocol, chooseAbstinence(newest.protocol, options.measure), true);
    const { trial, words, read: readSide } = await knownAt(store, newest, side, options);
    const { protocol } = trial;
    const by = parseBy(options.by, protocol);
    const measure = chooseAbstinence(protocol, options.measure);
    const windows = chooseWindows(measure, options.window);
    const { token } = armNames(store, trial);
    const pairs = pairsOf(protocol, by, token);
    const question = `rates --tipping --measure ${measure.id} --by ${[...by].join(',')}${words}`;
    const read = await talliesFor(store, trial, measure, true, question, readSide);
    const factors = factorsOf(protocol);
    const others = new Set([...by].filter((name) => name !== 'arm' && !factors.has(name)));
    const rows: Value[][] = [];
    for (const window of windows) {
      const days = curveDaysOf(read.tallies, measure, window, axis);
      const curve = (slice: Slice): (ComparedDay & { readonly day: number })[] => {
        const under = (policy: string) =>
          abstinenceCurve(read.tallies, { measure: measure.id, window, policy }, days, { ...slice, axis });
        const followed = under('worst-case');
        return under('observed-only').flatMap((observed, i) => {
          const everybody = followed[i];
          return everybody === undefined ? [] : [{ day: observed.day, observed, followed: everybody }];
        });
      };
      for (const { arm, control, of, than } of pairs) {
        for (const { site, group, slice } of partsOf(protocol, others, token, read.tallies)) {
          const controls = curve({ ...slice, arms: than });
          for (const [i, day] of curve({ ...slice, arms: of }).entries()) {
            const onDay = controls[i];
            if (onDay === undefined || (asked !== undefined && !asked.has(day.day))) continue;
            const compared = comparedAbstinence(day, onDay);
            rows.push([
              ...[protocol.trial, measure.id, window === 0 ? undefined : window, axis],
              ...[axis === 'study' ? day.day : dateOf(day.day), arm, control, site, group],
              ...[compared.rate, compared.controlRate, compared.difference, compared.lower, compared.upper],
              ...[compared.missing, compared.controlMissing, compared.tipping, 'newcombe'],
            ]);
          }
        }
      }
    }
    await printRows(tippingColumns, rows, options.format);
    console.error(watermarkLine(protocol, read));
    if (rows.length === 0 && axis === 'study')
      console.error(
        `${measure.id} has rates on study days ${Math.min(...windows.map((window) => firstDayOf(measure, window)))} to ${measure.horizon} only`,
      );
    noteThoseWithoutArm(read.tallies, measure);
  });
}
