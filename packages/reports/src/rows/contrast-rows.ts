import { isAbstinenceMeasure, isValueMeasure, type Measure, type Protocol } from '@holdfast/events';
import {
  abstinenceCurve,
  type Contrast,
  distribution,
  type FactorialCell,
  factorialContrasts,
  type Slice,
  type Tallies,
} from '@holdfast/tallies';
import { QuestionRefused } from './question-refused.ts';
import { choosePolicies, chooseWindows, firstDayOf } from './rate-selectors.ts';
import { type By, controlArm, factorsOf, parseDays, partsOf } from './selectors.ts';
import { type AskedValues, refuseUnknown, shownValues } from './shown-values.ts';
import type { Value } from './value.ts';

export const contrastColumns = [
  'trial',
  'measure',
  'kind',
  'item',
  'window_days',
  'missing',
  'day',
  'site',
  'group',
  'contrast',
  'factor',
  'level',
  'reference',
  'given',
  'n',
  'value',
  'lower',
  'upper',
  'method',
] as const;

/** What of a measure is compared: of abstinence days and window, of values the item; as they are written on the command line. */
export type AskedContrasts = AskedValues & { readonly window?: string; readonly day?: string };

/** A factor of two levels: the one that is compared, and the control arm's. */
type Factor = { readonly name: string; readonly level: string; readonly reference: string };

/** The two factors of a 2 × 2 trial; refused of any other. */
export function twoFactors(protocol: Protocol): readonly [Factor, Factor] {
  const factors = [...factorsOf(protocol)];
  const combinations = new Set(
    protocol.arms.map((arm) => JSON.stringify(factors.map(([name]) => arm.factors?.[name] ?? null))),
  );
  const [first, second, ...more] = factors;
  const isTwoByTwo =
    first !== undefined &&
    second !== undefined &&
    more.length === 0 &&
    factors.every(([, levels]) => levels.length === 2) &&
    protocol.arms.length === 4 &&
    combinations.size === 4 &&
    protocol.arms.every((arm) => factors.every(([name]) => arm.factors?.[name] !== undefined));
  if (!isTwoByTwo)
    throw new QuestionRefused(
      `${protocol.trial} is no 2 × 2 trial: contrasts need four arms, one for each combination of two factors of two levels (declare \`factors\` of its arms); compare its arms by \`holdfast rates --tipping\``,
    );
  const control = controlArm(protocol);
  const factorOf = ([name, levels]: readonly [string, readonly string[]]): Factor => {
    const reference = control.factors?.[name] ?? '';
    return { name, reference, level: levels.find((level) => level !== reference) ?? '' };
  };
  return [factorOf(first), factorOf(second)];
}

/** What a contrast is, in the columns contrast, factor, level, reference and given, with its numbers. */
type Named = { readonly what: readonly (string | undefined)[]; readonly contrast: Contrast };

/** Cells, margins and effects, in this order, under the names of the trial. */
function namedContrasts(
  [first, second]: readonly [Factor, Factor],
  cellOf: (levels: Readonly<Record<string, string>>) => FactorialCell,
): Named[] {
  const at = (a: string, b: string) => cellOf({ [first.name]: a, [second.name]: b });
  const of = factorialContrasts({
    neither: at(first.reference, second.reference),
    onlyFirst: at(first.level, second.reference),
    onlySecond: at(first.reference, second.level),
    both: at(first.level, second.level),
  });
  const is = ({ name }: Factor, level: string) => `${name}=${level}`;
  const cell = (a: string, b: string, contrast: Contrast): Named => ({
    what: ['cell', undefined, undefined, undefined, `${is(first, a)}; ${is(second, b)}`],
    contrast,
  });
  const margin = ({ name }: Factor, level: string, contrast: Contrast): Named => ({
    what: ['margin', name, level, undefined, undefined],
    contrast,
  });
  const effect = (
    name: string,
    { name: factor, level, reference }: Factor,
    given: string | undefined,
    contrast: Contrast,
  ) => ({
    what: [name, factor, level, reference, given],
    contrast,
  });
  return [
    cell(first.reference, second.reference, of.cells.neither),
    cell(first.level, second.reference, of.cells.onlyFirst),
    cell(first.reference, second.level, of.cells.onlySecond),
    cell(first.level, second.level, of.cells.both),
    margin(first, first.reference, of.margins.first.without),
    margin(first, first.level, of.margins.first.with),
    margin(second, second.reference, of.margins.second.without),
    margin(second, second.level, of.margins.second.with),
    effect('simple', first, is(second, second.reference), of.first.without),
    effect('simple', first, is(second, second.level), of.first.with),
    effect('simple', second, is(first, first.reference), of.second.without),
    effect('simple', second, is(first, first.level), of.second.with),
    effect('main', first, undefined, of.first.main),
    effect('main', second, undefined, of.second.main),
    {
      what: ['interaction', `${first.name} × ${second.name}`, undefined, undefined, undefined],
      contrast: of.interaction,
    },
  ];
}

