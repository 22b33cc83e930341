import type { Problem } from '@holdfast/events';
import { withoutPart } from './event-data.ts';
import type { SourceLine } from './source-line.ts';
import type { Judge, TableEvent } from './table-event.ts';

export type RefusedLine = SourceLine & { readonly problems: readonly Problem[] };
/** What is left of a refused event, if anything, and the lines that were lost. */
export type Verdict<T> = {
  readonly accepted: { readonly value: T } | undefined;
  readonly refused: readonly RefusedLine[];
};

/**
 * Judges again an event that was refused, line by line: a problem exactly where one line supplied its part costs that line and part, and
 * the rest is judged without it; any other problem costs all lines that are left.
 */
export function judgedByParts<T>(
  event: TableEvent,
  trial: string,
  lines: readonly SourceLine[],
  problems: readonly Problem[],
  judge: Judge<T>,
): Verdict<T> {
  const refused: RefusedLine[] = [];
  let left = lines;
  let rest = event;
  let now = problems;
  for (;;) {
    const byPart = new Map<string, Problem[]>();
    for (const problem of now) {
      const part = left.find((line) => line.part !== undefined && problem.path === `data.${line.part}`)?.part;
      if (part !== undefined) byPart.set(part, [...(byPart.get(part) ?? []), problem]);
    }
    const lost = left.filter((line) => line.part !== undefined && byPart.has(line.part));
    if (lost.length === 0)
      return { accepted: undefined, refused: [...refused, ...left.map((line) => ({ ...line, problems: now }))] };
    refused.push(...lost.map((line) => ({ ...line, problems: byPart.get(line.part ?? '') ?? [] })));
    left = left.filter((line) => !lost.includes(line));
    if (left.length === 0) return { accepted: undefined, refused };
    rest = { ...rest, data: [...byPart.keys()].reduce<unknown>(withoutPart, rest.data) };
    const judged = judge(rest, trial);
    if (judged.ok) return { accepted: { value: judged.value }, refused };
    now = judged.problems;
  }
}
