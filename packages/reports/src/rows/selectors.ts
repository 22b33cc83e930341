import type { Protocol } from '@holdfast/events';
import { notKnown } from '@holdfast/outcomes';
import { everybody, groupsIn, inSlice, type Slice, type Tallies } from '@holdfast/tallies';
import { QuestionRefused } from './question-refused.ts';

/** An arm, a site and a group as they are shown, with the slice of the tallies that they name. */
export type Part = {
  readonly arm: string | undefined;
  readonly site: string | undefined;
  readonly group: string | undefined;
  readonly slice: Slice;
};

/** What `--by` splits by: arm, site, period, a group or a factor by its name; `group` stands for every group, one after the other. */
export type By = ReadonlySet<string>;

/** The factors that a trial's arms have, each with its levels in order of the arms. */
export function factorsOf({ arms }: Protocol): ReadonlyMap<string, readonly string[]> {
  const factors = new Map<string, string[]>();
  for (const arm of arms) {
    for (const [factor, level] of Object.entries(arm.factors ?? {})) {
      const levels = factors.get(factor) ?? [];
      factors.set(factor, levels);
      if (!levels.includes(level)) levels.push(level);
    }
  }
  return factors;
}

/** The arm that others are compared with; refused where the protocol does not name exactly one. */
export function controlArm({ trial, arms }: Protocol): Protocol['arms'][number] {
  const [control, ...more] = arms.filter((arm) => arm.control === true);
  if (control === undefined)
    throw new QuestionRefused(
      `${trial} names no control arm, so there is nothing to compare with; declare \`control: true\` of one of its arms`,
    );
  if (more.length > 0)
    throw new QuestionRefused(
      `${trial} names several control arms (${[control, ...more].map(({ id }) => id).join(', ')}); leave \`control: true\` with one of them`,
    );
  return control;
}

/** What `--by` may name in a trial. */
function partNames(protocol: Protocol): readonly string[] {
  const groups = protocol.groups.map(({ id }) => id);
  return [
    'arm',
    'site',
    ...(groups.length === 0 ? [] : ['group', ...groups]),
    ...(protocol.periods === undefined ? [] : ['period']),
    ...factorsOf(protocol).keys(),
  ];
}

export function parseBy(by: string | undefined, protocol: Protocol): By {
  const names = (by ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const known = partNames(protocol);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new QuestionRefused(
      `--by ${unknown} is not known in ${protocol.trial}; use ${known.join(', ')}, or several of them (arm,site)`,
    );
  return new Set(names);
}

/** Whether a split tells arms, or what arms are made of, apart. */
export function tellsArms(by: By, protocol: Protocol): boolean {
  return by.has('arm') || [...factorsOf(protocol).keys()].some((factor) => by.has(factor));
}

/** The study days that `--day` names; undefined if it names none. */
export function parseDays(text: string | undefined): ReadonlySet<number> | undefined {
  if (text === undefined) return undefined;
  return new Set(
    text.split(',').map((part) => {
      const day = Number(part);
      if (part.trim() === '' || !Number.isInteger(day) || day < 0)
        throw new QuestionRefused(`--day ${part} is no study day; give whole numbers such as 28,84`);
      return day;
    }),
  );
}

/** The members of a group: those that the protocol names in its order, then those that only the tallies show. */
function membersOf(protocol: Protocol, name: string, tallies: Tallies): readonly string[] {
  const group = protocol.groups.find(({ id }) => id === name);
  const declared =
    name === 'period'
      ? (protocol.periods ?? []).map(({ id }) => id)
      : group?.by === 'stratum'
        ? protocol.strata
        : (group?.bands ?? []).map(({ label }) => label);
  const seen = new Set<string>();
  for (const { cell } of tallies.values()) {
    const member = groupsIn(cell.group)[name];
    if (member !== undefined && inSlice(cell, everybody)) seen.add(member);
  }
  const others = [...seen].filter((member) => !declared.includes(member) && member !== notKnown).sort();
  return [...declared, ...others, ...(seen.has(notKnown) ? [notKnown] : [])];
}

const together = (a: ReadonlySet<string> | undefined, b: ReadonlySet<string>) =>
  a === undefined ? b : new Set([...a].filter((arm) => b.has(arm)));

/** The parts of a trial that a question splits it into: in the protocol's order, those that nobody is in included. */
export function partsOf(protocol: Protocol, by: By, token: (arm: string) => string, tallies: Tallies): Part[] {
  if (by.has('group')) {
    const others = [...by].filter((name) => name !== 'group');
    return protocol.groups.flatMap(({ id }) => partsOf(protocol, new Set([...others, id]), token, tallies));
  }
  let parts: Part[] = [{ arm: undefined, site: undefined, group: undefined, slice: everybody }];
  const split = <T>(members: readonly T[], narrowed: (part: Part, member: T) => Part) => {
    parts = parts.flatMap((part) => members.map((member) => narrowed(part, member)));
  };
  const named = ({ group }: Part, name: string, member: string) =>
    `${group === undefined ? '' : `${group}; `}${name}=${member}`;
  if (by.has('arm')) {
    split(protocol.arms, (part, { id }) => ({
      ...part,
      arm: id,
      slice: { ...part.slice, arms: new Set([token(id)]) },
    }));
  }
  if (by.has('site')) split(protocol.sites, (part, site) => ({ ...part, site, slice: { ...part.slice, site } }));
  for (const [factor, levels] of factorsOf(protocol)) {
    if (!by.has(factor)) continue;
    split(levels, (part, level) => {
      const arms = new Set(protocol.arms.filter((arm) => arm.factors?.[factor] === level).map(({ id }) => token(id)));
      return {
        ...part,
        group: named(part, factor, level),
        slice: { ...part.slice, arms: together(part.slice.arms, arms) },
      };
    });
  }
  for (const name of [...protocol.groups.map(({ id }) => id), 'period']) {
    if (!by.has(name)) continue;
    split(membersOf(protocol, name, tallies), (part, member) => ({
      ...part,
      group: named(part, name, member === '' ? 'none' : member),
      slice: { ...part.slice, groups: { ...part.slice.groups, [name]: member } },
    }));
  }
  // Of an arm and a level that it does not have nobody can be a member.
  return parts.filter(({ slice }) => slice.arms === undefined || slice.arms.size > 0);
}
