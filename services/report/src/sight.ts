import { isSafetyMeasure } from '@holdfast/events';
import { isOpenMeasure } from '@holdfast/outcomes';
import { type ReportKind, type ReportSlot, templates } from '@holdfast/reports';
import { byArmVerdict, lookAtSealed, type PublishedTrial } from '@holdfast/trials';
import type { CutSide } from './cut-of-report.ts';
import { ReportRefused } from './report-refused.ts';
import type { ReportStore } from './report-store.ts';

export type AskedReport = {
  readonly kind: ReportKind;
  readonly site: string | undefined;
  /** Arms are dealt out for rehearsal, from this seed. */
  readonly dummySeed: string | undefined;
  /** Which slot of which schedule of the protocol it was due at, if it was. */
  readonly slot?: ReportSlot;
};

/** Which side of the blind a report stands on, and what of the trial it may not show. Plain data: a thread can be told it. */
export type Sight = {
  readonly side: CutSide;
  /** Of a double-blind trial, by its key: what is sealed is seen. */
  readonly unsealed: boolean;
  readonly conductByArm: boolean;
  readonly withheld: ReadonlyMap<string, string>;
};

/** Whether a report of a trial tells what blinded people may not know, and so needs the trial's key. */
export function isClosedReport(
  { blinding }: PublishedTrial['protocol'],
  { kind, dummySeed }: Pick<AskedReport, 'kind' | 'dummySeed'>,
): boolean {
  return blinding === 'double' && templates[kind].byArm && dummySeed === undefined;
}

export function sideOf(protocol: PublishedTrial['protocol'], asked: AskedReport): CutSide {
  if (asked.dummySeed !== undefined) return { is: 'dummy', seed: asked.dummySeed };
  return isClosedReport(protocol, asked) ? { is: 'closed' } : { is: 'open' };
}

/** What a report may show now, by the rules of looks at numbers by arm; or why nothing may be shown. */
async function visible(
  store: Pick<ReportStore, 'keys' | 'log' | 'trials'>,
  trial: PublishedTrial,
  asked: AskedReport,
): Promise<Sight> {
  const { protocol } = trial;
  const side = sideOf(protocol, asked);
  const open = (why: string): Sight => {
    const closed = protocol.measures.filter((measure) => !isOpenMeasure(measure, protocol));
    const withheld = new Map(protocol.blinding === 'open' ? [] : closed.map(({ id }) => [id, why]));
    return { side, unsealed: false, conductByArm: true, withheld };
  };
  if (side.is === 'dummy') return open('made of sealed events, which a rehearsal does not open.');
  if (side.is === 'open') return open('made of sealed events; they stand in the closed report.');
  const newest = store.trials.get(protocol.trial) ?? trial;
  const efficacy = await byArmVerdict(store, newest, 'efficacy');
  if (efficacy.allowed) return { side, unsealed: true, conductByArm: true, withheld: new Map() };
  const hasSafety = asked.kind === 'dsmb-closed' && protocol.measures.some(isSafetyMeasure);
  const safety = hasSafety ? await byArmVerdict(store, newest, 'safety') : efficacy;
  if (!safety.allowed) throw new ReportRefused(`${efficacy.reason} Rehearse the report on dummy arms: add --dummy.`);
  const others = protocol.measures.filter((measure) => !isSafetyMeasure(measure));
  const withheld = new Map(others.map(({ id }) => [id, efficacy.reason]));
  return { side, unsealed: true, conductByArm: false, withheld };
}

/** How much of the trial a report may show: another report where it may show more. */
export type Shown = Pick<Sight, 'conductByArm' | 'withheld'>;

/** What a report may show now, with these keys; refuses one of which nothing may be shown. */
export function shownNow(
  store: Pick<ReportStore, 'keys' | 'log' | 'trials'>,
  trial: PublishedTrial,
  asked: AskedReport,
): Promise<Shown> {
  return visible(store, trial, asked);
}

/**
 * What a report may show now, by the rules of looks at numbers by arm: with the key, on record, and while a double-blind trial runs
 * of safety alone. Refuses a report of which nothing may be shown.
 */
export async function lookFor(
  store: ReportStore,
  trial: PublishedTrial,
  asked: AskedReport,
  question: string,
): Promise<Sight> {
  const sight: Sight = await visible(store, trial, asked);
  if (sight.unsealed) await lookAtSealed(store, store.trials.get(trial.protocol.trial) ?? trial, question);
  return sight;
}
