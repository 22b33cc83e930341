import type { Measure, Protocol } from '@holdfast/events';
import { maturityCurve, type Slice, type Tallies } from '@holdfast/tallies';
import { CommandFailed } from './command-failed.ts';

/** An arm and a site as they are shown, with the slice of the tallies that they name. */
export type Part = { readonly arm: string | undefined; readonly site: string | undefined; readonly slice: Slice };

/** What `--by` splits by. */
export function parseBy(by: string | undefined): ReadonlySet<string> {
  const names = (by ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = names.find((name) => !['arm', 'site'].includes(name));
  if (unknown !== undefined) throw new CommandFailed(`--by ${unknown} is not known; use arm, site or both (arm,site)`);
  return new Set(names);
}

/** The study days that `--day` names; undefined if it names none. */
export function parseDays(text: string | undefined): ReadonlySet<number> | undefined {
  if (text === undefined) return undefined;
  return new Set(
    text.split(',').map((part) => {
      const day = Number(part);
      if (part.trim() === '' || !Number.isInteger(day) || day < 0)
        throw new CommandFailed(`--day ${part} is no study day; give whole numbers such as 28,84`);
      return day;
    }),
  );
}

/** The parts of a trial that a question splits it into: in the protocol's order, those that nobody is in included. */
export function partsOf(protocol: Protocol, by: ReadonlySet<string>, token: (arm: string) => string): Part[] {
  const arms = by.has('arm') ? protocol.arms.map(({ id }) => id) : [undefined];
  const sites = by.has('site') ? protocol.sites : [undefined];
  return arms.flatMap((arm) =>
    sites.map((site) => ({ arm, site, slice: { arm: arm === undefined ? undefined : token(arm), site } })),
  );
}

/** Without an arm a participant counts only where all arms are taken together; who reads the arms is told. */
export function noteThoseWithoutArm(tallies: Tallies, measure: Measure): void {
  const curve = maturityCurve(tallies, { measure: measure.id, horizon: 0 }, { arm: '', site: undefined });
  const without = curve[0]?.randomised ?? 0;
  if (without > 0) console.error(`${without} randomised without a known arm are in none of these rows`);
}