/** What is compared: of a window, policy and day of abstinence, or of a value. */
type Compared = {
  /** kind, item, window_days, missing, day */
  readonly key: readonly Value[];
  cellIn(slice: Slice): FactorialCell;
};

function comparedOf(protocol: Protocol, measure: Measure, tallies: Tallies, options: AskedContrasts): Compared[] {
  if (isValueMeasure(measure)) {
    if (options.day !== undefined || options.window !== undefined)
      throw new QuestionRefused(
        `${measure.id} gives values, not rates by day: leave --day and --window out, and choose by --item`,
      );
    refuseUnknown(tallies, protocol, measure, options);
    return shownValues(tallies, protocol, measure, options).map(({ kind, item, policy, yesOrNo }) => ({
      key: [kind, item, undefined, policy, undefined],
      cellIn: (slice) => {
        const valued = distribution(tallies, { measure: measure.id, kind, item, policy }, slice);
        if (!yesOrNo) return { valued };
        const count = (value: number) => valued.reduce((sum, one) => sum + (one.value === value ? one.count : 0), 0);
        return { events: count(1), n: count(0) + count(1) };
      },
    }));
  }
  if (!isAbstinenceMeasure(measure))
    throw new QuestionRefused(
      `${measure.id} is a first event (kind: ${measure.kind}), and contrasts are of shares and means; ask \`holdfast survival --measure ${measure.id} --by arm\``,
    );
  const days = parseDays(options.day);
  if (days === undefined)
    throw new QuestionRefused(`contrasts of ${measure.id} are of single study days; name them: --day 84`);
  if (options.item !== undefined) throw new QuestionRefused(`${measure.id} has no items; leave --item out`);
  const { id, horizon } = measure;
  return chooseWindows(measure, options.window).flatMap((window) =>
    choosePolicies(measure, options.missing).flatMap((policy = '') =>
      [...days]
        .filter((day) => day >= firstDayOf(measure, window) && day <= horizon)
        .map((day) => ({
          key: ['abstinent', undefined, window === 0 ? undefined : window, policy, day],
          cellIn: (slice: Slice) => {
            const question = { measure: id, window, policy };
            const [on] = abstinenceCurve(tallies, question, { from: day, to: day }, slice);
            return { events: on?.abstinent ?? 0, n: on?.assessable ?? 0 };
          },
        })),
    ),
  );
}

/** Cells, margins and effects of a 2 × 2 trial, a row each, under `contrastColumns`. */
export function contrastRows(
  protocol: Protocol,
  measure: Measure,
  tallies: Tallies,
  asked: AskedContrasts & { readonly by: By; readonly token: (arm: string) => string },
): Value[][] {
  const factors = twoFactors(protocol);
  const { by, token } = asked;
  const armsOf = (levels: Readonly<Record<string, string>>) =>
    new Set(
      protocol.arms
        .filter((arm) => Object.entries(levels).every(([factor, level]) => arm.factors?.[factor] === level))
        .map(({ id }) => token(id)),
    );
  const compared = comparedOf(protocol, measure, tallies, asked);
  const parts = partsOf(protocol, by, token, tallies);
  return compared.flatMap(({ key, cellIn }) =>
    parts.flatMap(({ site, group, slice }) =>
      namedContrasts(factors, (levels) => cellIn({ ...slice, arms: armsOf(levels) })).map(
        ({ what, contrast: { n, value, lower, upper, method } }): Value[] => [
          ...[protocol.trial, measure.id, ...key, site, group, ...what],
          ...[n, value, lower, upper, method],
        ],
      ),
    ),
  );
}
