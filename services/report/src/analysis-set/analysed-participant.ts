import type { AmendedProtocol, CivilDay } from '@holdfast/events';
import {
  type Effective,
  type FirstEvent,
  fold,
  foldOpen,
  type History,
  isOpenMeasure,
  type OpenFacts,
  type Spell,
  settleOpen,
  settleSealed,
  type ValueFact,
} from '@holdfast/outcomes';
import type { FlowOfOne } from '@holdfast/reports';

/** A participant as the analysis set has them: what the fold says, and the settled events that it says it of. */
export type AnalysedParticipant = {
  readonly participant: string;
  readonly flow: FlowOfOne;
  readonly standing: Pick<OpenFacts, 'dayZero' | 'site' | 'groups'>;
  readonly arm: string | undefined;
  readonly actualArm: string | undefined;
  readonly spells: readonly Spell[];
  readonly firstEvents: readonly FirstEvent[];
  readonly values: readonly ValueFact[];
  /** What counts of the open events, and of all that may be seen. */
  readonly settled: ReturnType<typeof settleOpen>;
  readonly observations: readonly Effective[];
};

/** Folds a participant; `withArms`: the sealed events too, with what rests on them. */
export function analysed(
  protocol: AmendedProtocol,
  history: History,
  flow: FlowOfOne,
  clock: CivilDay | undefined,
  withArms: boolean,
): AnalysedParticipant {
  const { participant } = history;
  const settled = settleOpen(history);
  if (!withArms) {
    const open = foldOpen(protocol, participant, history.open, clock);
    const { spells, firstEvents, values } = open;
    const whose = { participant, standing: open, arm: undefined, actualArm: undefined };
    return { ...whose, flow: openFlow(flow), spells, firstEvents, values, settled, observations: settled.observations };
  }
  const { open, closed } = fold(protocol, history, clock);
  return {
    ...{ participant, flow, standing: open, arm: closed.arm, actualArm: closed.actualArm },
    spells: [...open.spells, ...closed.spells],
    firstEvents: [...open.firstEvents, ...closed.firstEvents],
    values: [...open.values, ...closed.values],
    settled,
    observations: [...settled.observations, ...settleSealed(history, settled).observations],
  };
}

/** How far somebody went, as far as open events tell it. */
const openFlow = (flow: FlowOfOne): FlowOfOne => ({ ...flow, arm: undefined, isDosed: undefined });

/** The measures that an analysis set may have. */
export const measuresOf = (protocol: AmendedProtocol, withArms: boolean) =>
  protocol.measures.filter((measure) => withArms || isOpenMeasure(measure, protocol));
