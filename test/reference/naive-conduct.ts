import { civilDay } from '@holdfast/events';
import type { NaiveFacts, NaiveTold, NaiveValue } from './naive-kinds.ts';

function fact(kind: string, item: string, value: number, of = 1): NaiveValue {
  return { kind, item, policy: '', value, of };
}

export function naiveVisits({ protocol, measure, observations, dayZero, asOf }: NaiveTold<'visits'>): NaiveFacts {
  if (asOf === undefined) return { values: [] };
  const adminEnd = protocol.administrativeEnd === undefined ? undefined : civilDay(protocol.administrativeEnd);
  const leavings = observations.filter(({ type }) => type === 'participant-left').map(({ day }) => day);
  const values: NaiveValue[] = [];
  let due = 0;
  let keptOfThem = 0;
  for (const visit of protocol.visits) {
    const target = dayZero + visit.day;
    if (visit.day > measure.horizon || (adminEnd !== undefined && target > adminEnd)) continue;
    if (asOf <= target + visit.closes + protocol.entryLag) continue;
    const came: number[] = [];
    for (const observation of observations) {
      if (observation.type !== 'visit-attended' || observation.data.visit !== visit.id) continue;
      if (observation.day >= asOf || (adminEnd !== undefined && observation.day > adminEnd)) continue;
      came.push(observation.day);
    }
    if (came.length === 0 && leavings.some((day) => day < target)) continue;
    due++;
    values.push(fact('due', visit.id, 1), fact('kept', visit.id, came.length === 0 ? 0 : 1));
    if (came.length === 0) continue;
    keptOfThem++;
    let inTime = false;
    for (let day = target - visit.opens; day <= target + visit.closes; day++) if (came.includes(day)) inTime = true;
    values.push(fact('late', visit.id, inTime ? 0 : 1));
  }
  if (due > 0) values.push(fact('due', '', 1), fact('kept', '', keptOfThem, due));
  return { values };
}

export function naiveExposure({ protocol, measure, observations, dayZero, asOf }: NaiveTold<'exposure'>): NaiveFacts {
  const adminEnd = protocol.administrativeEnd === undefined ? undefined : civilDay(protocol.administrativeEnd);
  let days = 0;
  let sessions = 0;
  let mg: number | undefined = 0;
  let mgPerKg: number | undefined = 0;
  let stopped = 0;
  let therapies = 0;
  let minutes = 0;
  for (let day = dayZero; day <= dayZero + measure.horizon; day++) {
    if (asOf === undefined || day >= asOf || (adminEnd !== undefined && day > adminEnd)) continue;
    days++;
    for (const one of observations) {
      if (one.day !== day) continue;
      if (one.type === 'dose-given' && (measure.drug === undefined || measure.drug === one.data.drug)) {
        const { given } = one.data;
        sessions++;
        mg = mg === undefined || given.mg === undefined ? undefined : mg + Math.round(given.mg * 1000);
        mgPerKg =
          mgPerKg === undefined || given.mgPerKg === undefined ? undefined : mgPerKg + Math.round(given.mgPerKg * 1000);
        if (one.data.stoppedEarly === true) stopped++;
      }
      if (one.type === 'therapy-session' && one.data.minutes > 0) {
        therapies++;
        minutes += Math.round(one.data.minutes * 1000);
      }
    }
  }
  if (days === 0) return { values: [] };
  return {
    values: [
      fact('due', '', 1),
      fact('sessions', '', sessions),
      ...(mg === undefined ? [] : [fact('mg', '', mg, 1000)]),
      ...(mgPerKg === undefined ? [] : [fact('mg-per-kg', '', mgPerKg, 1000)]),
      fact('stopped-early', '', stopped),
      fact('therapy-sessions', '', therapies),
      fact('therapy-minutes', '', minutes, 1000),
    ],
  };
}
