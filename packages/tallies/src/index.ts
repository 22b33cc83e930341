export { type Cell, type CellTally, cellKey, type TallyKind } from './cell.ts';
export {
  type AbstinenceDay,
  abstinenceCurve,
  type FirstUseDay,
  firstUseCurve,
  isFinal,
  maturityCurve,
  type Slice,
} from './curves.ts';
export {
  type Generation,
  isNewer,
  type ShardGenerations,
  standingGeneration,
  takeInto,
  viewsOf,
} from './generations.ts';
export { abstinenceRate, firstUseRate, type Rate } from './rates.ts';
export { type ShardView, takeIn, unseenShard } from './shard-view.ts';
export { survivalCurve } from './survival.ts';
export { addUp, cellsOf, noTallies, type Tallies } from './tallies.ts';
export {
  type Claim,
  type Difference,
  decodeTallyRecord,
  encodeTallyRecord,
  inParts,
  type Position,
  type TallyRecord,
} from './tally-record.ts';
