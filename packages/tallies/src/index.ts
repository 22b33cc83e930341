export { type Cell, type CellTally, cellKey, type EndKind, groupsIn, groupsText, type MarkKind } from './cell.ts';
export { type ComparedAbstinence, type ComparedDay, comparedAbstinence } from './compared-abstinence.ts';
export {
  type AbstinenceDay,
  type AbstinenceQuestion,
  abstinenceCurve,
  type CurveDays,
  calendarDays,
  type EventsDay,
  eventsCurve,
  everybody,
  inSlice,
  isFinal,
  maturityCurve,
  randomisedIn,
  type Slice,
} from './curves.ts';
export { distribution, type ValueQuestion, valuesOf } from './distribution.ts';
export {
  type Contrast,
  type FactorialCell,
  type FactorialContrasts,
  factorialContrasts,
  levelOf,
  simpleEffect,
} from './factorial-contrasts.ts';
export {
  type Generation,
  isNewer,
  type ShardGenerations,
  standingGeneration,
  takeInto,
  viewsOf,
} from './generations.ts';
export { abstinenceRate, eventRate, type Rate } from './rates.ts';
export { type ShardView, takeIn, unseenShard } from './shard-view.ts';
export { survivalCurve } from './survival.ts';
export { addUp, cellsOf, noTallies, type Tallies, totalOf } from './tallies.ts';
export {
  type Claim,
  type Difference,
  decodeTallyRecord,
  encodeTallyRecord,
  inParts,
  type Position,
  type TallyRecord,
} from './tally-record.ts';
export { type ValueSummary, valueSummary } from './value-summary.ts';
