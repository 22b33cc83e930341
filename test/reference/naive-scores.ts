import { civilDay, type DeclaredInstrument, instruments, type Landmark, type Protocol } from '@holdfast/events';
import type { NaiveFacts, NaiveTold, NaiveValue } from './naive-kinds.ts';
import { compareTexts, type Effective, type EffectiveOf } from './naive-replacing.ts';

// All days here are study days, unless a name says civil.

type Setting = {
  readonly protocol: Protocol;
  readonly observations: readonly Effective[];
  readonly dayZero: number;
  readonly asOf: number | undefined;
};

function ofType<T extends Effective['type']>(observations: readonly Effective[], type: T) {
  return observations.filter((one): one is Extract<Effective, { type: T }> => one.type === type);
}

/** Whether a study day is over on the date of the clock. */
function isOver({ dayZero, asOf }: Setting, day: number): boolean {
  return asOf !== undefined && dayZero + day < asOf;
}

function isBeforeTheEnd({ protocol, dayZero }: Setting, day: number): boolean {
  return protocol.administrativeEnd === undefined || dayZero + day <= civilDay(protocol.administrativeEnd);
}

/** `day` and the entry lag after it are over. */
function isEntered(setting: Setting, day: number): boolean {
  return isOver(setting, day + setting.protocol.entryLag);
}

/** The number of the dosing session of each study day with a dose: the greatest that its doses name, else counted by days. */
function sessionsByDay({ observations, dayZero }: Setting): Map<number, number> {
  const doses = ofType(observations, 'dose-given').filter((dose) => dose.day >= dayZero);
  const sessions = new Map<number, number>();
  const days = [...new Set(doses.map((dose) => dose.day - dayZero))].toSorted((a, b) => a - b);
  days.forEach((day, index) => {
    const named = doses
      .filter((dose) => dose.day - dayZero === day)
      .map((dose) => dose.data.session)
      .filter((session) => session !== undefined);
    sessions.set(day, named.length === 0 ? index + 1 : Math.max(...named));
  });
  return sessions;
}

type AfterDose = { readonly session: number; readonly hours: number };

/** Which of two that are equally good counts. */
function precedes(a: Effective, b: Effective): boolean {
  const order = compareTexts(b.id, a.id) || compareTexts(b.source, a.source) || compareTexts(b.sha256, a.sha256);
  return order < 0;
}

/**
 * What stands at a landmark: `not due`, `missing`, or one assessment. Those given can count at all; `plain` says which of them can be of a
 * visit or a day, and `after` which session and how many hours they were after.
 */
function standsAt<O extends Effective>(
  setting: Setting,
  landmark: Landmark,
  given: readonly O[],
  plain: (one: O) => boolean,
  after: (one: O) => AfterDose | undefined,
): O | 'missing' | 'not due' {
  const { protocol, dayZero } = setting;
  const day = (one: O) => one.day - dayZero;
  const known = given.filter((one) => isOver(setting, day(one)) && isBeforeTheEnd(setting, day(one)));

  if ('visit' in landmark) {
    const visit = protocol.visits.find(({ id }) => id === landmark.visit);
    if (visit === undefined || !isBeforeTheEnd(setting, visit.day)) return 'not due';
    if (!isEntered(setting, visit.day + visit.closes)) return 'not due';
    const named = known.filter(
      (one) => plain(one) && (one.data as { visit?: string | undefined }).visit === landmark.visit,
    );
    return only(named, (a, b) => (day(a) === day(b) ? precedes(a, b) : day(a) > day(b)));
  }

  if ('day' in landmark) {
    const { day: target, within } = landmark;
    if (!isBeforeTheEnd(setting, target) || !isEntered(setting, target + within)) return 'not due';
    // Outwards from the target, the earlier day of each pair first.
    for (let off = 0; off <= within; off++) {
      for (const on of [target - off, target + off]) {
        const that = only(
          known.filter((one) => plain(one) && day(one) === on),
          precedes,
        );
        if (that !== 'missing') return that;
      }
    }
    return 'missing';
  }

  const { hoursAfterDose, within } = landmark;
  const session = landmark.session ?? 1;
  const [dose] = [...sessionsByDay(setting)]
    .filter(([, number]) => number === session)
    .map(([on]) => on)
    .toSorted((a, b) => a - b);
  if (dose === undefined) return 'not due';
  let aimedAt = dose;
  for (let hours = hoursAfterDose; hours >= 24; hours -= 24) aimedAt++;
  let last = dose;
  for (let hours = hoursAfterDose + within; hours > 0; hours -= 24) last++;
  if (!isBeforeTheEnd(setting, aimedAt) || !isEntered(setting, last)) return 'not due';
  const near = known.filter((one) => {
    const found = after(one);
    return found?.session === session && Math.abs(found.hours - hoursAfterDose) <= within;
  });
  const off = (one: O) => Math.abs((after(one)?.hours ?? 0) - hoursAfterDose);
  const hours = (one: O) => after(one)?.hours ?? 0;
  return only(near, (a, b) => {
    if (off(a) !== off(b)) return off(a) < off(b);
    if (hours(a) !== hours(b)) return hours(a) < hours(b);
    if (day(a) !== day(b)) return day(a) < day(b);
    return precedes(a, b);
  });
}

/** The one that beats all others. */
function only<O>(all: readonly O[], beats: (a: O, b: O) => boolean): O | 'missing' {
  return all.find((one) => all.every((other) => other === one || beats(one, other))) ?? 'missing';
}

