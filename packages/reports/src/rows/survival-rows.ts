import { type FirstEventMeasure, isFirstEventMeasure, type Protocol } from '@holdfast/events';
import { survivalCurve, type Tallies } from '@holdfast/tallies';
import { chooseMeasure } from './choose-measure.ts';
import { QuestionRefused } from './question-refused.ts';
import { type By, partsOf } from './selectors.ts';
import type { Value } from './value.ts';

export const survivalColumns = [
  'trial',
  'measure',
  'arm',
  'site',
  'group',
  'day',
  'at_risk',
  'events',
  'competing',
  'censored',
  'survival',
  'incidence',
  'lower',
  'upper',
  'method',
] as const;

/** The first event that a question is about: the named one, or the only one there is. */
export function chooseFirstEvent(protocol: Protocol, name: string | undefined): FirstEventMeasure {
  const measures = protocol.measures.filter(isFirstEventMeasure);
  const names = measures.map(({ id }) => id).join(', ');
  if (measures.length === 0)
    throw new QuestionRefused(
      `${protocol.trial} declares no first event (kind: first-use, lapse, relapse or retention), and survival is of nothing else`,
    );
  const measure = chooseMeasure(name === undefined ? { ...protocol, measures } : protocol, name);
  if (!isFirstEventMeasure(measure))
    throw new QuestionRefused(`${measure.id} is no first event, and survival is of nothing else; use ${names}`);
  return measure;
}

/** What of a first event is asked; `days` undefined: day 0 and each day on which anybody's time ended. */
export type AskedSurvival = {
  readonly by: By;
  readonly token: (arm: string) => string;
  readonly days: ReadonlySet<number> | undefined;
};

/** A row for each part of the trial and day, under `survivalColumns`. */
export function survivalRows(
  protocol: Protocol,
  { id, horizon }: FirstEventMeasure,
  tallies: Tallies,
  { by, token, days }: AskedSurvival,
): Value[][] {
  const asked = days && new Set([...days].filter((day) => day <= horizon));
  return partsOf(protocol, by, token, tallies).flatMap(({ arm, site, group, slice }) =>
    survivalCurve(tallies, id, slice, asked).map((on): Value[] => [
      ...[protocol.trial, id, arm, site, group, on.day],
      ...[on.atRisk, on.events, on.competing, on.censored],
      ...[on.survival, on.incidence, on.lower, on.upper, 'kaplan-meier'],
    ]),
  );
}