type Score = EffectiveOf<'scale-score'>;
type Told = NaiveTold<'scale'>;

function declaredOf({ protocol, measure }: Told): Partial<DeclaredInstrument> {
  const table = instruments.get(measure.instrument);
  const own = protocol.instruments?.find(({ id }) => id === measure.instrument);
  const items = table?.items !== undefined && 'count' in table.items ? table.items : undefined;
  return { ...table, items, ...own } as Partial<DeclaredInstrument>;
}

/** In thousandths. */
function pointsOf(told: Told, { data }: Score): number | undefined {
  const { measure } = told;
  if (measure.subscore !== undefined) {
    const found = Object.entries(data.subscores ?? {}).find(([name]) => name === measure.subscore);
    return found && Math.round(found[1] * 1000);
  }
  if (data.total !== undefined) return Math.round(data.total * 1000);
  const { total, items } = declaredOf(told);
  if (data.items === undefined || total === undefined || items === undefined) return undefined;
  if (total.low !== items.count * items.low || (items.count > 1 && total.high <= items.high)) return undefined;
  const each = Object.values(data.items);
  if (each.length !== items.count) return undefined;
  let points = 0;
  for (const item of each) points += Math.round(item * 1000);
  return points < total.low * 1000 || points > total.high * 1000 ? undefined : points;
}

export function naiveScale(told: Told): NaiveFacts {
  const { measure, observations, dayZero } = told;
  const { response, remission, higher } = declaredOf(told);
  const scores = ofType(observations, 'scale-score').filter((one) => {
    const points = pointsOf(told, one);
    return one.data.instrument === measure.instrument && points !== undefined && Math.abs(points) <= 1e9;
  });
  const plain = (one: Score) => one.data.hoursAfterDose === undefined;
  const sessions = [...sessionsByDay(told)].toSorted(([a], [b]) => b - a);
  const after = (one: Score): AfterDose | undefined => {
    const hours = one.data.hoursAfterDose;
    if (hours === undefined) return undefined;
    const off = (day: number) => Math.abs((one.day - dayZero - day) * 24 - hours);
    const agreeing = sessions.filter(([day]) => day <= one.day - dayZero && off(day) <= 24);
    // The latest day comes first.
    const best = agreeing.find(([day]) => agreeing.every(([other]) => off(day) <= off(other)));
    return best && { session: best[1], hours };
  };
  const pointsAt = (landmark: Landmark): number | 'missing' | 'not due' => {
    const found = standsAt(told, landmark, scores, plain, after);
    return typeof found === 'string' ? found : (pointsOf(told, found) ?? 'missing');
  };
  const upToDayZero = (): number | 'missing' | 'not due' => {
    if (!isBeforeTheEnd(told, 0) || !isEntered(told, 0)) return 'not due';
    const last = only(
      scores.filter((one) => plain(one) && one.day <= dayZero),
      (a, b) => (a.day === b.day ? precedes(a, b) : a.day > b.day),
    );
    return last === 'missing' ? last : (pointsOf(told, last) ?? 'missing');
  };
  const baseline = measure.baseline === undefined ? upToDayZero() : pointsAt(measure.baseline);

  const values: NaiveValue[] = [];
  for (const landmark of measure.at) {
    const points = pointsAt(landmark);
    if (points === 'not due') continue;
    const put = (kind: string, value: number, of: number) =>
      values.push({ kind, item: nameOf(landmark), policy: '', value, of });
    put('due', 1, 1);
    if (points === 'missing') continue;
    put('score', points, 1000);
    if (typeof baseline === 'number') put('change', points - baseline, 1000);
    if (measure.subscore !== undefined) continue;
    if (response !== undefined && typeof baseline === 'number' && baseline > 0) {
      // Among the hundredths of this reference's shares no rounding can decide.
      const share = Math.round(response.fall * 100);
      const limit = higher === 'better' ? baseline * (100 + share) : baseline * (100 - share);
      put('response', (higher === 'better' ? points * 100 >= limit : points * 100 <= limit) ? 1 : 0, 1);
    }
    if (remission !== undefined) put('remission', points > remission.atMost * 1000 ? 0 : 1, 1);
  }
  return { values };
}

function nameOf(landmark: Landmark): string {
  if ('visit' in landmark) return landmark.visit;
  if ('day' in landmark) return `day-${landmark.day}`;
  return `${landmark.hoursAfterDose}h${landmark.session === undefined ? '' : `-session-${landmark.session}`}`;
}

export function naiveChoices(told: NaiveTold<'choices'>): NaiveFacts {
  const { measure, observations, dayZero } = told;
  const tasks = ofType(observations, 'choice-task').filter((one) => one.data.substance === measure.substance);
  const sessions = sessionsByDay(told);
  const after = (one: EffectiveOf<'choice-task'>): AfterDose | undefined => {
    // Back from the day of the task to the last day with a dose.
    let hours = 0;
    for (let day = one.day - dayZero; day >= 0; day--) {
      const session = sessions.get(day);
      if (session !== undefined) return { session, hours };
      hours += 24;
    }
    return undefined;
  };
  const values: NaiveValue[] = [];
  for (const landmark of measure.at) {
    const found = standsAt(told, landmark, tasks, () => true, after);
    if (found === 'not due') continue;
    const head = { item: nameOf(landmark), policy: '' };
    values.push({ ...head, kind: 'due', value: 1, of: 1 });
    if (found !== 'missing') values.push({ ...head, kind: 'chosen', value: found.data.chosen, of: found.data.offered });
  }
  return { values };
}
